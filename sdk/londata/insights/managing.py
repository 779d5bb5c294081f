"""What one does with insights that are published: versions, audience, releases, and what a change of data touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, get_args

from pydantic import ValidationError

from londata.access.releasing import require_reason
from londata.client.insights_client import insights_client
from londata.errors import EntryNotFoundError, LondataError, UsageError
from londata.insights.audiences import audience_of
from londata.insights.behind import Workings
from londata.insights.calling import asks, require_one_of, require_words
from londata.insights.shown import Impact, Insights, OneRelease, PublishedInsight, Releases, Versions
from londata.records.publications import ReleaseState, Thresholds

#: How a release stands about which nobody has anything to do.
_OVER = ("released", "withdrawn")


def published() -> Insights:
    """List the insights that were published at the hub and are there for you; yours first."""
    return Insights(insights_client().insights())


@asks
def find(insight: Any) -> PublishedInsight:
    """Find a published insight by its slug, or by its entry of the catalog."""
    client = insights_client()
    return PublishedInsight(client.insight(slug_of(insight)), client)


@asks
def versions(insight: Any) -> Versions:
    """List the versions of an insight, the newest first, and which of them is shown now."""
    client, slug = insights_client(), slug_of(insight)
    return Versions(client.versions(slug), PublishedInsight(client.insight(slug), client))


@asks
def roll_back(insight: Any, version: int) -> PublishedInsight:
    """Let an earlier version of an insight of yours be the current one again."""
    return _changed(insight, "rollback", version=_number(version))


@asks
def forget(insight: Any, version: int) -> PublishedInsight:
    """Remove the files of an old version of an insight of yours, to make room; what is recorded of it stays."""
    return _changed(insight, "forget", version=_number(version))


@asks
def withdraw(insight: Any, reason: str) -> PublishedInsight:
    """Withdraw an insight of yours for good; its address says that it is gone, and why."""
    require_words("reason", reason)
    return _changed(insight, "withdraw", reason=reason)


@asks
def pause(insight: Any, reason: str) -> PublishedInsight:
    """Shut an insight of yours until it is resumed."""
    require_words("reason", reason)
    return _changed(insight, "pause", reason=reason)


@asks
def resume(insight: Any) -> PublishedInsight:
    """Open a paused insight of yours again."""
    return _changed(insight, "resume")


@asks
def set_audience(insight: Any, audience: str | Sequence[str]) -> PublishedInsight:
    """Change who may open an insight of yours; see :func:`londata.publish` for how they are named."""
    return _changed(insight, "audience", audience=audience_of(audience))


@asks
def tighten(insight: Any, **thresholds: float) -> PublishedInsight:
    """Tighten from when on numbers of an insight of yours may be shown.

    Parameters
    ----------
    insight
        Its slug, or its entry of the catalog.
    **thresholds
        ``minimum``, ``base``, ``dominance_n``, ``dominance_percent``, ``p_percent``; they are never loosened.

    Raises
    ------
    UsageError
        There is no such threshold, or it would be looser than it is.
    """
    names = ", ".join(Thresholds.model_fields)
    if not thresholds:
        raise UsageError("There is nothing to tighten.", hint=f"Say which, as minimum=20; there are {names}.")
    for name, value in thresholds.items():
        if name not in Thresholds.model_fields:
            raise UsageError(f"There is no threshold {name[:40]!r}.", hint=f"There are {names}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise UsageError(f"{name} cannot be {value!r:.40}.", hint=f"Say a number, as {name}=20.")
    _require_strict_enough(thresholds)
    return _changed(insight, "thresholds", **thresholds)


@asks
def impact(dataset: Any) -> Impact:
    """List the insights that a change of a dataset touches: those that rest on it.

    Parameters
    ----------
    dataset
        Its slug, or its entry of the catalog.

    Raises
    ------
    EntryNotFoundError
        There is no such dataset for you; the message names those that are called like it.
    """
    slug = slug_of(dataset, "dataset", "borough-profile")
    try:
        said = insights_client().impact(slug)
    except EntryNotFoundError as error:
        raise EntryNotFoundError(
            f"There is no dataset {slug[:80]!r}{_meant(slug)}", hint="Search the register for it."
        ) from error
    return Impact([*(said.get("insights") or ()), *(said.get("others") or ())])


@asks
def releases(insight: Any = None, *, everything: bool = False) -> Releases:
    """List the releases that you asked for or may check, and that somebody has something to do about.

    Parameters
    ----------
    insight
        List those of this insight alone, also what is over: its slug, or its entry of the catalog.
    everything
        List what is over as well: what was released or withdrawn, and what released itself, as all its data is open.
    """
    found = insights_client().releases()
    if insight is not None:
        slug = slug_of(insight)
        return Releases(each for each in found if each.get("publication") == slug)
    listed = [each for each in found if everything or each.get("state") not in _OVER]
    return Releases(listed, len(found) - len(listed))


@asks
def submit_release(insight: Any, audience: str | Sequence[str] = "public", *, why: str) -> OneRelease:
    """Ask for the tables of the current version, or of a newer one that waits, to be made more open than their data.

    Parameters
    ----------
    insight
        Its slug, or its entry of the catalog.
    audience
        To whom it is to be opened: to everybody, without a log-in, unless you name others.
    why
        Why that is right; it is kept for good.

    Returns
    -------
    OneRelease
        How it stands, and for whom it is.
    """
    require_words("why", why)
    require_reason("submitted", why)
    client, slug = insights_client(), slug_of(insight)
    return OneRelease(client.step(slug, version_to_release(slug), "submitted", why, audience_of(audience)))


@asks
def version_to_release(insight: Any) -> int:
    """Number the version that a release would be of: the newest that waits for one, or else the current one.

    Raises
    ------
    UsageError
        No version has passed its check yet.
    """
    client, slug = insights_client(), slug_of(insight)
    current = PublishedInsight(client.insight(slug), client).current
    if not current:
        raise UsageError(f"No version of {slug} has passed its check yet.", hint="Publish it first.")
    numbers = (int(each["number"]) for each in client.versions(slug) if each.get("waits"))
    return max((number for number in numbers if number > current), default=current)


@asks
def move_release(insight: Any, version: int, to: str, why: str = "") -> OneRelease:
    """Let a release take its next step, as its author or as somebody who checks it.

    Parameters
    ----------
    insight
        Its slug, or its entry of the catalog.
    version
        The number of the version.
    to
        ``submitted``, ``reviewed``, ``approved``, ``released``, ``returned`` or ``withdrawn``.
    why
        Why; it is kept for good. To ask for a release, to return or to withdraw it, there must be a reason.
    """
    require_one_of("to", to, get_args(ReleaseState))
    require_words("why", why)
    require_reason(to, why)
    return OneRelease(insights_client().step(slug_of(insight), _number(version), to, why))


@asks
def workings(insight: Any, version: int) -> Workings:
    """Give the numbers that show why each cell of a release is safe; to those who check it alone.

    Parameters
    ----------
    insight
        Its slug, or its entry of the catalog.
    version
        The number of the version.

    Raises
    ------
    EntryNotFoundError
        There is no such release, or it is not for you to check.
    """
    slug, number = slug_of(insight), _number(version)
    found = insights_client().workings(slug, number)
    if not found:
        raise EntryNotFoundError(
            f"There are no workings of {slug}, version {number}, for you.",
            hint="Those who check its release see them; its author does not.",
        )
    return Workings(found)


def slug_of(insight: Any, what: str = "insight", example: str = "borough-explorer") -> str:
    """Read the slug of an entry, or of the name by which Python knows it.

    Parameters
    ----------
    insight
        The slug, the name, or the entry itself.
    what
        What it is to be, for the error.
    example
        How one is called, for the error.
    """
    record = getattr(insight, "record", None)
    name = getattr(record, "id", None) or getattr(insight, "slug", None) or insight
    if not isinstance(name, str) or not name:
        raise UsageError(f"That is no {what}.", hint=f'Give its name, as "{example}", or its entry of the catalog.')
    return name.replace("_", "-")


def _number(version: Any) -> int:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise UsageError(
            f"{version!r:.40} is no number of a version.",
            hint="See insights.versions(…), or londata insight versions NAME.",
        )
    return version


def _require_strict_enough(thresholds: Mapping[str, float]) -> None:
    """See that nothing is asked for that no insight may have."""
    try:
        Thresholds.model_validate(thresholds)
    except ValidationError as error:
        first = error.errors()[0]
        name, usual = str((first["loc"] or ("base",))[0]), Thresholds()
        why = first["msg"].removeprefix(f"Value error, {name}: ").replace("Input should", "it should")
        hint = f"Usually it is {getattr(usual, name):g}, and it is only ever made stricter: see insights.find(…)."
        if first["type"] == "less_than_equal" and name != "dominance_percent":
            why = f"it is {first['ctx']['le']:,.15g} at most"
        raise UsageError(f"{name} cannot be {thresholds.get(name)}: {why}.", hint=hint) from error


def _meant(slug: str) -> str:
    """Ask what is called like a dataset; nothing where there is no register to ask."""
    import londata

    try:
        near = londata.catalog.register.near(slug)
    except LondataError:
        near = []
    return f"; did you mean {' or '.join(near)}?" if near else "."


def _changed(insight: Any, what: str, **said: Any) -> PublishedInsight:
    client = insights_client()
    return PublishedInsight(client.change(slug_of(insight), what, **said), client)
