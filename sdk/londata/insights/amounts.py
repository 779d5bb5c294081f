"""What the rules for counts and sums do not cover: amounts below nought, means and rates, and counts in disguise.

Each is refused in a sentence that says what to do instead. A rate under a name that says nothing of it cannot be told
from an amount; that is for those who check a release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from londata.disclosure import Protected, only_counted
from londata.errors import UsageError

#: Words in the name of a column, or in a unit, that say that its numbers cannot be added up.
_NO_AMOUNT = frozenset(
    "mean means average averages avg median medians rate ratio ratios share shares percent percentage percentages pct "
    "percentile percentiles proportion proportions quantile quantiles".split()
)
_DIVIDE = "Make a table of the sums or the counts, and divide what its frame shows."


def require_addable(name: str, value: str, unit: str) -> None:
    """See that a table is not of means or rates, which neither the rules for counts nor those for sums protect.

    Parameters
    ----------
    name
        Of the table.
    value, unit
        The column with its numbers, and their unit.

    Raises
    ------
    UsageError
        One of them says that it is.
    """
    for what, said in ((f"The column {value!r}", value), (f"The unit {unit!r}", unit)):
        words = re.findall(r"[a-z]+|%", re.sub(r"per ?cent\b", "%", said.lower()))
        if found := [word for word in words if word in _NO_AMOUNT or word == "%"]:
            raise UsageError(
                f"{what} of the table {name} says “{found[0]}”: means and rates cannot be protected as counts or sums, "
                "and beside one they give back the other.",
                hint=f"{_DIVIDE} If they are amounts, name them as such.",
            )


def require_not_below(name: str, value: str, given: Mapping[Any, Mapping[str, float]]) -> None:
    """See that nobody contributes less than nothing: dominance and margins mean nothing among such.

    Parameters
    ----------
    name, value
        Of the table, and of its column.
    given
        Place → contributor → what they contributed there in all.

    Raises
    ------
    UsageError
        Somebody does.
    """
    below = sum(much < 0 for parts in given.values() for much in parts.values())
    if below:
        many = "1 contribution" if below == 1 else f"{below:,} contributions"
        raise UsageError(
            f"The column {value!r} of the table {name} has {many} below nought, and what protects sums knows amounts "
            "of nought or more only: a gain would hide a loss, and the largest would make up more than all.",
            hint="Make two tables, one of what is above nought and one of what is below, without the sign.",
        )


def require_sums(name: str, value: str, protected: Protected) -> None:
    """See that the sums of a table are not counts in disguise, which would go out without being rounded.

    Parameters
    ----------
    name, value
        Of the table, and of its column.
    protected
        The table.

    Raises
    ------
    UsageError
        They are.
    """
    if only_counted(protected):
        raise UsageError(
            f"Within each group of the table {name}, all contribute the same {value!r}, so that each sum tells exactly "
            "how many there are.",
            hint="Say kind='counts', and multiply what its frame shows.",
        )
