"""What a released table gives away: by itself, beside others, and beside an earlier release of itself.

The auditor starts from the other end than what protects a table: it takes the rows as they would go out and asks of
every number that must not be known how much uncertainty they leave, by a greatest flow through the hidden numbers. It
goes by the workings for what the numbers really are; a table that does not fit its workings is a finding of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from londata.disclosure.comparing import CHECK, beside
from londata.disclosure.linking import Leak, leaks
from londata.disclosure.protecting import WHY, Number, cells_of, named, only_counted, unsafe
from londata.disclosure.rings import parts_of
from londata.disclosure.seeing import Released, Shown, sheets, shown_in
from londata.disclosure.tables import rounded
from londata.errors import UsageError
from londata.records import Thresholds
from londata.records.publications import Finding


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
        What was released before, by how it is called: “version 2”, or “the table pupils of version 2 of schools”.

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
    if only_counted(table.workings):
        said = f"In each group of the table {table.name} all contribute the same, so its sums are counts, not rounded."
        found.append(_must(said))
    if not found:
        found += _together(table, others)
        found += beside(table, earlier or {})
    kept = sum(value is None for value, _ in shown.values())
    words = (
        f"Nothing in the table {table.name} can be worked out: {len(shown)} numbers were looked at, {kept} are hidden."
    )
    fine = [] if any(each.weight == "must" for each in found) else [Finding(check=CHECK, weight="fine", sentence=words)]
    return [*dict.fromkeys(found), *fine]


def tighter(one: Thresholds, other: Thresholds) -> Thresholds:
    """Take the tighter of both for each threshold."""
    return Thresholds(
        minimum=max(one.minimum, other.minimum),
        base=max(one.base, other.base),
        dominance_n=max(one.dominance_n, other.dominance_n),
        dominance_percent=min(one.dominance_percent, other.dominance_percent),
        p_percent=max(one.p_percent, other.p_percent),
    )


def _must(sentence: str) -> Finding:
    return Finding(check=CHECK, weight="must", sentence=sentence[:1_000])


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


def _wrong(table: Released, shown: Shown) -> list[Finding]:
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
