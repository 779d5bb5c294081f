"""What portals call licences, areas, frequencies and formats, and what the register calls them. Tables, and pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from londata.records import Geography, Licence
from londata.records.vocabulary import FORMATS, LICENCES, MEDIA_TYPES, Frequency, GeographyLevel

#: Ways to say that no licence is stated.
NO_LICENCE = frozenset({"", "not specified", "notspecified", "license not specified", "licence not specified", "none"})
#: A portal's own name of a licence → id. Names without a version stay in their own words: a version is never guessed.
_LICENCE_NAMES = {
    "uk open government licence (ogl v3)": "ogl-3",
    "uk open government licence (ogl v2)": "ogl-2",
    "uk-ogl-3": "ogl-3",
    "open data commons open database license (odbl)": "odbl-1",
    "odc-odbl": "odbl-1",
    "all rights reserved": "all-rights-reserved",
} | {title.lower(): licence for licence, (title, _) in LICENCES.items()}

GEOGRAPHY: dict[str, GeographyLevel] = {
    "local authority": "borough",
    "borough": "borough",
    "greater london": "london",
    "ward": "ward",
    "region": "region",
    "point location": "point",
    "coordinates": "point",
    "address": "address",
    "output area": "output-area",
    "lower super output area": "lsoa",
    "lsoa": "lsoa",
    "middle super output area": "msoa",
    "msoa": "msoa",
    "20 metre grid": "grid",
    "100m grid squares": "grid",
    "1km grid squares": "grid",
    "postcode sector": "postcode",
    "unit postcode": "postcode",
    "postcode": "postcode",
    "parliamentary constituency": "constituency",
    "gla constituency": "constituency",
    "education institution": "site",
    "schools": "site",
    "hospitals": "site",
    "airports": "site",
    "train stations": "site",
    "country": "country",
}
_NO_GEOGRAPHY = frozenset({"", "n/a", "none", "not applicable"})

_FREQUENCY: dict[str, Frequency] = {
    "real time": "continuous",
    "real-time": "continuous",
    "hourly": "hourly",
    "daily": "daily",
    "weekly": "weekly",
    "monthly": "monthly",
    "quarterly": "quarterly",
    "termly": "termly",
    "six monthly": "biannual",
    "biannual": "biannual",
    "bi-annual": "biannual",
    "annual": "annual",
    "annually": "annual",
    "yearly": "annual",
    "every two years": "biennial",
    "biennial": "biennial",
    "decennial": "decennial",
    "every ten years": "decennial",
    "ad hoc": "irregular",
    "ad-hoc": "irregular",
    "irregular": "irregular",
    "one off": "never",
    "one-off": "never",
    "never": "never",
}

#: A portal's word for a format that says more than the ending of the file's name (``zip``, ``json``) does.
_TELLING = {
    "geopackage": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
_ZIPPED_SHAPES = frozenset({"shp", "shapefile"})
_OTHER_MEDIA_TYPES = {
    "application/vnd.ms-excel.sheet.macroenabled.12": MEDIA_TYPES["xlsm"],
    "application/x-zip-compressed": "application/zip",
}
UNKNOWN = "application/octet-stream"
LONGEST_ENDING = 16
_ENDING = re.compile(r"\.([a-z0-9]{2,10})\s*$")


def licence_of(title: str, url: str = "") -> Licence | None:
    """Read a stated licence; ``None`` when none is stated. Words that are in no list are kept as they are."""
    if title.lower() in NO_LICENCE and not url:
        return None
    found = _LICENCE_NAMES.get(title.lower()) or next(
        (name for name, (_, at) in LICENCES.items() if _same(at, url)), ""
    )
    return Licence.from_dict(_known(found)) if found else Licence(title=title or url, url=url)


def says_not_open(licence: Licence | None) -> bool:
    """Tell whether a licence says of itself that it is not open."""
    return licence is not None and (licence.id == "all-rights-reserved" or "not open" in licence.title.lower())


def _known(name: str) -> dict[str, str]:
    title, url = LICENCES[name]
    return {"id": name, "title": title, "url": url}


def _same(known: str, given: str) -> bool:
    def bare(address: str) -> str:
        return re.sub(r"^https?://(www\.)?", "", address.lower()).rstrip("/")

    return bool(known and given) and bare(known) == bare(given)


def geography_of(text: str) -> Geography:
    """Read a portal's words for the smallest area, keeping them."""
    if text.lower() in _NO_GEOGRAPHY:
        return Geography(original=text)
    return Geography(level=GEOGRAPHY.get(text.lower(), "other"), original=text)


def frequency_of(text: str) -> Frequency:
    """Read a portal's words for how often it updates."""
    return _FREQUENCY.get(text.lower().strip(), "not stated")


def media_type_of(names: Iterable[str], declared: str, mimetype: str) -> str:
    """Decide what a file is: by its name where that says it, else by what the portal says, else not at all.

    Parameters
    ----------
    names
        File name, title and address, the most trustworthy first.
    declared
        The portal's word for the format: ``csv``, or something vague like ``spreadsheet``.
    mimetype
        What the portal's server said.
    """
    said = declared.lower().lstrip(".")
    endings = [match[1] for name in names if (match := _ENDING.search(name[-LONGEST_ENDING:].lower()))]
    ending = next((each for each in endings if each in MEDIA_TYPES), "")
    mime = mimetype.lower().split(";")[0].strip()
    mime = _OTHER_MEDIA_TYPES.get(mime, mime)
    if said in _TELLING and ending in ("", "json"):
        return _TELLING[said]
    if said in _ZIPPED_SHAPES and (ending == "zip" or (not endings and mime == "application/zip")):
        return MEDIA_TYPES["shapefile"]
    for candidate in (MEDIA_TYPES.get(ending), MEDIA_TYPES.get(said), mime):
        if candidate in FORMATS:
            return str(candidate)
    return UNKNOWN
