"""Read one record of a portal as an entry. Pure: a mapping goes in, an entry with its flags comes out.

DataPress has changed its field names with every version, and its CKAN layer has others again; no name means two
things. So each fact is looked up under every name that it has had.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from londata.records import Contact, Dataset, Entry, Period, SourceRecord, slugify
from londata.records.parts import web_address
from londata_hub.harvest.files import Files, files_of
from londata_hub.harvest.plain_text import clean, plain_text, shortened
from londata_hub.harvest.publishers import Publishers
from londata_hub.harvest.raw import Raw, date_in, part_of, text_in, texts_in
from londata_hub.harvest.terms import NO_LICENCE, frequency_of, geography_of, licence_of, says_not_open

MAX_TITLE, MAX_SUMMARY = 500, 250
_PUBLIC = frozenset({"", "public"})
_TEST = re.compile(r"(?:^|-)(?:test|mock)(?:-|$)")
#: Words beside which ``test`` means an examination, not a trial of the portal.
_EXAMINATION = re.compile(r"covid|corona|driving|pcr|lateral|trace|centre|result|score|positiv|blood|pupil|school|exam")


def identify(record: Raw) -> tuple[str, str]:
    """Give a record's identifier at its portal, and the name that it has there; both empty when it has neither."""
    identifier = text_in(record, "id")
    slug = text_in(record, "slug", "name")
    if not slug:  # the newest DataPress has the name only in the address, followed by the identifier
        slug = urlsplit(_address(text_in(record, "webpage"))).path.rpartition("/")[2].removesuffix(f"-{identifier}")
    slug = slug or (identifier if not _is_opaque(identifier) else "") or text_in(record, "title")
    return identifier or slug, slug


def entry_of(record: Raw, *, slug: str, source: str, shape: str, publishers: Publishers) -> Entry:
    """Read a record.

    Parameters
    ----------
    record
        As the portal wrote it.
    slug
        What the entry is called in the register.
    source, shape
        Where the record comes from, and how it is written.
    publishers
        The publishers that are known by name.

    Raises
    ------
    pydantic.ValidationError
        The record cannot be represented.
    """
    flags: list[str] = []
    files = files_of(record)
    licence_flags, licence = _licence(record)
    publisher, known = publishers.recognise(_spellings(record))
    address, description = _address(text_in(record, "landing_page", "webpage", "url")), _description(record)
    public = text_in(record, "sharing").lower() in _PUBLIC and record.get("private") is not True
    flags += [] if known else ["publisher-not-stated" if publisher.id == "not-stated" else "publisher-not-recognised"]
    flags += licence_flags + _file_flags(record, files)
    flags += [] if public else ["not-public"]
    flags += ["archived"] if _archived(record) else []
    flags += ["test-record"] if _is_test(record, slug) else []
    custom = part_of(record, "custom")
    return Dataset(
        id=slug,
        title=_title(record, slug, flags),
        summary=shortened(plain_text(text_in(record, "summary")) or description, MAX_SUMMARY),
        description=description,
        publisher=publisher,
        contact=_contact(record),
        access="closed" if not public else "shared" if says_not_open(licence) else "open",
        licence=licence,
        landing_page=address,
        topics=tuple(dict.fromkeys(slugify(topic) for topic in _topics(record))),
        tags=tuple(texts_in(record, "tags", "display_name", "name", "title")),
        issued=date_in(record, "createdAt", "metadata_created"),
        updated=date_in(record, "updatedAt", "metadata_modified"),
        update_frequency=frequency_of(text_in(record, "update_frequency") or text_in(custom, "update_frequency")),
        geography=geography_of(_geography(record)),
        period=_period(files),
        distributions=files.distributions,
        source=SourceRecord(source=source, id=identify(record)[0], url=address, shape=shape),
        flags=tuple(flags),
    )


def _title(record: Raw, slug: str, flags: list[str]) -> str:
    title = " ".join(text_in(record, "title").split())
    if not title:
        flags.append("title-not-stated")
    elif len(title) > MAX_TITLE:
        flags.append("title-cut")
    return shortened(title, MAX_TITLE) or slug


def _description(record: Raw) -> str:
    markup = text_in(record, "description_html", "notes", "description")
    return plain_text(markup) or plain_text(text_in(record, "summary"))


def _licence(record: Raw) -> tuple[list[str], Any]:
    stated = record.get("licence")
    if isinstance(stated, dict):
        title, url = text_in(stated, "title"), text_in(stated, "url")
    else:
        nested = part_of(part_of(record, "readonly"), "licence")
        title = text_in(nested, "title") or text_in(record, "license_title", "licence", "license_id")
        url = text_in(nested, "url") or text_in(record, "license_url")
    licence = licence_of("" if title.lower() in NO_LICENCE else title, url)
    if licence is None:
        return ["licence-not-stated"], None
    return (["licence-not-open"] if says_not_open(licence) else []), licence


def _spellings(record: Raw) -> Sequence[str]:
    """Every name under which the record might name its publisher, the most telling first."""
    custom = part_of(record, "custom")
    return [
        text_in(record, "publisher"),
        text_in(part_of(record, "organization"), "title"),
        text_in(part_of(record, "team"), "title"),
        text_in(part_of(record, "masthead"), "title"),
        text_in(record, "author"),
        text_in(custom, "author"),
        text_in(record, "maintainer"),
    ]


def _contact(record: Raw) -> Contact | None:
    custom, contact = part_of(record, "custom"), part_of(record, "contact")
    name = text_in(contact, "title", "name") or text_in(record, "maintainer", "author") or text_in(custom, "author")
    email = text_in(contact, "email") or text_in(record, "contact", "maintainer_email", "author_email")
    email = email or text_in(custom, "author_email")
    return Contact(name=name, email=email if "@" in email else "") if name or email else None


def _topics(record: Raw) -> list[str]:
    return texts_in(record, "topics", "id", "title") or texts_in(record, "groups", "name", "title")


def _geography(record: Raw) -> str:
    names = ("smallest_geography", "london_smallest_geography", "geo")
    return text_in(record, *names) or text_in(part_of(record, "custom"), *names)


def _period(files: Files) -> Period:
    """From the first to the last day that a file covers; not stated when the portal has them the wrong way round."""
    start, end = min(files.starts, default=None), max(files.ends, default=None)
    return Period() if start and end and end < start else Period(start=start, end=end)


def _file_flags(record: Raw, files: Files) -> list[str]:
    flags = ["bad-address"] if files.refused else []
    if files.distributions:
        return flags
    unknown = record.get("resources_known") is False or not isinstance(record.get("resources"), list | dict)
    return [*flags, "files-unknown" if unknown else "no-files"]


def _archived(record: Raw) -> bool:
    return bool(text_in(record, "archivedAt")) or text_in(record, "state").lower() in ("deleted", "archived")


def _is_test(record: Raw, slug: str) -> bool:
    names = f"{slug} {slugify(text_in(record, 'title'))}"
    return any(_TEST.search(name) for name in names.split()) and not _EXAMINATION.search(names)


def _address(text: str) -> str:
    """Give a web address if it is one."""
    try:
        return web_address(clean(text).replace(" ", "%20")) if text else ""
    except ValueError:
        return ""


def _is_opaque(identifier: str) -> bool:
    """Tell whether an identifier says nothing to people: a UUID, or a few letters and digits."""
    return bool(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-z]{5}", identifier))
