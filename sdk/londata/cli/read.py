"""``londata read``: the first rows of a dataset, or all of it into a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from londata.errors import UsageError, printable

#: file ending → the method of a table that writes it.
_WRITERS = {".csv": "to_csv", ".parquet": "to_parquet", ".json": "to_json", ".geojson": "to_file", ".nc": "to_netcdf"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("entry", help="slug or key of the entry, as borough-profile")
    parser.add_argument("--distribution", help="which one, where there are several, as csv")
    parser.add_argument("--project", help="for which project, where the data is not open, as school-places")
    parser.add_argument("--columns", help="names of columns with commas between them (default: all)")
    parser.add_argument("--rows", type=int, default=10, help="most rows to read and print (default: 10)")
    parser.add_argument(
        "--out",
        type=Path,
        help=f"write all of it to this file: {', '.join(_WRITERS)}. What is not open stays under its agreement, also "
        "as a file: the command says under which, and what may leave the workbench. It does not refuse, because the "
        "file stays in your home",
    )


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
    if arguments.out:
        value = entry.read(columns, distribution=arguments.distribution)
        _write(value, arguments.out)
        print(f"wrote {arguments.out} ({_size(value)})")
        _say_terms(arguments.out)
        return 0
    rows = max(0, arguments.rows)
    value = entry.discover(columns=columns, distribution=arguments.distribution, nrows=rows)
    if hasattr(value, "data_vars"):
        print(value)
        print(f"at most the first {rows:,} along each dimension")
    else:
        print(value.to_string(index=False))
        print(_size(value) if len(value) < rows else f"{_size(value)}; there may be more")
    return 0


def _say_terms(path: Path) -> None:
    """Say beside the results on which agreement a file rests, and what may leave the workbench."""
    from londata import readlog
    from londata.records.legal import OUTPUTS

    read = readlog.reads()[-1]
    if read.access == "open":
        return
    agreement = f"the agreement {read.agreement}" if read.agreement else "the terms of the body that holds the data"
    rule = OUTPUTS.get(read.outputs or "", "Ask its stewards what may leave the workbench.")
    said = f"{path.name} rests on {agreement}, for the project {read.project or 'of this session'}. {rule}"
    print(printable(said), file=sys.stderr)


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
    rows = "1 row" if len(value) == 1 else f"{len(value):,} rows"
    return f"{rows}, 1 column" if len(value.columns) == 1 else f"{rows}, {len(value.columns)} columns"
