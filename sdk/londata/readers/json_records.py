"""JSON that holds records: a list of objects, alone or under one name, one object a line, or lists within lists."""

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
    found = _parse(path, wanted.options.encoding or "utf-8-sig")
    records = _nested(found, wanted.options.records) if wanted.options.records else _records(found)
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


def _nested(found: Any, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """Walk lists that lie in each other; what stands beside a list becomes columns ``list.name`` of each record in it.

    One object where others have a list stands for a list of one, and a list that is left out for none: some services
    write them so. A list that is nowhere is an error.
    """
    rows: list[tuple[dict[str, Any], Any]] = [({}, found)]
    above = ""
    for name in path:
        further: list[tuple[dict[str, Any], Any]] = []
        for beside, at in rows:
            if not isinstance(at, dict):
                raise _unlike(f"{above or 'it'} holds something else than objects")
            prefix = f"{above}." if above else ""
            own = {f"{prefix}{key}": value for key, value in at.items() if not isinstance(value, dict | list)}
            below = at.get(name)
            further += [
                (beside | own, each) for each in (below if isinstance(below, list) else [below] if below else [])
            ]
        if not further:
            raise _unlike(f"there is no {name!r} in {above or 'it'}")
        rows, above = further, name
    if not _is_records([at for _, at in rows]):
        raise _unlike(f"{above} holds something else than objects")
    return [beside | at for beside, at in rows]


def _unlike(what: str) -> ReadError:
    return ReadError(
        f"The JSON is not as its record says: {what}.",
        hint="Look at the file itself, and say records=[…]: the lists that lie in each other, from the outside in.",
    )


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
