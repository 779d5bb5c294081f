"""What a file really is, from its first bytes: a login page is not a table."""

from __future__ import annotations

import codecs
import re
from html import unescape
from pathlib import Path
from typing import IO

from londata.errors import ReadError
from londata.readers.wanted import Source

_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
#: First bytes → what they are, in words, and the short names of formats that begin so.
_SIGNATURES: tuple[tuple[bytes, str, frozenset[str]], ...] = (
    (b"PK\x03\x04", "a zip file (or a new Excel file)", frozenset({"xlsx", "xls", "ods", "shapefile", "zarr"})),
    (b"PK\x05\x06", "an empty zip file", frozenset()),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", frozenset({"xls", "xlsx", "ods"})),
    (b"PAR1", "a Parquet file", frozenset({"parquet"})),
    (b"SQLite format 3\x00", "a GeoPackage or SQLite file", frozenset({"gpkg"})),
    (b"\x89HDF", "a NetCDF-4 or HDF5 file", frozenset({"netcdf"})),
    (b"%PDF", "a PDF", frozenset()),
    (b"\x1f\x8b", "packed with gzip", frozenset()),
    (b"7z\xbc\xaf", "a 7z archive", frozenset()),
    (b"CDF", "a classic NetCDF-3 file, which londata does not read yet (NetCDF-4 is read)", frozenset({"csv", "tsv"})),
)
#: Formats that must begin with one of their signatures.
_MUST = frozenset({"parquet", "gpkg", "netcdf", "shapefile", "zarr", "xlsx", "xls", "ods"})
#: How many bytes tell what a file is, and how many a signature has at most.
_HEAD, _SIGNATURE = 4096, 16


def check(source: Source, format_: str) -> None:
    """Stop where the file is plainly something else than its media type says.

    Raises
    ------
    ReadError
        It is empty, a web page, or begins like another format.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                head = file.read(_HEAD)
        except OSError as error:
            raise ReadError(f"The file {source.name} cannot be read: {error.strerror or error}.") from error
    else:
        head = _head_of(source, format_)
    if not head:
        raise ReadError("The file is empty (0 bytes).", hint="Tell the publisher; try again later.")
    if _HTML.match(head.removeprefix(codecs.BOM_UTF8)):
        raise ReadError(
            f"The register promises {format_}, but the address gives a web page{_title(head)}: "
            "a login, or a notice that the file has moved.",
            hint="Look at the landing page of the entry.",
        )
    for signature, words, formats in _SIGNATURES:
        if head.startswith(signature):
            if format_ not in formats:
                raise ReadError(
                    f"The register promises {format_}, but the file is {words}.",
                    hint="Tell the publisher, or read another distribution of the entry.",
                )
            return
    if format_ in _MUST:
        raise ReadError(
            f"The register promises {format_}, but the file does not begin like one: {_glimpse(head)}.",
            hint="Tell the publisher, or read another distribution of the entry.",
        )


def _head_of(file: IO[bytes], format_: str) -> bytes:
    """Read the beginning of an open file: no more than tells a format by its signature, and all where that is wrong."""
    file.seek(0)
    head = file.read(_SIGNATURE)
    if not any(head.startswith(signature) and format_ in formats for signature, _, formats in _SIGNATURES):
        head += file.read(_HEAD - _SIGNATURE)
    file.seek(0)
    return head


def _title(head: bytes) -> str:
    found = _TITLE.search(head)
    words = " ".join(unescape(found[1].decode("utf-8", "replace")).split()) if found else ""
    return f" (“{words[:80]}”)" if words else ""


def _glimpse(head: bytes) -> str:
    return repr(head[:40].decode("ascii", "replace"))
