"""Tables of an insight: protected before anybody sees them, left for release when it is checked, read when released.

>>> import pandas as pd
>>> from londata import insights
>>> pupils = pd.DataFrame({"home": ["Camden"] * 43 + ["Brent"] * 58 + ["Barnet"] * 4})
>>> shown = insights.table(
...     "pupils-by-home", lambda: pupils, title="Pupils by borough of home", unit="pupils", by="home"
... )
>>> shown.frame["count"].tolist()
[nan, 60.0, nan, 105.0]
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from londata import settings
from londata.disclosure import TOTAL, WHY, Protected, protect_counts, protect_sums
from londata.errors import ReadError, UsageError
from londata.insights.amounts import require_addable, require_not_below, require_sums
from londata.insights.calling import asks, require_texts
from londata.insights.leaving import Left
from londata.records import Thresholds
from londata.records.base import problems_of
from londata.records.identifiers import MAX_SLUG, SLUG

if TYPE_CHECKING:
    import pandas as pd

NOT_STATED = "not stated"
#: The most rows that are shown at once; all are in ``frame``.
ROWS = 200
Kind = Literal["counts", "sums", "open"]


@dataclass(frozen=True, repr=False)
class InsightTable:
    """A table as it may be shown.

    ``frame`` has its rows, totals included, and nothing where a number is hidden; ``hidden`` says of each of these why.
    """

    name: str
    title: str
    unit: str
    frame: pd.DataFrame
    note: str
    by: tuple[str, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the table as text, and which numbers are hidden and why."""
        gone = [f"  {place}: {why}" for place, why in self.hidden.items()]
        rows = self.frame.head(ROWS).apply(lambda column: column.map(self._written)).to_string(index=False)
        why = ["Hidden:", *gone] if gone else []
        return "\n".join([f"{self.title} ({self.unit})", rows, *self._more(), self.note, *why])

    def _more(self) -> list[str]:
        many = len(self.frame)
        return [f"Rows 1 to {ROWS} of {many:,}; all are in .frame."] if many > ROWS else []

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{_safe(name)}</th>" for name in self.frame.columns)
        body = "".join(self._row(row) for row in self.frame.head(ROWS).itertuples(index=False))
        caption = f"{_safe(self.title)} <span class='unit'>({_safe(self.unit)})</span>"
        notes = "".join(f"<p class='note'>{_safe(line)}</p>" for line in (*self._more(), self.note))
        gone = "".join(f"<li>{_safe(place)}: {_safe(why)}</li>" for place, why in self.hidden.items())
        why = f"<details><summary>Which numbers are hidden, and why</summary><ul>{gone}</ul></details>" if gone else ""
        return (
            f"<div class='londata-table' role='region' aria-label='{_safe(self.title)}' tabindex='0' "
            f"style='overflow-x:auto'><table><caption style='text-align:left'>{caption}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{notes}{why}"
        )

    def _row(self, row: Sequence[Any]) -> str:
        heads = len(self.by) or 1
        cells = [f"<th scope='row' style='text-align:left'>{_safe(each)}</th>" for each in row[:heads]]
        cells += [f"<td style='text-align:right'>{_safe(self._written(each))}</td>" for each in row[heads:]]
        return f"<tr>{''.join(cells)}</tr>"

    def _written(self, value: Any) -> str:
        if value is None or value != value:
            return "hidden" if self.by else ""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return f"{value:,.10g}" if number and abs(value) < 1e10 else f"{value:,.0f}" if number else str(value)


@asks
def table(
    name: str,
    make: Callable[[], pd.DataFrame],
    *,
    title: str,
    unit: str,
    kind: Kind = "counts",
    by: str | Sequence[str] = (),
    value: str = "",
    contributor: str = "",
    thresholds: Thresholds | Mapping[str, float] | None = None,
    hide: Collection[tuple[str, ...]] = (),
) -> InsightTable:
    """Make a table of an insight, protected; in a released app, read the one that was released and make nothing.

    Where the hub checks the insight, the table and its workings are left for release.

    Parameters
    ----------
    name
        What it is called, once in the notebook: ``pupils-by-home``.
    make
        Makes the data: rows of people, or of contributions, or groups with their counts. Rows of people leave it only
        as counts and sums.
    title, unit
        What the table shows, and in which unit its numbers are.
    kind
        ``counts`` of people (or whatever is protected), ``sums`` of what each contributes, or ``open``: as it is, for
        what rests on data that needs no protection.
    by
        The column, or two, by which it is counted or added up. A column of pandas' type ``category`` shows every
        category, also those of nobody; of another, which categories there are tells that the others have nobody.
    value
        Of sums the column that is added up; of counts the column that has them already.
    contributor
        The column that says who contributes; without it every row is somebody else.
    thresholds
        Tighter ones than the usual, as ``{"minimum": 20}``.
    hide
        What is hidden in any case, for instance because an earlier release hides it: ``("Camden", "primary")``, with
        ``"Total"`` for a total.

    Returns
    -------
    InsightTable
        What may be shown; its ``frame`` is for charts.

    Raises
    ------
    UsageError
        The data are not what the table needs.
    ReadError, RegisterUnavailableError, AccessDeniedError
        In a released app: the released table does not come.
    """
    require_texts(name=name, title=title, unit=unit)
    if not name or not SLUG.match(name) or len(name) > MAX_SLUG:
        raise UsageError(f"{name!r} is no name of a table.", hint="Name it like pupils-by-home.")
    if not (title or "").strip() or not (unit or "").strip():
        raise UsageError(f"The table {name} needs a title and a unit.", hint="Say title=… and unit=….")
    columns = (by,) if isinstance(by, str) else tuple(by)
    if slug := settings.get("INSIGHT"):
        return InsightTable(name, title, unit, _released(slug, name), "As it was released.", columns)
    frame = make()
    if not hasattr(frame, "columns") or not hasattr(frame, "itertuples"):
        raise UsageError(f"What makes the table {name} returns no data frame.", hint="Return a pandas DataFrame.")
    if kind == "open":
        left, note, hidden = _as_it_is(name, title, unit, frame), "Shown as it is.", {}
        columns = ()
    else:
        limits = _limits(thresholds or {})
        require_addable(name, value, unit)
        protected = _protected(frame, kind, _needed(frame, name, columns, value, contributor), limits, hide)
        column = value or "count"
        left, note = _as_protected(name, title, unit, protected, column), _care(kind, limits)
        hidden = {
            ", ".join(TOTAL if each is None else each for each in number.place): WHY[number.why]
            for number in protected.numbers
            if number.why
        }
    if folder := settings.get("OUTPUT_TABLES"):
        left.leave(Path(folder))
    else:
        note += " Nothing was left for release: the hub does that when it checks the insight."
    return InsightTable(name, title, unit, left._arrow().to_pandas(), note, columns, hidden)


def _limits(thresholds: Thresholds | Mapping[str, float]) -> Thresholds:
    if isinstance(thresholds, Thresholds):
        return thresholds
    try:
        return Thresholds.from_dict(thresholds)
    except (ValidationError, TypeError, ValueError, AttributeError) as error:
        told = problems_of(error) if isinstance(error, ValidationError) else ["they are no mapping"]
        raise UsageError(
            f"Thresholds are tightened and never loosened: {'; '.join(told)}.", hint='Write {"minimum": 20}.'
        ) from error


@dataclass(frozen=True)
class _Columns:
    name: str
    by: tuple[str, ...]
    value: str
    contributor: str


def _needed(frame: Any, name: str, by: tuple[str, ...], value: str, contributor: str) -> _Columns:
    """See that the columns are there."""
    if len(by) not in (1, 2) or len(set(by)) < len(by):
        raise UsageError(f"The table {name} is by {len(by)} columns.", hint="Say by= one or two of them.")
    for column in filter(None, (*by, value, contributor)):
        if list(frame.columns).count(column) != 1:
            raise UsageError(
                f"The data of the table {name} have no column {column!r}.",
                hint=f"They have {', '.join(map(str, frame.columns))}.",
            )
    if clash := {*by} & {value or "count", "contributions"}:
        raise UsageError(
            f"The table {name} would have two columns {sorted(clash)[0]!r}.", hint="Give the one in by= another name."
        )
    return _Columns(name, by, value, contributor)


def _in_order(column: Any, texts: Iterable[str]) -> list[str]:
    """List what stands in a column once each: categories as they are ordered, numbers by size, else by letters."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        known = column.cat.categories
    elif pd.api.types.is_numeric_dtype(column.dtype):
        known = column.dropna().sort_values().astype("object").unique()
    else:
        known = ()
    return list(dict.fromkeys([*map(str, known), *texts])) if len(known) else sorted(set(texts))


def _protected(frame: Any, kind: str, wanted: _Columns, limits: Thresholds, hide: Collection[Any]) -> Protected:
    if kind not in ("counts", "sums"):
        raise UsageError(
            f"There are no tables of {kind!r}.",
            hint="Say kind='counts', 'sums' or 'open'; make means and rates from the frames of counts and sums.",
        )
    places, every = [], []
    for column in wanted.by:
        texts = frame[column].astype("object").where(frame[column].notna(), NOT_STATED).map(str)
        places.append(texts.tolist())
        every.append(_in_order(frame[column], texts))
    where = list(zip(*places, strict=True))
    grid: list[Any] = (
        [(each,) for each in every[0]] if len(every) == 1 else [(a, b) for a in every[0] for b in every[1]]
    )
    gone = {tuple(None if each == TOTAL else each for each in place) for place in hide}
    if wrong := [place for place in gone if not _is_place(place, every)]:
        raise UsageError(f"The table {wanted.name} has no place {wrong[0]!r} to hide.", hint="Name its categories.")
    if kind == "counts":
        return protect_counts(_counts(frame, wanted, where, grid), wanted.by, limits, hide=gone)
    given = _contributions(frame, wanted, where, grid)
    require_not_below(wanted.name, wanted.value, given)
    made = protect_sums(given, wanted.by, limits, hide=gone)
    require_sums(wanted.name, wanted.value, made)
    return made


def _is_place(place: tuple[Any, ...], every: list[list[str]]) -> bool:
    return len(place) == len(every) and all(
        each is None or each in known for each, known in zip(place, every, strict=True)
    )


def _counts(frame: Any, wanted: _Columns, where: list[Any], grid: list[Any]) -> dict[Any, int]:
    counts = dict.fromkeys(grid, 0)
    if wanted.value:
        for place, much in zip(where, frame[wanted.value].tolist(), strict=True):
            if isinstance(much, bool) or not isinstance(much, int | float) or not float(much).is_integer():
                raise UsageError(
                    f"The column {wanted.value!r} has {much!r} where a number of people should stand.",
                    hint="Hand in whole numbers, or rows of people without value=.",
                )
            counts[place] += int(much)
        return counts
    if not wanted.contributor:
        for place in where:
            counts[place] += 1
        return counts
    seen: dict[Any, Any] = {}
    for place, who in zip(where, _names(frame, wanted), strict=True):
        if seen.setdefault(who, place) != place:
            raise UsageError(
                f"Some in {wanted.contributor!r} are in several groups of the table {wanted.name}; its totals would "
                "count them twice.",
                hint="Choose one row for each, or add them up with kind='sums'.",
            )
    for place in seen.values():
        counts[place] += 1
    return counts


def _contributions(frame: Any, wanted: _Columns, where: list[Any], grid: list[Any]) -> dict[Any, dict[str, float]]:
    if not wanted.value:
        raise UsageError(f"The table {wanted.name} adds up nothing.", hint="Say value= the column with the amounts.")
    given: dict[Any, dict[str, float]] = {place: {} for place in grid}
    who = _names(frame, wanted) if wanted.contributor else [str(at) for at in range(len(frame))]
    for place, name, much in zip(where, who, frame[wanted.value].tolist(), strict=True):
        if isinstance(much, bool) or not isinstance(much, int | float) or much != much:
            raise UsageError(
                f"The column {wanted.value!r} has {much!r} where an amount should stand.",
                hint="Fill what is missing, or leave those rows out and say so.",
            )
        given[place][name] = given[place].get(name, 0) + much
    return given


def _names(frame: Any, wanted: _Columns) -> list[str]:
    if missing := int(frame[wanted.contributor].isna().sum()):
        raise UsageError(
            f"{missing:,} rows have nobody in {wanted.contributor!r}.", hint="Say who each of them is about."
        )
    return [str(each) for each in frame[wanted.contributor].tolist()]


def _as_protected(name: str, title: str, unit: str, protected: Protected, column: str) -> Left:
    rows = protected.rows(column)
    whole = all(isinstance(row[column], int | None) for row in rows)
    columns = dict.fromkeys(protected.dimensions, "string") | {column: "integer" if whole else "number"}
    columns |= {"contributions": "integer"} if protected.kind == "sums" else {}
    listed = [[row[each] for each in columns] for row in rows]
    return Left(name, title, unit, protected.kind, column, columns, listed, protected)


def _as_it_is(name: str, title: str, unit: str, frame: Any) -> Left:
    import pandas as pd
    from pandas.api import types

    columns, lists = {}, []
    for column in frame.columns:
        series, kind = frame[column], "string"
        missing = series.isna().tolist()
        if types.is_bool_dtype(series.dtype):
            kind = "boolean"
        elif types.is_numeric_dtype(series.dtype):
            kind = "integer" if types.is_integer_dtype(series.dtype) else "number"
        elif types.is_datetime64_any_dtype(series.dtype):
            kind = "datetime"
            series = pd.to_datetime(series, utc=True).map(lambda each: each.isoformat() if each == each else None)
        else:
            series = series.map(str)
        columns[str(column)] = kind
        lists.append([None if gone else each for each, gone in zip(series.tolist(), missing, strict=True)])
    if not columns or len(columns) < len(frame.columns):
        raise UsageError(f"The table {name} needs columns with names of their own.", hint="Rename them.")
    return Left(name, title, unit, "open", "", columns, list(zip(*lists, strict=True)))


def _care(kind: str, limits: Thresholds) -> str:
    if kind == "counts":
        return (
            f"Counts below {limits.minimum} are hidden, and so are others that would give them away; the rest is "
            f"rounded to {limits.base}, so numbers need not add up."
        )
    return (
        f"Sums are hidden where fewer than {limits.minimum} contribute, where {limits.dominance_n} make up more than "
        f"{limits.dominance_percent:g} %, where one could work out another to within {limits.p_percent:g} %, and where "
        f"they would give such a sum away. Contributions are rounded to {limits.base}."
    )


def _released(slug: str, name: str) -> Any:
    """Read the released table from the hub; its bytes must be those that the hub states."""
    import hashlib

    import pyarrow as pa
    import pyarrow.parquet as pq

    from londata.client.insights_client import insights_client

    content, stated = insights_client().table(slug, name)
    if stated and hashlib.sha256(content).hexdigest() != stated:
        raise ReadError(f"The released table {name} did not come whole.", hint="Open the insight again.")
    try:
        return pq.read_table(io.BytesIO(content)).to_pandas()
    except pa.ArrowException as error:
        raise ReadError(f"The released table {name} cannot be read.", hint="Tell whoever runs the hub.") from error


def _safe(text: Any) -> str:
    return html.escape(str(text), quote=True)
