"""Look into records that other people wrote: any field may be missing, or be of another type than last year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from londata_hub.harvest.plain_text import clean

Raw = Mapping[str, Any]


def text_in(record: Any, *names: str) -> str:
    """Give the first of these fields that holds text (or a number), cleaned; empty when none does."""
    for name in names:
        value = record.get(name) if isinstance(record, dict) else None
        if value is None:
            continue
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and (found := clean(value)):
            return found
    return ""


def part_of(record: Raw, name: str) -> Raw:
    """Give a field that is itself a record; an empty one when it is not."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def texts_in(record: Raw, name: str, *keys: str) -> list[str]:
    """Give the texts of a list whose items are texts, or records with the text under one of ``keys``."""
    value = record.get(name)
    items = value if isinstance(value, list) else []
    found = (text_in({"": item}, "") if isinstance(item, str) else text_in(item, *keys) for item in items)
    return list(dict.fromkeys(filter(None, found)))


def records_in_field(record: Raw, name: str) -> list[Raw]:
    """Give the records of a list, or of a mapping from identifier to record (which then has it as ``id``)."""
    value = record.get(name)
    if isinstance(value, dict):
        value = [{"id": key, **item} for key, item in value.items() if isinstance(item, dict)]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def date_in(record: Raw, *names: str) -> dt.date | None:
    """Give the first of these fields that is a date or time in ISO 8601; ``None`` when none is."""
    for name in names:
        if stated := text_in(record, name):
            try:
                return dt.date.fromisoformat(stated[:10])
            except ValueError:
                continue
    return None


def number_in(record: Raw, *names: str) -> int | None:
    """Give the first of these fields that is a number of bytes."""
    for name in names:
        value = record.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63:
            return int(value)
    return None
