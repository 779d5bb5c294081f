"""``londata read``: the first rows of a dataset, or all of it into a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from londata.errors import UsageError

#: file ending → the method of a table that writes it.
_WRITERS = {".csv": "to_csv", ".parquet": "to_parquet", ".json": "to_json", ".geojson": "to_file", ".nc": "to_netcdf"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("entry", help="slug or key of the entry, as borough-profile")
    parser.add_argument("--distribution", help="which one, where there are several, as csv")
    parser.add_argument("--project", help="for which project, where the data is not open, as school-places")
    parser.add_argument("--columns", help="names of columns with commas between them (default: all)")
    parser.add_argument("--rows", type=int, default=10, help="most rows to print (default: 10)")
    parser.add_argument("--out", type=Path, help=f"write all of it to this file: {', '.join(_WRITERS)}")


def run(arguments: argparse.Namespace) -> int:
    """Read, and print or write."""
    from londata.intake_catalog import open_catalog

    if arguments.out and arguments.out.suffix not in _WRITERS:
        raise UsageError(
            f"londata does not write {arguments.out.suffix or 'files without an ending'}.",
            hint=f"End the file's name in {', '.join(_WRITERS)}.",
        )
    if arguments.out and not arguments.out.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {arguments.out.parent} to write to.", hint="Make it, or choose another.")
    if arguments.project:
        from londata.sharing.choosing import use_project

        use_project(arguments.project)
    columns = [name.strip() for name in arguments.columns.split(",")] if arguments.columns else None
    entry = open_catalog()[arguments.entry]
    value = entry.read(columns, distribution=arguments.distribution)
    if arguments.out:
        _write(value, arguments.out)
        print(f"wrote {arguments.out} ({_size(value)})")
        return 0
    if hasattr(value, "data_vars"):
        print(value)
    else:
        print(value.head(max(0, arguments.rows)).to_string(index=False))
        print(_size(value))
    return 0


def _write(value: Any, path: Path) -> None:
    method = getattr(value, _WRITERS[path.suffix], None)
    if method is None:
        raise UsageError(
            f"What was read cannot be written as {path.suffix}.", hint="Try .csv for tables, .nc for grids."
        )
    try:
        if path.suffix in (".csv", ".parquet"):
            method(path, index=False)
        else:
            method(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Choose another file with --out."
        ) from error


def _size(value: Any) -> str:
    if hasattr(value, "data_vars"):
        return ", ".join(f"{name} {size:,}" for name, size in value.sizes.items())
    return f"{len(value):,} rows, {len(value.columns)} columns"
