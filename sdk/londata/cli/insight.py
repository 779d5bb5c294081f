"""``londata insight``: publish a notebook as an app, and look after what is published."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from londata.commandline import add_actions

#: Field of the record → what its option says.
_FIELDS = {
    "public-benefit": "for whom it is good, in a sentence",
    "friction": "which difficulty with data was overcome",
    "method": "how its numbers were made",
    "limits": "what it does not show",
    "summary": "what it is, in a sentence",
}
_WHO = "public, hub, org-camden, person:ada, group:analysts or project:school-places"
#: Threshold → how a number of it is read, and what it says.
_THRESHOLDS: dict[str, tuple[Callable[[str], float], str]] = {
    "minimum": (int, "fewest people behind a count that is shown"),
    "base": (int, "what counts are rounded to: 5 or a multiple of it"),
    "dominance-n": (int, "of how many contributors together a sum is looked at"),
    "dominance-percent": (float, "most that they may give of a sum, in per cent"),
    "p-percent": (float, "how near one contributor may come to what another gave, in per cent"),
}
_STATES = ("submitted", "reviewed", "approved", "released", "returned", "withdrawn")


#: What is done with one insight.
_ON_ONE = {
    "show": "Show an insight: its state, its audience, where it opens",
    "versions": "List the versions of an insight",
    "withdraw": "Withdraw an insight of yours for good",
    "pause": "Shut an insight of yours for now",
    "resume": "Open a paused insight again",
    "roll-back": "Let an earlier version be the current one again",
    "forget": "Remove the files of an old version of yours, to make room",
    "audience": "Change who may open an insight of yours",
    "tighten": "Hide more numbers of an insight of yours; thresholds are never loosened",
    "workings": "Show those who check a release the numbers behind its tables",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_publish(actions.add_parser("publish", help="Publish a notebook: it is checked, and served as an app"))
    actions.add_parser("list", help="List what was published and is there for you")
    found = add_actions(actions, _ON_ONE, "insight", "its slug, as the list shows it")
    for name in ("withdraw", "pause"):
        found[name].add_argument("--reason", required=True, help="why, in a sentence that viewers read")
    for name in ("roll-back", "forget"):
        found[name].add_argument("version", type=int, help="its number, as `versions` shows it")
    found["audience"].add_argument("who", nargs="*", help=f"{_WHO}; yourself, where nobody else may")
    for name, (number, text) in _THRESHOLDS.items():
        found["tighten"].add_argument(f"--{name}", type=number, metavar="N", help=text)
    text = "of which version (default: the newest that has a release)"
    found["workings"].add_argument("--version", type=int, help=text)
    impact = actions.add_parser("impact", help="List the insights that rest on a dataset")
    impact.add_argument("dataset", help="its slug")
    _configure_release(actions.add_parser("release", help="Ask for a release, move one on, or list them"))


def _configure_publish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("notebook", help="the notebook; it is not changed")
    parser.add_argument("--title", required=True, help="what it is called")
    parser.add_argument(
        "--audience",
        action="append",
        metavar="WHO",
        help=f"who may open it: {_WHO}; may be given several times (default: who may already; at first yourself, or "
        "the members of its project)",
    )
    parser.add_argument("--slug", help="its name in the register (default: made of the title)")
    parser.add_argument(
        "--file", action="append", default=[], dest="files", help="a file that goes along; may be given several times"
    )
    parser.add_argument("--project", help="for which project it reads (default: that of this session)")
    for name, text in _FIELDS.items():
        parser.add_argument(f"--{name}", default="", help=text)
    parser.add_argument("--licence", default="not stated", help="the id of a licence, as ogl-3 (default: not stated)")
    parser.add_argument("--tag", action="append", default=[], dest="tags", help="a word by which it is found")
    parser.add_argument("--form", choices=["app", "report", "model", "visualisation"], default="app", help="what it is")
    parser.add_argument(
        "--start", choices=["shared", "fresh"], default="shared", help="whether viewers begin from one run"
    )
    parser.add_argument(
        "--model", metavar="FILE", help="YAML with what there is to know of an algorithm, for a transparency record"
    )
    parser.add_argument("--quiet", action="store_true", help="do not tell how the check goes")


def _configure_release(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("insight", nargs="?", help="its slug; without one those are listed that wait")
    parser.add_argument("--all", action="store_true", help="list also what is over; with a slug, all of that insight")
    parser.add_argument("--to", choices=_STATES, default="submitted", help="the next step (default: submitted)")
    parser.add_argument("--version", type=int, help="of which version (default: the current one)")
    parser.add_argument(
        "--audience",
        action="append",
        default=[],
        metavar="WHO",
        help="to whom (default: public, so everybody without a log-in)",
    )
    parser.add_argument(
        "--why", default="", help="why, in words that are kept for good; to ask for a release there must be a reason"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do it, and print how things stand then."""
    from londata import insights

    try:
        print(_ACTIONS[arguments.action](insights, arguments))
    except KeyboardInterrupt as stop:
        if str(stop):
            print(stop, file=sys.stderr)
        raise
    return 0


def _publish(insights: Any, given: argparse.Namespace) -> Any:
    how = {name.replace("-", "_"): getattr(given, name.replace("-", "_")) for name in _FIELDS}
    published = insights.publish(
        given.notebook,
        title=given.title,
        audience=given.audience,
        slug=given.slug,
        files=given.files,
        project=given.project,
        licence=given.licence,
        tags=given.tags,
        form=given.form,
        start=given.start,
        model=_model(given.model),
        progress=not given.quiet and sys.stderr.isatty(),
        **how,
    )
    return published.require()


def _model(path: str | None) -> Any:
    if path is None:
        return None
    from pathlib import Path

    from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
    from londata.errors import UsageError

    try:
        values = read_yaml(Path(path))
    except YamlProblem as problem:
        raise UsageError(f"{path}: {problem}.", hint="Write it as YAML: name: value.") from problem
    if not isinstance(values, dict):
        raise UsageError(f"{path} is not a mapping of fields.", hint="Write it as YAML: name: value.")
    return values


def _release(insights: Any, given: argparse.Namespace) -> Any:
    if given.all and given.why:
        from londata.errors import UsageError

        raise UsageError("--all lists releases, and asks for none.", hint="Leave out --all, or --why.")
    if given.all or given.insight is None:
        return insights.releases(given.insight, everything=given.all)
    if given.to == "submitted" and given.version is None:
        return insights.submit_release(given.insight, given.audience or "public", why=given.why)
    number = insights.version_to_release(given.insight) if given.version is None else given.version
    return insights.move_release(given.insight, number, given.to, given.why)


def _audience(insights: Any, given: argparse.Namespace) -> Any:
    if not given.who:  # somebody who only wants to look must not shut it for everybody else
        from londata.errors import UsageError

        hint = "Name who may open it from now on, as hub; see who may now with londata insight show."
        raise UsageError("Nobody is named, so nothing was changed.", hint=hint)
    return insights.set_audience(given.insight, given.who)


def _tighten(insights: Any, given: argparse.Namespace) -> Any:
    names = [name.replace("-", "_") for name in _THRESHOLDS]
    said = {name: value for name in names if (value := getattr(given, name)) is not None}
    return insights.tighten(given.insight, **said)


def _workings(insights: Any, given: argparse.Namespace) -> Any:
    if given.version is not None:
        return insights.workings(given.insight, given.version)
    from londata.errors import EntryNotFoundError

    slug = given.insight.replace("_", "-")
    versions = [each["version"] for each in insights.releases(slug)]
    if not versions:
        raise EntryNotFoundError(f"There is no release of {slug!r:.90} for you.", hint="See londata insight release.")
    return insights.workings(slug, max(versions))


_ACTIONS: dict[str, Callable[[Any, argparse.Namespace], Any]] = {
    "publish": _publish,
    "list": lambda insights, _: insights.published(),
    "show": lambda insights, given: insights.find(given.insight),
    "versions": lambda insights, given: insights.versions(given.insight),
    "roll-back": lambda insights, given: insights.roll_back(given.insight, given.version),
    "forget": lambda insights, given: insights.forget(given.insight, given.version),
    "withdraw": lambda insights, given: insights.withdraw(given.insight, given.reason),
    "pause": lambda insights, given: insights.pause(given.insight, given.reason),
    "resume": lambda insights, given: insights.resume(given.insight),
    "audience": _audience,
    "tighten": _tighten,
    "workings": _workings,
    "impact": lambda insights, given: insights.impact(given.dataset),
    "release": _release,
}
