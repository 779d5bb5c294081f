"""Read the files of a portal's record as distributions. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import unquote, urlsplit

from londata.records import Distribution, slugify
from londata.records.vocabulary import FORMATS, MEDIA_TYPES
from londata_hub.harvest.raw import Raw, date_in, number_in, records_in_field, text_in
from londata_hub.harvest.terms import media_type_of

MAX_NAME = 80


@dataclass(frozen=True)
class Files:
    """The files of a record: those that have a usable address, the addresses that are not, and the days covered."""

    distributions: tuple[Distribution, ...]
    refused: tuple[str, ...]
    starts: list[dt.date] = field(default_factory=list)
    ends: list[dt.date] = field(default_factory=list)


def files_of(record: Raw) -> Files:
    """Read the resources and links of a record, in the portal's order."""
    resources = sorted(records_in_field(record, "resources"), key=_order)
    found: dict[str, Distribution] = {}
    refused = []
    for resource in [*resources, *records_in_field(record, "links")]:
        address = text_in(resource, "url").replace(" ", "%20")
        try:
            distribution = _distribution(resource, address, found)
        except ValueError:
            refused.append(address)
        else:
            found[distribution.id] = distribution
    starts = [date_in(resource, "timeframeFrom", "temporal_coverage_from") for resource in resources]
    ends = [date_in(resource, "timeframeTo", "temporal_coverage_to") for resource in resources]
    return Files(tuple(found.values()), tuple(refused), list(filter(None, starts)), list(filter(None, ends)))


def _order(resource: Raw) -> int:
    return number_in(resource, "order", "position") or 0


def _distribution(resource: Raw, address: str, taken: dict[str, Distribution]) -> Distribution:
    title, declared = text_in(resource, "title", "name"), text_in(resource, "format")
    file_name = text_in(resource, "filename")
    in_address = unquote(urlsplit(address).path.rpartition("/")[2])
    mimetype = text_in(resource, "mimetype", "check_mimetype")
    media_type = media_type_of([file_name, title, in_address], declared, mimetype)
    short = FORMATS[media_type]
    return Distribution(
        id=_name(title or file_name or in_address, short, text_in(resource, "id"), taken),
        title=title,
        url=address,
        media_type=media_type,
        size_bytes=number_in(resource, "size", "check_size"),
        original_format="" if declared.lower() == short else declared,
    )


def _name(title: str, short: str, identifier: str, taken: dict[str, Distribution]) -> str:
    """Name a distribution after its title; where two have the same, by format and then by the portal's identifier."""
    stem, _, ending = title.rpartition(".")
    base = slugify(stem if stem and ending.lower() in MEDIA_TYPES else title)[:MAX_NAME].strip("-")
    names = [base, f"{base}-{short}", f"{base}-{slugify(identifier)[:8].strip('-')}"]
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in chain(names, numbered) if name not in taken)
