"""Rows of publications, versions and releases within one transaction: found, read as records, and written."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from londata.access.labels import released_among
from londata.errors import EntryNotFoundError, RegisterUnavailableError, UsageError
from londata.records import Record
from londata.records.publications import Publication, Release, Thresholds, Version, VersionState
from londata_hub import audit
from londata_hub.store import tables
from londata_hub.store.arranging import as_document
from londata_hub.store.changing import Change

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Record)
#: Who did what the hub did by itself.
HUB = "londata"
_P, _V, _I = tables.publications, tables.publication_versions, tables.publication_inputs
_R, _L = tables.publication_releases, tables.audit


def found(connection: Connection, slug: str) -> Publication | None:
    """Find a publication; ``None`` when there is none.

    Raises
    ------
    RegisterUnavailableError
        What is stored is none.
    """
    document = connection.execute(select(_P.c.document).where(_P.c.slug == slug)).scalar()
    return None if document is None else read(Publication, document, slug)


def needed(connection: Connection, slug: str) -> Publication:
    """Find a publication that has to be there.

    Raises
    ------
    EntryNotFoundError
        It is not.
    """
    there = found(connection, slug)
    if there is None:
        raise EntryNotFoundError(
            f"Nothing was published here as {slug[:120]!r}.", hint="List what is yours with `londata insight list`."
        )
    return there


def going(connection: Connection, slug: str) -> Publication:
    """Find a publication that was not withdrawn; what was is withdrawn for good.

    Raises
    ------
    EntryNotFoundError
        There is none.
    UsageError
        It was withdrawn.
    """
    there = needed(connection, slug)
    if there.state == "withdrawn":
        raise UsageError(
            f"The insight {slug!r} was withdrawn: {there.reason.rstrip('.') or 'no reason was given'}.",
            hint="Publish it under another name.",
        )
    return there


def version(connection: Connection, slug: str, number: int) -> Version | None:
    """Find a version; ``None`` when there is none of this number.

    Parameters
    ----------
    connection
        An open transaction.
    slug, number
        Which version of which publication.
    """
    wanted = versions_of(slug).where(_V.c.number == number)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else as_version(row)


def needed_version(connection: Connection, slug: str, number: int) -> Version:
    """Find a version that has to be there.

    Parameters
    ----------
    connection
        An open transaction.
    slug, number
        Which version of which publication.

    Raises
    ------
    EntryNotFoundError
        It is not there.
    """
    there = version(connection, slug, number)
    if there is None:
        raise EntryNotFoundError(
            f"{slug[:120]!r} has no version {number}.", hint="List its versions with `londata insight versions`."
        )
    return there


def require_none_checking(connection: Connection, slug: str) -> None:
    """See that no version of a publication is being checked; raises UsageError when one is."""
    wanted = select(_V.c.number).where(_V.c.publication == slug, _V.c.state == "checking")
    if under_way := connection.execute(wanted).scalars().first():
        raise UsageError(f"Version {under_way} of {slug!r} is being checked.", hint="Wait for its end.")


def versions_of(slug: str) -> Select[str, str | None]:
    """Ask for the versions of a publication, each with the state of its release."""
    last = (
        select(_R.c.state)
        .where(_R.c.publication == _V.c.publication, _R.c.number == _V.c.number)
        .order_by(_R.c.step.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(_V.c.document, last.label("release")).where(_V.c.publication == slug)


def as_version(row: Row[str, str | None]) -> Version:
    """Read a version. It is released while its release is; open data needs none, and is read as it is."""
    there = read(Version, row[0], "a version")
    return there.model_copy(update={"released": row[1] == "released" and there.label.access != "open"})


def release(connection: Connection, slug: str, number: int) -> Release | None:
    """Find the release of a version as it stands; ``None`` when nobody began one.

    Parameters
    ----------
    connection
        An open transaction.
    slug, number
        Which version of which publication.
    """
    wanted = select(_R.c.document).where(_R.c.publication == slug, _R.c.number == number)
    document = connection.execute(wanted.order_by(_R.c.step.desc()).limit(1)).scalar()
    return None if document is None else read(Release, document, slug)


def last_releases() -> Select[str]:
    """Ask for every release as it stands."""
    last = select(_R.c.publication, _R.c.number, func.max(_R.c.step).label("step"))
    latest = last.group_by(_R.c.publication, _R.c.number).subquery()
    same = (_R.c.publication == latest.c.publication, _R.c.number == latest.c.number, _R.c.step == latest.c.step)
    return select(_R.c.document).join(latest, same[0] & same[1] & same[2]).order_by(_R.c.publication, _R.c.number)


def say(change: Change, publication: Publication, what: str, by: str, /, **details: Any) -> int:
    """Write the line about what happens to a publication, and tell its number.

    Parameters
    ----------
    change
        The open change.
    publication
        What it happens to.
    what
        One of :data:`~londata_hub.audit.EVENTS`.
    by
        Who does it.
    details
        What else the line says.
    """
    names = {"subject": publication.owner, "entry": publication.slug, "project": publication.project or ""}
    return change.log.add(audit.Event(what, by, **names, details=details))


def put(change: Change, publication: Publication, what: str = "", by: str = "", **details: Any) -> Publication:
    """Write a publication as it stands now, and the line about it, which has the digest of its document.

    Parameters
    ----------
    change
        The open change.
    publication
        As it is to stand.
    what, by, details
        As :func:`say` takes them; no line is written without them.
    """
    document = as_document(publication.to_dict())
    line = say(change, publication, what, by, publication=audit.digest(document), **details) if what else 0
    values = {
        "line": line,
        "owner": audit.as_column(publication.owner),
        "state": publication.state,
        "current": publication.current,
        "document": document,
    }
    written = update(_P).where(_P.c.slug == publication.slug).values(**values)
    if not change.connection.execute(written).rowcount:
        change.connection.execute(insert(_P).values(slug=publication.slug, **values))
    return publication


def set_audience(change: Change, before: Publication, audience: tuple[str, ...], by: str) -> Publication:
    """Change who may open a publication; the same audience leaves no line.

    Parameters
    ----------
    change
        The open change.
    before
        The publication as it stands.
    audience
        Who may from now on.
    by
        Who does it.
    """
    if audience == before.audience:
        return before
    after = before.model_copy(update={"audience": audience})
    return put(change, after, "insight.audience", by, audience=list(audience), before=list(before.audience))


def become_current(
    change: Change, before: Publication, version: Version, audience: tuple[str, ...], by: str
) -> Publication:
    """Let a version that waited for its release be the current one, for those to whom it was released.

    Parameters
    ----------
    change
        The open change.
    before
        The publication as it stands.
    version
        Which version.
    audience
        To whom it was released; whoever may open the insight already, where nobody is named.
    by
        Who released it.
    """
    chosen = audience or before.audience
    after = before.model_copy(update={"current": version.number, "audience": chosen, "stale": ""})
    said = {"version": version.number, "before": before.current, "audience": list(chosen)}
    return put(change, after, "insight.current", by, **said)


def opens_to(connection: Connection, publication: Publication, version: Version, release: Release) -> tuple[str, ...]:
    """Tell to whom a release opens an insight: for whom it was asked, and no more than its owner has chosen since.

    Parameters
    ----------
    connection
        An open transaction.
    publication, version, release
        As they stand.
    """
    of_it = (_R.c.publication == release.publication, _R.c.number == release.version)
    asked = connection.execute(select(func.max(_R.c.line)).where(*of_it, _R.c.state == "submitted")).scalar() or 0
    since = (_L.c.entry == publication.slug, _L.c.what == "insight.audience", _L.c.seq > asked)
    if not release.audience or connection.execute(select(_L.c.seq).where(*since).limit(1)).scalar() is None:
        return release.audience
    own = f"project:{publication.project}" if publication.project else f"person:{publication.owner}"
    chosen = released_among(publication.audience, release.audience, version.label, publication.project)
    return chosen or (own,)


def note_inputs(change: Change, version: Version, entries: Iterable[str]) -> None:
    """Write down what a version rests on.

    Parameters
    ----------
    change
        The open change.
    version
        Which version.
    entries
        The entries, each once.
    """
    for entry in entries:
        key = {"entry": entry, "publication": version.publication, "number": version.number}
        change.connection.execute(insert(_I).values(**key))


def checked(change: Change, version: Version, state: VersionState) -> tuple[Version, str]:
    """See that the check of a version has not ended yet, and give it as it is to stand, with its document.

    Parameters
    ----------
    change
        The open change.
    version
        As its check left it.
    state
        How it ended.

    Raises
    ------
    UsageError
        It had ended already.
    """
    there = needed_version(change.connection, version.publication, version.number)
    if there.state != "checking":
        raise UsageError(f"The check of version {there.number} of {there.publication!r} has ended already.")
    kept = {"published_at": there.published_at, "published_by": there.published_by, "released": False}
    after = version.model_copy(update={**kept, "state": state})
    return after, as_document(after.to_dict())


def end_check(change: Change, version: Version, document: str, line: int) -> None:
    """Write a version as its check left it; the database lets that be done once.

    Parameters
    ----------
    change
        The open change.
    version, document
        As :func:`checked` gave them.
    line
        The number of the line about it.
    """
    same = (_V.c.publication == version.publication, _V.c.number == version.number)
    values = {"state": version.state, "document": document, "line": line}
    change.connection.execute(update(_V).where(*same).values(**values))


def loosened(before: Thresholds, after: Thresholds) -> str:
    """Say which threshold is looser than it was; empty when none is."""
    higher_is_stricter = ("minimum", "base", "dominance_n", "p_percent")
    for name, old in before.model_dump().items():
        new = getattr(after, name)
        if (new < old) if name in higher_is_stricter else (new > old):
            return f"{name} would go from {old:g} to {new:g}"
    if after.base % before.base:  # 15 after 10 would show what 10 hid
        return f"base would go from {before.base} to {after.base}, which is no multiple of it"
    return ""


def readable(kind: type[R], documents: Iterable[str]) -> Iterator[R]:
    """Read documents; one that cannot be read is named in the hub's log, and keeps nobody from the others."""
    for document in documents:
        try:
            yield read(kind, document, document[:60])
        except RegisterUnavailableError as error:
            log.warning("%s", error)


def read(kind: type[R], document: str, name: str) -> R:
    """Read a document.

    Parameters
    ----------
    kind
        What it should be.
    document
        Its JSON.
    name
        What it is called in an error.

    Raises
    ------
    RegisterUnavailableError
        It cannot be read.
    """
    try:
        return kind.model_validate_json(document)
    except ValueError as error:
        raise RegisterUnavailableError(
            f"What is stored of {name!r} cannot be read as a {kind.__name__.lower()}.",
            hint="Whoever runs the hub can see with `londata-hub audit verify` whether somebody changed it.",
        ) from error
