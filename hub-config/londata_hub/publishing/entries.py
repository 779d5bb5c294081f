"""The register's entry of a publication: what its author gave, and what the hub found out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from londata import __version__
from londata.access.labels import shows_released_tables
from londata.errors import UsageError
from londata.insights.calling import LONGEST_TITLE
from londata.records import Entry, Insight, Publisher, entry_from_dict, problems_of
from londata.records.publications import Label, Publication, Version
from londata.records.transparency import known_of, transparency_of
from londata.records.vocabulary import Access
from londata_hub.harvest.importing import OWN_SOURCE
from londata_hub.jobs.shelving import ANALYSTS

ADDRESS = "/services/apps/{slug}/"
THUMBNAIL = "/services/insights/{slug}/thumbnail.png"
#: As what a table can be had: ending of its file → media type.
TABLE_TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv"}
#: Fields of the entry that an author may give.
GIVEN = frozenset(
    "title summary description form public_benefit friction method limits licence topics tags contact geography period "
    "update_frequency landing_page attribution generated creators".split()
)
#: What an author may give beside them: it stays with the version.
BESIDE = frozenset({"transparency"})
#: What only those give who ship an insight with londata.
SHIPPED = frozenset({"publisher", "owner", "uses", "access", "listing"})
#: What every insight says → how to say it, in Python and in a terminal.
_TO_SAY = {
    "title": "Say what it is called: title=… or --title “…”.",
    "public_benefit": "Say in a sentence for whom it is good: public_benefit=… or --public-benefit “…”.",
}
_FOUND_OUT = frozenset(Insight.model_fields) - GIVEN - BESIDE


def source_of(publication: Publication) -> str:
    """Name the source under which the register has the entry: shipped ones are of the repository's own files."""
    return OWN_SOURCE if publication.shipped else f"insight:{publication.slug}"


def check_record(record: Mapping[str, Any], slug: str, *, shipped: bool = False) -> None:
    """See that what an author gives makes an entry.

    Parameters
    ----------
    record
        The fields that they give.
    slug
        What it is called.
    shipped
        Whether it is shipped with londata, which says more of itself.

    Raises
    ------
    UsageError
        It does not; the sentence names every field that has to be mended.
    """
    typed = sorted(name for name in record if name in _FOUND_OUT - (SHIPPED if shipped else frozenset()))
    unknown = sorted(str(name)[:60] for name in record if name not in GIVEN | BESIDE | _FOUND_OUT)
    problems = [f"{name}: cannot be said, it is found out" for name in typed]
    problems += [f"{name}: no such field" for name in unknown]
    missing = [name for name in _TO_SAY if not str(record.get(name, "")).strip()]
    problems += [f"{name}: is missing" for name in missing]
    if len(str(record.get("title", "")).strip()) > LONGEST_TITLE:
        problems.append(f"title: has more than {LONGEST_TITLE} letters")
    try:
        transparency_of(record.get("transparency", {}))
    except ValueError as error:
        problems.append(f"transparency: {error}")
    if not problems:
        trial = {"id": slug, "owner": "nobody", "access": "open", "uses": [slug]}
        try:
            entry_from_dict(_given(record) | trial | {"kind": "insight", "publisher": ANALYSTS.to_dict()})
        except ValidationError as error:
            problems = problems_of(error)
    if problems:
        hints = [_TO_SAY[name] for name in missing] or ["docs/insights.md says what an insight says of itself."]
        raise UsageError(f"The record of the insight has to be mended: {'; '.join(problems)}.", hint=" ".join(hints))


def entry_of(
    publication: Publication,
    version: Version,
    label: Label,
    used: Mapping[str, Entry],
    publishers: Mapping[str, Publisher] | None = None,
) -> Insight:
    """Make the entry of a publication as its current version is.

    Parameters
    ----------
    publication, version
        What was published; the version is the current one.
    label
        What the version may be used for, as of now.
    used
        The entries that it rests on, as the register has them.
    publishers
        By id; where the publisher of a shipped insight is looked up.

    Raises
    ------
    UsageError
        It makes no entry.
    """
    uses = list(dict.fromkeys(each.entry for each in version.rests_on if each.entry != publication.slug))
    if publication.shipped and not uses:
        uses = list(version.record.get("uses", ()))
    if not uses:
        raise UsageError("It reads no data of the register, so nobody could tell what it rests on.")
    access = _access(publication, version, label)
    values = _given(version.record) | {
        "kind": "insight",
        "id": publication.slug,
        "publisher": _publisher(publication, version, publishers or {}).to_dict(),
        "owner": str(version.record.get("owner", publication.owner)) if publication.shipped else publication.owner,
        "uses": uses,
        "access": access,
        "address": ADDRESS.format(slug=publication.slug),
        "thumbnail": THUMBNAIL.format(slug=publication.slug),
        "version": version.number,
        "last_run": version.published_at,
        "updated": version.published_at.date(),
        "stale": standing(publication),
        "attribution": credits(used.values(), str(version.record.get("attribution", ""))),
        "transparency": _transparency(publication, version, used),
        "distributions": distributions(version),
        **_shown_to(publication, access),
    }
    if not values.get("topics"):
        listed = [used[name] for name in uses if name in used and used[name].listing == "public"]
        values["topics"] = list(dict.fromkeys(topic for each in listed for topic in each.topics))
    if version.tables:
        values["description"] = "\n\n".join(filter(None, [values.get("description", ""), _tables_named(version)]))
    if label.personal and access != "open":
        values["personal_data"] = "personal"
    try:
        entry = entry_from_dict(values)
    except ValidationError as error:
        raise UsageError(f"It makes no entry of the register: {'; '.join(problems_of(error))}.") from error
    assert isinstance(entry, Insight)  # noqa: S101
    return entry


def has_tables(version: Version) -> bool:
    """Tell whether the tables of a version may be had by whoever may open it: they are of open data, or released."""
    return bool(version.tables) and (shows_released_tables(version) or version.label.access == "open")


def distributions(version: Version) -> list[dict[str, Any]]:
    """Describe the files of each table that may be had, as the service of insights hands them out."""
    return [
        {
            "id": f"{each.name}-{kind}",
            "title": each.title,
            "through": "insights",
            "media_type": media_type,
            "rows": each.rows,
            "sha256": version.files.get(f"tables/{each.name}.{kind}", ""),
        }
        for each in (version.tables if has_tables(version) else ())
        for kind, media_type in TABLE_TYPES.items()
    ]


def standing(publication: Publication) -> str:
    """Say in a sentence what is not as it was; empty where everything is."""
    if publication.state == "paused":
        return f"It is paused: {publication.reason}" if publication.reason else "It is paused."
    return publication.stale


def credits(used: Iterable[Entry], own: str = "") -> str:
    """Name the data that an insight rests on with who holds it and its licence, as licences ask."""
    named = [each for each in used if each.access == "open" and each.listing == "public"]
    lines = [_credit(each) for each in sorted(named, key=lambda each: each.id)]
    return " ".join(dict.fromkeys(filter(None, [own, *lines])))


def _credit(entry: Entry) -> str:
    said = f"{entry.title.rstrip('.')} – {entry.publisher.name}, licence {entry.licence_title}."
    attribution = getattr(entry, "attribution", "")
    return f"{said} {attribution}" if attribution else said


def _transparency(publication: Publication, version: Version, used: Mapping[str, Entry]) -> dict[str, Any] | None:
    """Write the transparency record of a model: as its author gave it, and what is known of it otherwise."""
    said = version.record.get("transparency")
    if said is None:
        return None
    reads = [
        each.to_dict() | {"title": entry.title, "publisher": entry.publisher.name, "licence": entry.licence_title}
        for each in version.rests_on
        if (entry := used.get(each.entry)) and entry.listing == "public"
    ]
    known = known_of(version.record, owner=publication.owner, reads=reads, environment={"londata": __version__})
    try:
        return transparency_of(said).filled(known).to_dict()
    except ValueError as error:
        raise UsageError(f"Its transparency record cannot be read: {error}.") from error


def _given(record: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in record.items() if name in GIVEN and value not in ("", None, [], ())}
    return {"form": "app"} | given


def _publisher(publication: Publication, version: Version, publishers: Mapping[str, Publisher]) -> Publisher:
    if not publication.shipped:
        return ANALYSTS
    name = str(version.record.get("publisher", ""))
    return publishers.get(name) or Publisher(id="londata", name="londata")


def _access(publication: Publication, version: Version, label: Label) -> Access:
    """Tell how open what it shows is: released tables are, for those to whom they were released."""
    if shows_released_tables(version) and not {"public", "hub"}.isdisjoint(publication.audience):
        return "open"
    return label.access


def _shown_to(publication: Publication, access: Access) -> dict[str, Any]:
    """Say for whom the entry is. What is not open is for those who are named, whatever else was chosen."""
    if access == "open" and publication.is_public:
        return {"listing": "public", "open_to_all": True}
    if access == "open" and "hub" in publication.audience:
        return {"listing": "public"}
    named = [each for each in publication.audience if each not in ("public", "hub")]
    own = [] if publication.shipped else [f"person:{publication.owner}"]
    audience = list(dict.fromkeys([*own, *named]))
    return {"listing": "members", "audience": audience} if audience else {"listing": "hidden"}


def _tables_named(version: Version) -> str:
    named = [f"{each.title.rstrip('.')} ({each.unit}; {each.name})" for each in version.tables]
    return f"Its tables: {'; '.join(named)}."
