"""A view of a GeoJSON file: one feature at a time, each written anew from what may be read of it."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from londata.errors import ReadError
from londata_hub.gateway.row_rules import check_comparisons, unfit, value_fits
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.views import Source, Terms

#: What the shape of a feature is called among the columns.
GEOMETRY = "geometry"
CHUNK = 1 << 20
#: The largest feature that is taken into memory.
MOST = 256 * 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")


def write(source: Source, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    """Write the view.

    Parameters
    ----------
    source
        The whole file.
    terms
        What may be read of it.
    out
        Takes the view.

    Returns
    -------
    dict
        The number of its ``rows``, and its ``columns``.

    Raises
    ------
    AccessDeniedError
        The terms do not fit the file.
    ReadError
        The file is broken.
    """
    try:
        with source.open() as file:
            return _write(_Parts(file, terms.distribution.options.encoding or "utf-8-sig"), terms, out)
    except (ValueError, RecursionError, LookupError):  # whose messages may quote what is in the file
        raise _broken() from None


def _write(parts: _Parts, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    check_comparisons(terms.rows)
    if GEOMETRY in terms.rows.columns:
        raise unfit("rows cannot be chosen by their geometry")
    seen: dict[str, None] = {GEOMETRY: None}
    looked_at, rows, crs = 0, 0, ""
    out.write(b'{"type": "FeatureCollection", "features": [')
    for member, value in parts.members():
        if member == "type" and value != "FeatureCollection":
            raise _broken()
        if member == "crs":
            crs = _named_crs(value)
        if member != "features":
            continue
        looked_at += 1
        properties, geometry = _checked(value)
        seen.update(dict.fromkeys(properties))
        if all(value_fits(properties.get(condition.column), condition) for condition in terms.rows.conditions):
            out.write((",\n" if rows else "\n").encode() + _feature(value, properties, geometry, terms.columns))
            rows += 1
    out.write(f"\n]{crs}}}".encode())
    given = terms.given(list(seen)) if looked_at or terms.columns is None else list(terms.columns)
    return {"rows": rows, "columns": given}


def _checked(feature: Any) -> tuple[dict[str, Any], Any]:
    """Give the properties and the geometry of a feature."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _broken()
    properties, geometry = feature.get("properties"), feature.get("geometry")
    if not isinstance(properties, dict | None) or not isinstance(geometry, dict | None):
        raise _broken()
    return {name: value for name, value in (properties or {}).items() if name != GEOMETRY}, geometry


def _feature(feature: Any, properties: dict[str, Any], geometry: Any, columns: tuple[str, ...] | None) -> bytes:
    """Write a feature anew. Members that are no columns (a bounding box, what a programme added) stay behind."""
    given: dict[str, Any] = {"type": "Feature"}
    if columns is None:
        given |= {"id": feature["id"]} if isinstance(feature.get("id"), str | int) else {}
    else:
        properties = {name: value for name, value in properties.items() if name in columns}
        geometry = geometry if GEOMETRY in columns else None
    given |= {"properties": properties, "geometry": geometry}
    return json.dumps(given, allow_nan=False).encode()


def _named_crs(value: Any) -> str:
    """Keep the name of a coordinate reference system, which files of the older standard state."""
    if isinstance(value, dict) and isinstance(value.get("properties"), dict):
        name = value["properties"].get("name")
        if value.get("type") == "name" and isinstance(name, str):
            return ', "crs": ' + json.dumps({"type": "name", "properties": {"name": name}})
    return ""


class _Parts:
    """Reads a JSON object part by part; of the list ``features``, one item at a time."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._json = json.JSONDecoder(parse_constant=_refuse)
        self._text, self._at, self._ended = "", 0, False

    def members(self) -> Iterator[tuple[str, Any]]:
        """Give each member; ``features`` once for each of its items."""
        self._take("{")
        while self._next() != "}":
            name = self._value()
            self._take(":")
            if name == "features":
                self._take("[")
                while self._next() != "]":
                    yield name, self._value()
                    self._comma("]")
                self._take("]")
            else:
                yield name, self._value()
            self._comma("}")
        self._take("}")
        if self._next(must=False):
            raise ValueError

    def _next(self, *, must: bool = True) -> str:
        """Tell the next sign that is no space, without taking it."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(CHUNK):
                if must:
                    raise ValueError
                return ""

    def _take(self, sign: str) -> None:
        if self._next() != sign:
            raise ValueError
        self._at += 1

    def _comma(self, end: str) -> None:
        if self._next() == ",":
            self._at += 1
            if self._next() == end:
                raise ValueError
        elif self._next() != end:
            raise ValueError

    def _value(self) -> Any:
        """Take one value, reading on as long as it is not whole; a number at the very end might go on."""
        wanted = CHUNK
        self._next()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more(wanted):
                    raise
            else:
                if end < len(self._text) or self._text[end - 1] in '}]"' or not self._more(CHUNK):
                    self._at = end
                    return value
            wanted *= 2

    def _more(self, wanted: int) -> bool:
        if self._ended or len(self._text) - self._at > MOST:
            return False
        piece = self._file.read(wanted)
        self._ended = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, final=self._ended)
        self._at = 0
        return True


def _refuse(_: str) -> None:
    raise ValueError


def _broken() -> ReadError:
    return ReadError(
        "The file of this data is not a GeoJSON collection of features.", hint="Tell the steward of the data."
    )
