"""JSON that holds records: a list of objects, alone or under one name, or one object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from londata.errors import ReadError
from londata.readers.columns import as_kind, check_recorded, with_dates
from londata.readers.wanted import Wanted, listed, positions


def read(path: Path, wanted: Wanted) -> Any:
    """Read records as a table; an object inside a record becomes columns ``outer.inner``, a list stays a list."""
    records = _records(_parse(path, wanted.options.encoding or "utf-8-sig"))
    frame = pd.json_normalize(records if wanted.rows is None else records[: wanted.rows])
    for name in wanted.options.text:
        if name in frame.columns:
            frame[name] = frame[name].map(lambda value: value if pd.isna(value) else str(value))
    if wanted.columns is not None:
        frame = frame.iloc[:, positions(wanted.columns, list(frame.columns))]
    elif records:
        check_recorded(wanted.options, list(frame.columns))
    return as_kind(with_dates(frame, wanted.options.dates), wanted.kind)


def _parse(path: Path, encoding: str) -> Any:
    try:
        text = path.read_text(encoding=encoding)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data"):
                raise
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError, LookupError) as error:
        raise ReadError(
            f"The file is not JSON: {str(error)[:200]}.",
            hint="Fetch it again; if that does not help, tell the publisher.",
        ) from error


def _records(found: Any) -> list[dict[str, Any]]:
    if _is_records(found):
        return list(found)
    lists = (
        {name: value for name, value in found.items() if _is_records(value) and value}
        if isinstance(found, dict)
        else {}
    )
    if len(lists) == 1:
        return list(next(iter(lists.values())))
    if lists:
        what = f"it holds several lists of records: {listed(list(lists))}"
    elif isinstance(found, dict):
        what = f"it is one object with {listed(list(found))}"
    else:
        what = f"it is a {type(found).__name__}"
    raise ReadError(
        f"The JSON is not a table: {what}.", hint="Fetch the file itself and take it apart with json.loads."
    )


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
