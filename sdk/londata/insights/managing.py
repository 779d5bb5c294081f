"""What one does with insights that are published: versions, audience, releases, and what a change of data touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from londata.client.insights_client import insights_client
from londata.errors import EntryNotFoundError, LondataError, UsageError
from londata.insights.audiences import audience_of
from londata.insights.behind import Workings
from londata.insights.shown import Impact, Insights, PublishedInsight, Releases, Versions
from londata.records.publications import Thresholds

#: Steps of a release that are not taken without a reason: they ask people for something, or undo what they did.
_WITH_A_REASON = ("submitted", "returned", "withdrawn")


def published() -> Insights:
    """List the insights that were published at the hub and are there for you; yours first."""
    return Insights(insights_client().insights())


def find(insight: Any) -> PublishedInsight:
    """Find a published insight by its slug, or by its entry of the catalog."""
    client = insights_client()
    return PublishedInsight(client.insight(slug_of(insight)), client)


def versions(insight: Any) -> Versions:
    """List the versions of an insight, the newest first."""
    return Versions(insights_client().versions(slug_of(insight)))


def roll_back(insight: Any, version: int) -> PublishedInsight:
    """Let an earlier version of an insight of yours be the current one again."""
    return _changed(insight, "rollback", version=_number(version))


def forget(insight: Any, version: int) -> PublishedInsight:
    """Remove the files of an old version of an insight of yours, to make room; what is recorded of it stays."""
    return _changed(insight, "forget", version=_number(version))


def withdraw(insight: Any, reason: str) -> PublishedInsight:
    """Withdraw an insight of yours for good; its address says that it is gone, and why."""
    return _changed(insight, "withdraw", reason=reason)


def pause(insight: Any, reason: str) -> PublishedInsight:
    """Shut an insight of yours until it is resumed."""
    return _changed(insight, "pause", reason=reason)


def resume(insight: Any) -> PublishedInsight:
    """Open a paused insight of yours again."""
    return _changed(insight, "resume")


def set_audience(insight: Any, audience: str | Sequence[str]) -> PublishedInsight:
    """Change who may open an insight of yours; see :func:`londata.publish` for how they are named."""
    return _changed(insight, "audience", audience=audience_of(audience))


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
    return _changed(insight, "thresholds", **thresholds)


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


def releases() -> Releases:
    """List the releases that you asked for, or may check."""
    return Releases(insights_client().releases())


def submit_release(insight: Any, audience: str | Sequence[str] = "public", *, why: str) -> Mapping[str, Any]:
    """Ask for the tables of the current version, or of a newer one that waits, to be made more open than their data.

    Parameters
    ----------
    insight
        Its slug, or its entry of the catalog.
    audience
        To whom it is to be opened.
    why
        Why that is right; it is kept for good.
    """
    _require_reason("submitted", why)
    client, slug = insights_client(), slug_of(insight)
    return client.step(slug, version_to_release(slug), "submitted", why, audience_of(audience))


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


def move_release(insight: Any, version: int, to: str, why: str = "") -> Mapping[str, Any]:
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
    _require_reason(to, why)
    return insights_client().step(slug_of(insight), _number(version), to, why)


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
        raise UsageError(f"{version!r:.40} is no number of a version.", hint="See insights.versions(…).")
    return version


def _require_reason(to: str, why: str) -> None:
    if to in _WITH_A_REASON and not why.strip():
        raise UsageError(f"A release is not {to} without a reason.", hint="Say why; it is kept for good.")


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
