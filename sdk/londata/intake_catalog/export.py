"""The catalog as a plain Intake YAML, for people who have Intake and not londata.

Only full class paths of this table are ever written, and nothing that a publisher wrote reaches Intake as anything
but inert text. What stock Intake cannot read in the way that the register describes is left out, and said.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from londata.intake_catalog.inert import inert, inert_metadata, is_inert
from londata.intake_catalog.reading import FORMS, readable
from londata.records import Distribution, Entry, ReadingOptions
from londata.register import Register


@dataclass(frozen=True)
class _Stock:
    """How stock Intake reads a format: data type, reader, what it gives, and the arguments for some options."""

    datatype: str
    reader: str
    form: str
    arguments: Callable[[ReadingOptions], dict[str, Any] | None]


def _text_table(options: ReadingOptions) -> dict[str, Any] | None:
    """Arguments of ``pandas.read_csv``."""
    found = {
        "sep": options.delimiter,
        "encoding": options.encoding,
        "decimal": options.decimal,
        "header": options.header_row,
        "na_values": list(options.missing),
        "parse_dates": list(options.dates),
        "dtype": dict.fromkeys(options.text, "str"),
    }
    return {name: value for name, value in found.items() if value not in ("", None, [], {})}


def _tabbed(options: ReadingOptions) -> dict[str, Any] | None:
    return {"sep": "\t", **(_text_table(options) or {})}


def _sheet(options: ReadingOptions) -> dict[str, Any] | None:
    """Arguments of ``pandas.read_excel``. Without a stated sheet or header the table would be guessed."""
    if options.sheet is None and options.header_row is None:
        return None
    found = {
        "sheet_name": options.sheet,
        "header": options.header_row,
        "usecols": options.cells,
        "na_values": list(options.missing),
        "parse_dates": list(options.dates),
        "dtype": dict.fromkeys(options.text, "str"),
    }
    return {name: value for name, value in found.items() if value not in ("", None, [], {})}


def _layer(options: ReadingOptions) -> dict[str, Any] | None:
    return {"layer": options.layer} if options.layer else {}


def _nothing(_: ReadingOptions) -> dict[str, Any] | None:
    return {}


_D, _R = "intake.readers.datatypes:", "intake.readers.readers:"
_STOCK: dict[str, _Stock] = {
    "csv": _Stock(f"{_D}CSV", f"{_R}PandasCSV", "pandas", _text_table),
    "tsv": _Stock(f"{_D}CSV", f"{_R}PandasCSV", "pandas", _tabbed),
    "parquet": _Stock(f"{_D}Parquet", f"{_R}PandasParquet", "pandas", _nothing),
    "xlsx": _Stock(f"{_D}Excel", f"{_R}PandasExcel", "pandas", _sheet),
    "geojson": _Stock(f"{_D}GeoJSON", f"{_R}GeoPandasReader", "geopandas", _nothing),
    "gpkg": _Stock(f"{_D}GeoPackage", f"{_R}GeoPandasReader", "geopandas", _layer),
    "shapefile": _Stock(f"{_D}Shapefile", f"{_R}GeoPandasReader", "geopandas", _layer),
    "netcdf": _Stock(f"{_D}HDF5", f"{_R}XArrayDatasetReader", "xarray", _nothing),
}
_GEOPARQUET = _Stock(f"{_D}Parquet", f"{_R}GeoPandasTabular", "geopandas", _nothing)


@dataclass(frozen=True)
class PlainCatalog:
    """A catalogue as Intake writes it, and what was left out with the reason (key → sentence)."""

    values: dict[str, Any]
    left_out: dict[str, str]


def plain_catalog(register: Register, records: Iterable[Entry]) -> PlainCatalog:
    """Write records as a plain Intake catalogue.

    An entry with several distributions becomes one Intake entry for each, as ``school_rolls__csv``.
    """
    data: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for record in records:
        if reason := _whole_reason(record):
            left_out[record.key] = reason
            continue
        several = len(readable(record)) > 1
        for distribution in readable(record):
            name = f"{record.key}__{distribution.id.replace('-', '_')}" if several else record.key
            described = _describe(register, record, distribution)
            if isinstance(described, str):
                left_out[name] = described
            else:
                data[f"{name}__data"], entries[name] = described
                entries[name]["kwargs"]["data"] = f"{{data({name}__data)}}"
    values = {
        "version": 2,
        "data": data,
        "entries": entries,
        "aliases": {name: name for name in entries},
        "user_parameters": {},
        "metadata": {"register": inert(register.address), "left_out": {k: inert(v) for k, v in left_out.items()}},
    }
    return PlainCatalog(values, left_out)


def write_yaml(register: Register, records: Iterable[Entry], path: Any, storage_options: Mapping[str, Any]) -> None:
    """Write a plain Intake YAML; warns with the number of distributions that are left out.

    Parameters
    ----------
    register
        Where the records are from.
    records
        What to write.
    path
        A path or any address that fsspec writes to; what was there is replaced.
    storage_options
        Handed to fsspec.
    """
    import fsspec  # type: ignore[import-untyped]
    import yaml

    plain = plain_catalog(register, records)
    with fsspec.open(str(path), mode="wt", encoding="utf-8", **storage_options) as stream:
        yaml.safe_dump(plain.values, stream, allow_unicode=True, sort_keys=False)
    if plain.left_out:
        count, kept = len(plain.left_out), len(plain.values["entries"])
        warnings.warn(
            f"{count} of {count + kept} distributions are not in {path}, because stock Intake cannot read them; "
            "the file lists them with the reason under metadata: left_out.",
            stacklevel=3,
        )


def _whole_reason(record: Entry) -> str:
    """Say why nothing of an entry can be written; empty when something can."""
    if record.access != "open":
        return f"its access is {record.access}"
    if not readable(record):
        formats = ", ".join(record.formats)
        return f"there is nothing to read: {formats}" if formats else "there is nothing to read"
    return ""


def _describe(
    register: Register, record: Entry, distribution: Distribution
) -> tuple[dict[str, Any], dict[str, Any]] | str:
    """Describe data and reader for Intake, or say why not."""
    stock = _STOCK.get(distribution.format)
    if distribution.format == "parquet" and any(column.type == "geometry" for column in record.columns):
        stock = _GEOPARQUET
    if stock is None:
        return f"stock Intake does not read {distribution.format}"
    arguments = stock.arguments(distribution.options)
    if arguments is None:
        return "the register does not say where on the sheet the table is"
    address = distribution.url.replace("{", "%7B").replace("}", "%7D") or _local_path(register, distribution)
    if not address:
        return "its file is kept by a service of the hub"
    if not is_inert(arguments) or not is_inert(address):
        return "its reading options or its path would be a program to Intake"
    metadata = inert_metadata(record)
    data = {"datatype": stock.datatype, "kwargs": {"url": address}, "metadata": {}, "user_parameters": {}}
    reader = {
        "reader": stock.reader,
        "kwargs": dict(arguments),
        "output_instance": FORMS[stock.form],
        "metadata": metadata,
        "user_parameters": {},
    }
    return data, reader


def _local_path(register: Register, distribution: Distribution) -> str:
    """Find a ``path`` distribution on this machine; empty where the register is behind a service."""
    from londata.catalog_files import FileRegister

    return str(register.loaded.folder / distribution.path) if isinstance(register, FileRegister) else ""
