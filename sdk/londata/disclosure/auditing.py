"""What a released table gives away: by itself, beside others, and beside an earlier release of itself.

The auditor starts from the other end than what protects a table: it takes the rows as they would go out and asks of
every number that must not be known how much uncertainty they leave, by a greatest flow through the hidden numbers. It
goes by the workings for what the numbers really are; a table that does not fit its workings is a finding of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from londata.disclosure.linking import Leak, Sheet, leaks
from londata.disclosure.protecting import LARGEST, TOTAL, WHY, Number, Protected, cells_of, named, sums_as_edges, unsafe
from londata.disclosure.rings import Edge, Place, parts_of
from londata.disclosure.tables import counted, rounded
from londata.errors import UsageError
from londata.records import Thresholds
from londata.records.publications import Finding

CHECK = "disclosure"
#: A released row: column → what stands there.
Row = Mapping[str, object]


@dataclass(frozen=True)
class Released:
    """A table as it is released, and its workings.

    Parameters
    ----------
    name
        Its name.
    rows
        The rows as they go out, totals included: a column for each dimension, one with the numbers (``value``) and,
        beside sums, ``contributions``.
    value
        The column with the numbers.
    workings
        What protected it says of every number.
    """

    name: str
    rows: Sequence[Row]
    value: str
    workings: Protected


def audit(
    table: Released,
    thresholds: Thresholds | None = None,
    others: Sequence[Released] = (),
    earlier: Mapping[str, Released] | None = None,
) -> list[Finding]:
    """Find every problem of a table that is to be released.

    Parameters
    ----------
    table
        The table.
    thresholds
        Those of the publication; where the table was made with others, the tighter of both count.
    others
        Other tables of the same release.
    earlier
        Name of an earlier release, for instance “version 2” → the same table as it was released then.

    Returns
    -------
    list of Finding
        ``must`` where it cannot be released as it is; one that is ``fine`` where nothing was found.
    """
    limits = tighter(thresholds or Thresholds(), table.workings.thresholds)
    table = replace(table, workings=replace(table.workings, thresholds=limits))
    try:
        shown = shown_in(table)
    except UsageError as error:
        return [_must(f"{error.message} {error.hint}")]
    found = [*_untrue(table), *_wrong(table, shown)]
    if not found:
        found += _together(table, others)
        for name, before in (earlier or {}).items():
            found += _beside_earlier(table, name, before)
    kept = sum(value is None for value, _ in shown.values())
    words = (
        f"Nothing in the table {table.name} can be worked out: {len(shown)} numbers were looked at, {kept} are hidden."
    )
    return list(dict.fromkeys(found)) or [Finding(check=CHECK, weight="fine", sentence=words)]


def tighter(one: Thresholds, other: Thresholds) -> Thresholds:
    """Take the tighter of both for each threshold."""
    return Thresholds(
        minimum=max(one.minimum, other.minimum),
        base=max(one.base, other.base),
        dominance_n=max(one.dominance_n, other.dominance_n),
        dominance_percent=min(one.dominance_percent, other.dominance_percent),
        p_percent=max(one.p_percent, other.p_percent),
    )


_Shown = dict[Place, tuple[float | None, float | None]]


def _must(sentence: str) -> Finding:
    return Finding(check=CHECK, weight="must", sentence=sentence[:1_000])


def shown_in(table: Released) -> _Shown:
    """Read the rows: place → the number, and the contributions behind it."""
    dimensions, found = table.workings.dimensions, _Shown()
    allowed = {*dimensions, table.value} | ({"contributions"} if table.workings.kind == "sums" else set())
    for row in table.rows:
        if set(row) != allowed:
            raise UsageError(
                f"The table {table.name} has the columns {', '.join(map(str, row))}, and its workings know others.",
                hint="Release it as it was protected.",
            )
        place = tuple(None if row[each] == TOTAL else str(row[each]) for each in dimensions)
        if place in found:
            raise UsageError(f"The table {table.name} has {named(place)} twice.", hint="Publish the notebook again.")
        found[place] = (_figure(row[table.value]), _figure(row.get("contributions")))
    if set(found) != {number.place for number in table.workings.numbers}:
        raise UsageError(
            f"The table {table.name} and its workings do not have the same places.", hint="Publish the notebook again."
        )
    return found


def _figure(value: object) -> float | None:
    if value is None or value != value:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{str(value)[:50]!r} stands where a number should.", hint="Release it as it was protected.")
    return value


def _untrue(table: Released) -> list[Finding]:
    """Find what the workings say of a total, or of largest contributions, that their own cells contradict."""
    numbers = {number.place: number for number in table.workings.numbers}
    cells = cells_of(numbers)
    for place, number in numbers.items():
        parts = [numbers[cell] for cell in parts_of(place, cells)]
        adds = math.isclose(math.fsum(part.value for part in parts), number.value, rel_tol=1e-9, abs_tol=1e-9)
        adds = adds and sum(part.contributions for part in parts) == number.contributions
        if table.workings.kind == "sums":
            adds = adds and _plausible(number)
        if not adds:
            return [_must(f"The workings of the table {table.name} do not add up at {named(place)}.")]
    return []


def _plausible(number: Number) -> bool:
    """Tell whether the largest contributions can be those of the sum."""
    most = math.fsum(number.largest) <= number.value * (1 + 1e-9)
    if None in number.place:
        return most and len(number.largest) >= min(number.contributors, 2)
    alike = len(number.parts) == number.contributions and sorted(number.parts, reverse=True)[:2] == [
        *number.largest[:2]
    ]
    return most and alike and math.isclose(math.fsum(number.parts), number.value, rel_tol=1e-9, abs_tol=1e-9)


def _wrong(table: Released, shown: _Shown) -> list[Finding]:
    """Find numbers that must not be shown at all, or not like that."""
    found, limits = [], table.workings.thresholds
    for number in table.workings.numbers:
        value, contributions = shown[number.place]
        where = f"{named(number.place)} of the table {table.name}"
        count = value if table.workings.kind == "counts" else contributions
        if count is not None and count % limits.base:
            found.append(_must(f"The count at {where} is {count:g}, which is not rounded to {limits.base}."))
        elif count is not None and count != rounded(number.contributions, limits.base):
            found.append(_must(f"The count at {where} is {count:g}, and its workings say something else."))
        if table.workings.kind == "sums" and value is not None and not math.isclose(value, number.value, rel_tol=1e-9):
            found.append(_must(f"The sum at {where} is not what its workings say."))
        if value is None and contributions is not None:
            found.append(_must(f"The sum at {where} is hidden, and the number behind it is not."))
        reason = _reason(table, number, limits)
        if value is not None and reason:
            found.append(_must(f"The number at {where} is shown, although {WHY[reason]}{_detail(reason, limits)}."))
    return found


def _reason(table: Released, number: Number, limits: Thresholds) -> str:
    if table.workings.kind == "counts":
        return "few" if number.value < limits.minimum else ""
    return unsafe(number, limits)


def _detail(reason: str, limits: Thresholds) -> str:
    return {
        "few": f" (the minimum is {limits.minimum})",
        "dominance": f" (the {limits.dominance_n} largest more than {limits.dominance_percent:g} %)",
        "p-percent": f" (to within {limits.p_percent:g} %)",
    }[reason]


def sheets(table: Released) -> list[tuple[str, Sheet]]:
    """See a table as networks: of its counts; or of its sums, and of the contributions behind them."""
    numbers, dimensions = table.workings.numbers, table.workings.dimensions
    limits = table.workings.thresholds
    gone = frozenset(place for place, (value, _) in shown_in(table).items() if value is None)
    counts = counted({number.place: number.contributions for number in numbers}, limits.minimum)
    found = [("count", Sheet(dimensions, tuple(counts), gone))]
    if table.workings.kind == "sums":
        found.insert(0, ("sum", Sheet(dimensions, tuple(sums_as_edges(numbers, limits)), gone)))
    return found


def _together(table: Released, others: Sequence[Released]) -> list[Finding]:
    """Find hidden numbers that the table, with the others of its release, gives away."""
    found = []
    for what, sheet in sheets(table):
        beside = [each for other in others for kind, each in sheets(other) if kind == what]
        alone = {leak.place for leak in leaks(sheet)}
        for leak in leaks(sheet, beside):
            by = "" if leak.place in alone else " together with another table of this release"
            found.append(_must(_told(what, leak, table.name, by)))
    return found


def _told(what: str, leak: Leak, table: str, by: str) -> str:
    hidden_one = f"The {what} at {named(leak.place)} of the table {table} is hidden, and"
    if leak.exact:
        return f"{hidden_one} can be worked out{by} from what is shown."
    sides = [(leak.more, "more"), (leak.less, "less")]
    off = " or ".join(f"{much:g} {side}" for much, side in sides if much < math.inf)
    return f"{hidden_one} can be worked out{by} from what is shown: it can be at most {off} than it is."


# Beside an earlier release --------------------------------------------------------------------------------------------


def _beside_earlier(table: Released, name: str, before: Released) -> list[Finding]:
    """Find what the difference between two releases of a table tells."""
    if before.workings.dimensions != table.workings.dimensions or before.workings.kind != table.workings.kind:
        return []
    found = []
    for newer, older, whose in ((table, before, "now"), (before, table, f"in {name}")):
        values = {place: value for place, (value, _) in shown_in(older).items() if value is not None}
        for what, sheet in sheets(newer)[:1]:
            true = {edge.place: edge.value for edge in sheet.edges}

            def close(
                edge: Edge, values: Mapping[Place, float] = values, true: Mapping[Place, float] = true
            ) -> set[Place]:
                """List what the other release shows nearly as it is here."""
                return {place for place in true if place in values and abs(values[place] - true[place]) < edge.rise}

            by = f", hidden {whose}," if whose != "now" else ""
            for leak in leaks(sheet, known=close):
                found.append(
                    _must(
                        f"The {what} at {named(leak.place)} of the table {table.name}{by} can be worked out to within "
                        f"what it needs, by comparing this release with {name}: they hide different numbers. "
                        "Hide here what is hidden there (hide=…)."
                    )
                )
    return found + (_changed(table, name, before) if table.workings.kind == "sums" else [])


def _changed(table: Released, name: str, before: Released) -> list[Finding]:
    """Find sums, and what is left of totals, that differ from an earlier release by the contributions of a few."""
    limits = table.workings.thresholds
    now, then = ({number.place: number for number in each.workings.numbers} for each in (table, before))
    both = {
        place
        for place, (value, _) in shown_in(table).items()
        if value is not None and shown_in(before).get(place, (None, None))[0] is not None
    }
    cells = cells_of(now)
    found = []
    for total in now:
        for parts in _lines(total, now):
            left = [part for part in parts if part not in both] if None in total else [total]
            inner = {cell for part in left for cell in parts_of(part, cells)}
            if total not in both or not inner:
                continue
            was = Counter(much for cell in inner if cell in then for much in then[cell].parts)
            here = Counter(much for cell in inner for much in now[cell].parts)
            change = sorted(((here - was) + (was - here)).elements(), reverse=True)
            told = Number(total, math.fsum(change), len(change), len(change), tuple(change[:LARGEST]))
            if change and unsafe(told, limits):
                found.append(
                    _must(
                        f"The difference between this release and {name} at {named(total)} of the table {table.name} "
                        f"tells what {'one has' if len(change) == 1 else 'a few have'} contributed since."
                    )
                )
                break
    return found


def _lines(total: Place, known: Mapping[Place, Number]) -> list[list[Place]]:
    """List the ways in which a total is added up from the numbers next below it; a cell is itself."""
    gaps = [at for at, each in enumerate(total) if each is None]
    return [
        [
            place
            for place in known
            if place[at] is not None and all(place[i] == total[i] for i in range(len(total)) if i != at)
        ]
        for at in gaps
    ] or [[total]]
