"""Publishing an insight: a snapshot of a notebook goes to the hub, which checks it and serves it as an app."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from londata import settings
from londata.client.insights_client import InsightsClient, insights_client
from londata.errors import EntryNotFoundError, UsageError
from londata.fetch.progress import in_notebook
from londata.insights import snapshot as snapshots
from londata.insights.audiences import audience_of
from londata.insights.calling import asks, list_of, require_one_of, require_texts, require_title
from londata.insights.shown import Published, PublishedInsight, lines_of
from londata.records import slugify
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.records.publications import Start
from londata.records.transparency import transparency_of

#: Seconds between two looks at how a check goes: at first, and when it has gone on for long.
_LOOK_S, _LATER_LOOK_S = 0.4, 3.0
#: Bytes of a notebook from which on one may notice that it is looked at.
_MUCH = 3_000_000
#: Seconds after which nobody waits for a check any more; it goes on without.
PATIENCE_S = 900.0
FORMS = ("app", "report", "model", "visualisation")


@asks
def publish(
    notebook: str | Path,
    *,
    title: str,
    audience: str | Sequence[str] | None,
    slug: str | None = None,
    files: Iterable[str | Path] = (),
    project: str | None = None,
    public_benefit: str = "",
    friction: str = "",
    method: str = "",
    limits: str = "",
    licence: str = "not stated",
    summary: str = "",
    tags: Sequence[str] = (),
    form: str = "app",
    start: Start = "shared",
    model: Mapping[str, Any] | None = None,
    progress: bool = True,
    wait: bool = True,
    **more: Any,
) -> Published:
    """Publish a notebook as an insight: the hub checks a snapshot of it, and serves it as an app if it passes.

    What is published under a name that is yours becomes its next version. Which data it rests on is found out.

    Parameters
    ----------
    notebook
        The notebook. It is not changed, and what was put out by earlier runs stays here.
    title
        What it is called.
    audience
        Who may open it: ``"public"``, ``"hub"``, ``"org-camden"``, ``"person:ada"``, ``"project:school-places"``, or a
        list of them; an empty list for yourself alone. ``None`` leaves it as it is, which at first is for yourself,
        or for the members of its project.
    slug
        Its name in the register; made of the title when not given.
    files
        Files that the notebook reads from its own folder; no others go along.
    project
        For which project it reads data that is not open; that of this session when not given.
    public_benefit, friction, method, limits, summary
        For whom it is good, which difficulty with data was overcome, how its numbers were made, what it does
        not show, and what it is in a sentence.
    licence
        The id of a licence, as ``"ogl-3"``; none is assumed.
    tags
        Words by which it is found.
    form
        ``app``, ``report``, ``model`` or ``visualisation``.
    start
        ``shared``: viewers begin from one run; ``fresh``: each has a run of their own.
    model
        Where it rests on an algorithm: what there is to know of it, for a transparency record; see
        :class:`londata.records.transparency.Transparency`.
    progress
        Show what the hub is doing.
    wait
        Wait until the check has ended, for a quarter of an hour at most: it goes on at the hub without anybody waiting.
    **more
        Further fields of the record, such as ``description``; ``period`` is a day, or its ``start`` and ``end``.

    Returns
    -------
    Published
        Whether it passed, what was found, and where it opens.

    Raises
    ------
    UsageError
        Something must be mended before it leaves this machine; each thing is listed.
    SettingsError
        There is no hub here.
    KeyboardInterrupt
        You stopped waiting. Nothing is lost by that; the message says how to ask later.
    """
    require_one_of("form", form, FORMS)
    _require_notebook(notebook)
    require_title(title)
    require_one_of("start", start, get_args(Start))
    require_texts(slug=slug, project=project, public_benefit=public_benefit, friction=friction, method=method)
    require_texts(limits=limits, licence=licence, summary=summary)
    tags = list_of("tags", tags, str, '["schools", "2025"]')
    _require_known(model)
    name = _name(slug, title)
    viewers = None if audience is None else audience_of(audience)
    taken = _looked_at(Path(notebook), title, files, progress)
    client = insights_client()
    said = {"title": title, "form": form, "public_benefit": public_benefit, "friction": friction, "method": method}
    more |= said | {"limits": limits, "summary": summary, "licence": licence, "tags": tags}
    more |= {"transparency": dict(model) if model is not None else None}
    version = client.publish(
        taken.files,
        _sendable({name: value for name, value in more.items() if value not in ("", [], None)}),
        slug=name,
        project=settings.get("PROJECT") if project is None else project,
        audience=viewers,
        start=start,
    )
    published = Published(version, _about(client, version, title, viewers or ()), taken.findings)
    return _until_checked(published, progress) if wait else published


def _require_notebook(notebook: Any) -> None:
    if not isinstance(notebook, str | os.PathLike):
        raise UsageError(f"{notebook!r:.60} is no notebook.", hint="Give the path of an .ipynb file.")


def _name(slug: str | None, title: str) -> str:
    """Say what it is called in the register."""
    if not slug and slugify(f"x {title}") == "x":
        raise UsageError(
            f"No name can be made of the title {title!r:.60}: it has none of the letters a to z, and no digits.",
            hint='Say one: slug="sizes-of-boroughs" or --slug sizes-of-boroughs.',
        )
    name = slug or slugify(title)
    if not SLUG.match(name) or len(name) > MAX_SLUG:
        raise UsageError(
            f"{name[:80]!r} cannot be the name of an insight.",
            hint=f"A name is lower-case letters and digits with single hyphens, {MAX_SLUG} at most: library-visits.",
        )
    return name


def _sendable(record: dict[str, Any]) -> dict[str, Any]:
    """Write down what is said of it; days as ISO text."""
    if isinstance(day := record.get("period"), dt.date):
        record = record | {"period": {"start": day, "end": day}}
    found = {}
    for name, value in record.items():
        try:
            found[name] = json.loads(json.dumps(value, allow_nan=False, default=_day))
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name} cannot be {value!r:.60}.", hint=f'Write it as words: {name}="…".') from error
    return found


def _day(value: Any) -> str:
    if isinstance(value, dt.date):  # or a moment, as those of pandas are; the hub says where that is too fine
        return value.isoformat()
    raise TypeError(f"{value!r:.60} is no day")


def _looked_at(notebook: Path, title: str, files: Iterable[str | Path], progress: bool) -> snapshots.Snapshot:
    """Take a snapshot in which nothing stands in the way; tell that this goes on where it may be noticed."""
    size = notebook.stat().st_size if notebook.is_file() else 0
    if progress and size > _MUCH:
        _say(f"Looking at the notebook ({size / 1e6:,.0f} MB) …")
    taken = snapshots.take(notebook, title, files)
    if taken.in_the_way:
        found = "\n".join(lines_of(taken.in_the_way))
        raise UsageError(f"{notebook.name} was not published.\n{found}", hint="Mend that and publish again.")
    return taken


def _require_known(model: Any) -> None:
    """See that what is said of a model is a record of the standard."""
    try:
        transparency_of({} if model is None else model)
    except ValueError as error:
        raise UsageError(
            f"The transparency record cannot be read: {error}.",
            hint="Write model={field: words}, with fields of londata.records.transparency.Transparency.",
        ) from error


def _about(client: InsightsClient, version: Mapping[str, Any], title: str, viewers: Sequence[str]) -> PublishedInsight:
    """Look the insight up; a new one may not be there before its check."""
    slug = str(version.get("publication", ""))
    try:
        return PublishedInsight(client.insight(slug), client)
    except EntryNotFoundError:
        return PublishedInsight({"slug": slug, "title": title, "audience": list(viewers)}, client)


def _until_checked(published: Published, progress: bool) -> Published:
    """Wait until the check has ended, but not for ever, and tell of each step once."""
    told = 0
    begun = time.monotonic()
    try:
        while True:
            steps = [str(each) for each in published.said.get("steps") or ()]
            for step in steps[told:] if progress else ():
                _say(step)
            told = max(told, len(steps))
            if published.state != "checking":
                return published.refresh()
            waited = time.monotonic() - begun
            if waited >= PATIENCE_S:
                return published
            time.sleep(min(_LATER_LOOK_S, max(_LOOK_S, waited / 20)))
            service = published.about.service
            published.said = service.version(published.slug, published.number)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"Nothing is lost. {published.later}") from stop


def _say(step: str) -> None:
    """Print a sentence where somebody looks."""
    print(step, file=sys.stdout if in_notebook() else sys.stderr, flush=True)
