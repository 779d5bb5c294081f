"""Joins that say how many rows found a match, so that a receipt can.

A plain join on the codes of areas loses those that a newer boundary split or merged, and nobody sees it. So
``londata.merge`` does what ``pandas.merge`` does, and notes what found no match.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from londata import readlog

if TYPE_CHECKING:
    import pandas as pd

#: What counting may stumble over: keys that cannot be compared or found. The join itself has been done by then.
_UNCOUNTABLE = (AttributeError, KeyError, LookupError, MemoryError, TypeError, ValueError)


def merge(left: Any, right: Any, *arguments: Any, name: str = "", **keywords: Any) -> pd.DataFrame:
    """Join two tables as ``pandas.merge`` does, and note how many rows found a match.

    Parameters
    ----------
    left, right
        The tables.
    name
        What the join is called in the receipt, as ``"schools to wards"``.
    *arguments, **keywords
        As ``pandas.merge`` takes them: ``how``, ``on``, ``left_on``, ``validate`` …

    Returns
    -------
    pandas.DataFrame
        Exactly what ``pandas.merge`` gives.
    """
    import pandas

    joined = pandas.merge(left, right, *arguments, **keywords)
    asked = inspect.signature(pandas.merge).bind(left, right, *arguments, **keywords)
    asked.apply_defaults()
    readlog.note(readlog.JOIN, {"name": str(name), **_facts(asked.arguments), "rows": len(joined)})
    return joined


def _facts(asked: dict[str, Any]) -> dict[str, Any]:
    """Describe a join: its keys, and how many rows of either side found a match (``None``: not counted)."""
    left, right = _as_table(asked["left"]), _as_table(asked["right"])
    facts: dict[str, Any] = {"how": str(asked["how"]), "keys": [], "left_rows": len(left), "right_rows": len(right)}
    counts: dict[str, int | None] = dict.fromkeys(("matched", "unmatched_left", "unmatched_right"))
    try:
        left_keys, right_keys = _keys(left, right, asked)
        facts["keys"] = [_name_of(key) for key in left_keys]
        if left_keys:
            mine, theirs = _as_one(left_keys, right_keys)
            found, back = _matches(mine, theirs), _matches(theirs, mine)
        else:
            found, back = len(left) * bool(len(right)), len(right) * bool(len(left))
        counts = {"matched": found, "unmatched_left": len(left) - found, "unmatched_right": len(right) - back}
    except _UNCOUNTABLE:
        pass
    return facts | counts


def _as_table(value: Any) -> Any:
    return value if hasattr(value, "columns") else value.to_frame()


def _keys(left: Any, right: Any, asked: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Take the columns that are compared; none where every row meets every other."""
    if asked["how"] == "cross":
        return [], []
    on_left, on_right = (asked["on"] if asked[side] is None else asked[side] for side in ("left_on", "right_on"))
    if on_left is None and on_right is None and not asked["left_index"] and not asked["right_index"]:
        on_left = on_right = [label for label in left.columns if label in set(right.columns)]
    left_keys = _levels(left) if asked["left_index"] else _columns(left, on_left)
    right_keys = _levels(right) if asked["right_index"] else _columns(right, on_right)
    if len(left_keys) != len(right_keys):
        raise ValueError("the sides have different numbers of keys")
    return left_keys, right_keys


def _levels(table: Any) -> list[Any]:
    return [table.index.get_level_values(place) for place in range(table.index.nlevels)]


def _columns(table: Any, asked: Any) -> list[Any]:
    """Take columns or levels of the index by name, and what is given as values by itself."""
    import pandas

    several = isinstance(asked, list) or (isinstance(asked, tuple) and asked not in table.columns)
    found = []
    for each in asked if several else [asked]:
        if pandas.api.types.is_list_like(each) and not isinstance(each, tuple):
            found.append(pandas.Series(each))
        else:
            found.append(table[each] if each in table.columns else table.index.get_level_values(each))
    return found


def _name_of(key: Any) -> str:
    return "values" if key.name is None else str(key.name)


def _matches(keys: Any, others: Any) -> int:
    """Count the rows whose key is among the others; missing values meet each other, as in pandas."""
    found = keys.isin(others.dropna().unique())
    if others.hasnans:
        found |= keys.isna()
    return int(found.sum())


def _as_one(left_keys: Sequence[Any], right_keys: Sequence[Any]) -> tuple[Any, Any]:
    """Make one key of several, by number: rows have the same number if they have the same values."""
    if len(left_keys) == 1:
        return left_keys[0], right_keys[0]
    import pandas

    numbers = None
    for left, right in zip(left_keys, right_keys, strict=True):
        both = pandas.concat([pandas.Series(left.array), pandas.Series(right.array)], ignore_index=True)
        codes, _ = pandas.factorize(both, use_na_sentinel=False)
        if numbers is not None:  # pairs of numbers, numbered anew so that they stay small
            codes, _ = pandas.factorize(numbers * (int(codes.max(initial=0)) + 1) + codes)
        numbers = codes
    together = pandas.Series(numbers)
    return together[: len(left_keys[0])], together[len(left_keys[0]) :]
