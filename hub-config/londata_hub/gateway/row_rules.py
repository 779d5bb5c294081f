"""The row filter of an agreement, turned into comparisons of columns by a fixed table.

A filter is data: nothing of it is ever evaluated as text. Where it does not fit the data (a column is not there, is of
another type), the answer is a denial, never all rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from londata.errors import AccessDeniedError
from londata.records import Condition, RowFilter
from londata.records.row_filter import Plain

_INTEGERS_IN_DOUBLE = 2**53


def unfit(problem: str) -> AccessDeniedError:
    """Say that the terms of an agreement do not fit the data, so that nothing is given."""
    return AccessDeniedError(
        f"The agreement's terms do not fit this data, so nothing of it can be given: {problem}.",
        hint="Tell the steward of the data; the agreement's record or the file has to be mended.",
    )


def _any_of(column: pa.Array, values: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):  # 0.0 is -0.0, which a look-up by hash does not know
        return reduce(pc.or_kleene, (pc.equal(column, value) for value in values))
    return pc.is_in(column, value_set=values)


#: Comparison → which values of a column fit. Values that are missing are taken out afterwards, whatever this says.
_COMPARISONS: Mapping[str, Callable[[pa.Array, pa.Array], pa.Array]] = {
    "is": _any_of,
    "is not": lambda column, values: pc.invert(_any_of(column, values)),
    "at least": lambda column, values: pc.greater_equal(column, values[0]),
    "at most": lambda column, values: pc.less_equal(column, values[0]),
}


@dataclass(frozen=True)
class _Rule:
    column: str
    comparison: str
    values: pa.Array

    def holds(self, batch: pa.RecordBatch) -> pa.Array:
        column = _compared(batch.column(self.column))
        there = pc.is_valid(column)
        if pa.types.is_floating(column.type):
            there = pc.and_(there, pc.invert(pc.fill_null(pc.is_nan(column), True)))
        fits = pc.fill_null(_COMPARISONS[self.comparison](column, self.values), False)
        return pc.and_(there, fits)


class RowRules:
    """A row filter, ready for the batches of one file.

    Parameters
    ----------
    rows
        The filter.
    schema
        The columns of the file, with their types.

    Raises
    ------
    AccessDeniedError
        The filter does not fit the file.
    """

    def __init__(self, rows: RowFilter, schema: pa.Schema) -> None:
        self._rules = [_rule(condition, schema) for condition in rows.conditions]

    def chosen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give the rows that fit, as a batch of their own."""
        return batch.filter(self.mask(batch)) if self._rules else batch

    def mask(self, batch: pa.RecordBatch) -> pa.Array:
        """Say of each row whether it fits; there must be a rule."""
        return reduce(pc.and_, (rule.holds(batch) for rule in self._rules))


def _rule(condition: Condition, schema: pa.Schema) -> _Rule:
    places = schema.get_all_field_indices(condition.column)
    if len(places) != 1:
        there = "has no column" if not places else "has several columns"
        raise unfit(f"the file {there} {condition.column!r}")
    kind = _compared_type(schema.field(places[0]).type)
    if condition.comparison not in _COMPARISONS:
        raise unfit(f"there is no comparison {condition.comparison!r}")
    if pa.types.is_boolean(kind) and condition.comparison in ("at least", "at most"):
        raise unfit(f"{condition.column!r} is yes or no, and has no order")
    values = pa.array([_scalar(value, kind, condition) for value in condition.values], kind)
    return _Rule(condition.column, condition.comparison, values)


def _compared_type(kind: pa.DataType) -> pa.DataType:
    """Say as what type a column is compared."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.large_string() if _is_text(kind) else kind


def _compared(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(_compared_type(column.type))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _scalar(value: Plain, kind: pa.DataType, condition: Condition) -> Any:
    """Read one value as a column's type; only what says the same in both is read."""
    for fits, read in _READINGS:
        if fits(kind):
            try:
                found = read(value, kind)
                if found is not None:
                    return pa.scalar(found, kind).as_py() if not pa.types.is_timestamp(kind) else found
            except (ValueError, OverflowError, pa.ArrowException):
                pass
            break
    raise unfit(f"{condition.column!r} holds {kind}, and the filter compares it with {type(value).__name__}")


def _text(value: Plain, _: pa.DataType) -> Any:
    return value if isinstance(value, str) else None


def _truth(value: Plain, _: pa.DataType) -> Any:
    return value if isinstance(value, bool) else None


def _whole(value: Plain, _: pa.DataType) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == int(value) else None


def _broken(value: Plain, kind: pa.DataType) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    if isinstance(value, int) and abs(value) > _INTEGERS_IN_DOUBLE:
        return None
    return float(value)


def _date(value: Plain, _: pa.DataType) -> Any:
    """Read a day as 2026-01-31; Python also takes weeks (2026-W05-6), and nobody writes these in agreements."""
    day = dt.date.fromisoformat(value) if isinstance(value, str) else None
    return day if day and day.isoformat() == value else None


def _moment(value: Plain, kind: pa.DataType) -> Any:
    """Read a time; one with a zone is only compared with times that have one."""
    if not isinstance(value, str):
        return None
    moment = dt.datetime.fromisoformat(value)
    return moment if (moment.tzinfo is None) == (kind.tz is None) else None


#: Which types can be compared, and how a value is read as one of them.
_READINGS: Sequence[tuple[Callable[[pa.DataType], bool], Callable[[Plain, pa.DataType], Any]]] = (
    (_is_text, _text),
    (pa.types.is_boolean, _truth),
    (pa.types.is_integer, _whole),
    (lambda kind: pa.types.is_float32(kind) or pa.types.is_float64(kind), _broken),
    (pa.types.is_date, _date),
    (pa.types.is_timestamp, _moment),
)


def check_comparisons(rows: RowFilter) -> None:
    """Stop at a comparison that has no meaning, before the first value.

    Raises
    ------
    AccessDeniedError
        True and false have no order.
    """
    for condition in rows.conditions:
        if condition.comparison in ("at least", "at most") and isinstance(condition.values[0], bool):
            raise unfit(f"{condition.column!r} is compared with yes or no, which have no order")


def value_fits(value: Any, condition: Condition) -> bool:
    """Compare one value that JSON knows: text, a number, true or false. What is missing never fits.

    Raises
    ------
    AccessDeniedError
        The value is of another type than those of the condition.
    """
    if value is None:
        return False
    if any(_json_type(value) != _json_type(wanted) for wanted in condition.values):
        raise unfit(f"{condition.column!r} holds values of another type than the filter compares it with")
    return _JSON_COMPARISONS[condition.comparison](value, condition.values)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else f"{type(value).__name__}, which has no order"


_JSON_COMPARISONS: Mapping[str, Callable[[Any, Sequence[Plain]], bool]] = {
    "is": lambda value, wanted: value in wanted,
    "is not": lambda value, wanted: value not in wanted,
    "at least": lambda value, wanted: bool(value >= wanted[0]),
    "at most": lambda value, wanted: bool(value <= wanted[0]),
}
