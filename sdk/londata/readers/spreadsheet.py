"""Excel (xls, xlsx) and OpenDocument spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from londata.readers.columns import as_kind
from londata.readers.wanted import Wanted


def read(path: Path, wanted: Wanted) -> Any:
    """Read one table of one sheet."""
    options = wanted.options
    with path.open("rb") as file:
        frame = pd.read_excel(
            file,
            sheet_name=options.sheet if options.sheet is not None else 0,
            header=options.header_row or 0,
            usecols=options.cells or None,
            engine="calamine",
            nrows=wanted.rows,
        )
    return as_kind(frame if wanted.columns is None else frame[list(wanted.columns)], wanted.kind)
