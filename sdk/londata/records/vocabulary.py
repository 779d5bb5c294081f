"""The code lists that records use, each one table.

Sources: ODI Data Spectrum (access), DCMI/EU frequency terms (update frequency), ONS geography levels,
IANA media types, The National Archives and Creative Commons (licences).
"""

from __future__ import annotations

from typing import Literal, get_args

Access = Literal["open", "shared", "closed"]
Listing = Literal["public", "members", "hidden"]
PersonalData = Literal["none", "pseudonymised", "personal", "special category", "not stated"]
Kind = Literal["dataset", "service", "insight", "list"]
InsightForm = Literal["app", "report", "model", "visualisation"]
Frequency = Literal[
    "continuous",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "termly",
    "biannual",
    "annual",
    "biennial",
    "decennial",
    "irregular",
    "never",
    "not stated",
]
GeographyLevel = Literal[
    "point",
    "address",
    "postcode",
    "output-area",
    "lsoa",
    "msoa",
    "ward",
    "constituency",
    "borough",
    "london",
    "region",
    "country",
    "site",
    "line",
    "grid",
    "other",
    "not stated",
]
PublisherKind = Literal["gla", "borough", "transport", "police", "fire", "nhs", "national", "academic", "other"]

NOT_STATED = "not stated"

#: id → (title, address). A licence that is in no list keeps its own words; one that is missing is "not stated".
LICENCES: dict[str, tuple[str, str]] = {
    "ogl-3": (
        "Open Government Licence v3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    ),
    "ogl-2": (
        "Open Government Licence v2.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/2/",
    ),
    "cc-by-4": ("Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa-4": ("Creative Commons Attribution-ShareAlike 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "cc-by-nc-4": (
        "Creative Commons Attribution-NonCommercial 4.0",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
    "cc0-1": ("Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "odbl-1": ("Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "odc-by-1": ("Open Data Commons Attribution 1.0", "https://opendatacommons.org/licenses/by/1-0/"),
    "public-domain": ("Public domain", "https://creativecommons.org/publicdomain/mark/1.0/"),
    "tfl-transport-data": (
        "TfL Transport Data Service terms",
        "https://tfl.gov.uk/corporate/terms-and-conditions/transport-data-service",
    ),
    "mit": ("MIT License", "https://opensource.org/license/mit"),
    "bsd-3-clause": ("BSD 3-Clause License", "https://opensource.org/license/bsd-3-clause"),
    "all-rights-reserved": ("All rights reserved", ""),
}

#: media type → the short name that people filter by and that a distribution is called by default.
FORMATS: dict[str, str] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/json": "json",
    "application/geo+json": "geojson",
    "application/geopackage+sqlite3": "gpkg",
    "application/vnd.shp+zip": "shapefile",
    "application/netcdf": "netcdf",
    "application/vnd.zarr+zip": "zarr",
    "application/vnd.esri.featureservice+json": "featureserver",
    "application/xml": "xml",
    "application/gml+xml": "gml",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/rdf+xml": "rdf",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/x-7z-compressed": "7z",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/sql": "sql",
    "application/x-ipynb+json": "notebook",
    "text/html": "html",
    "text/plain": "txt",
    "image/tiff": "tiff",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "application/octet-stream": "binary",
}
#: file ending → media type, for portals that record only a file name.
MEDIA_TYPES: dict[str, str] = {name: media_type for media_type, name in FORMATS.items()} | {
    "nc": "application/netcdf",
    "htm": "text/html",
    "xlsm": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "tif": "image/tiff",
    "ipynb": "application/x-ipynb+json",
    "geoparquet": "application/vnd.apache.parquet",
}

ACCESS_VALUES: tuple[str, ...] = get_args(Access)
KIND_VALUES: tuple[str, ...] = get_args(Kind)
