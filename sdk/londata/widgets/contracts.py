"""Who uses which system, whose contract ends when, and who could buy together. Pure: tables in, words out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata.reports.wording import counted, listed

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

#: Contracts that end within so many months of each other can be bought anew together.
WINDOW_MONTHS = 6
#: How far ahead one can look, in months.
HORIZONS = (12, 18, 24, 36)
#: How somebody who did not answer stands in a table.
SILENT = "No answer"


class Register:
    """The whole list of systems and contracts, as it stood on one day.

    Parameters
    ----------
    rows
        One row per authority and service, with the columns of the entry ``city-tools``.
    day
        The day on which it was collected; a contract that had ended by then runs on without a date.
    """

    def __init__(self, rows: pd.DataFrame, day: dt.date) -> None:
        self.rows, self.day = rows, day

    @property
    def services(self) -> list[str]:
        """The services, in alphabetical order."""
        return sorted(self.rows["service"].unique())

    @property
    def authorities(self) -> list[str]:
        """The authorities, in alphabetical order."""
        return sorted(self.rows["authority"].unique())

    def of_service(self, service: str) -> pd.DataFrame:
        """Take the rows of one service, by authority."""
        return self.rows[self.rows["service"] == service].sort_values("authority", ignore_index=True)

    def until(self, months: int) -> pd.Timestamp:
        """Give the day up to which somebody looks ahead."""
        import pandas as pd

        return pd.Timestamp(self.day) + pd.DateOffset(months=months)

    def ending(self, months: int) -> pd.DataFrame:
        """Take the contracts that end within so many months, the earliest first."""
        import pandas as pd

        ends = self.rows["contract_end"]
        found = self.rows[(ends >= pd.Timestamp(self.day)) & (ends <= self.until(months))]
        return found.sort_values(["contract_end", "authority", "service"], ignore_index=True)


def users(register: Register, service: str) -> pd.Series[float]:
    """Count how many authorities use each system for a service, the most used first; those without an answer last."""
    rows = register.of_service(service)
    counts = rows["system"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if silent := int(rows["system"].isna().sum()):
        counts[SILENT] = silent
    return counts.astype(float)


def chances(register: Register, months: int) -> pd.DataFrame:
    """Find where authorities with the same system could buy anew together.

    Contracts for one system of one service that end within the months ahead are put into groups, each no wider than
    :data:`WINDOW_MONTHS`, beginning with the earliest; two authorities make a group.

    Parameters
    ----------
    register
        The list.
    months
        How far to look ahead.

    Returns
    -------
    pandas.DataFrame
        One row per group: ``service``, ``system``, ``authorities`` (a tuple of names), ``first`` and ``last`` end of
        contract, ``annual_cost_gbp`` (what is known of it), ``unknown_costs`` (how many costs are not); the group with
        the most authorities first, then the dearest.
    """
    import pandas as pd

    groups: list[dict[str, Any]] = []
    for (service, system), rows in register.ending(months).groupby(["service", "system"], sort=True):
        left = rows.sort_values("contract_end", kind="stable")
        while len(left):
            close = left["contract_end"].iloc[0] + pd.DateOffset(months=WINDOW_MONTHS)
            together, left = left[left["contract_end"] <= close], left[left["contract_end"] > close]
            if len(together) > 1:
                groups.append(_group(str(service), str(system), together))
    columns = ["service", "system", "authorities", "first", "last", "annual_cost_gbp", "unknown_costs"]
    found = pd.DataFrame(groups, columns=columns)
    order = found["authorities"].map(len)
    return (
        found.assign(order=order)
        .sort_values(["order", "annual_cost_gbp", "service", "system"], ascending=[False, False, True, True])
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _group(service: str, system: str, rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "service": service,
        "system": system,
        "authorities": tuple(sorted(rows["authority"])),
        "first": rows["contract_end"].min(),
        "last": rows["contract_end"].max(),
        "annual_cost_gbp": float(rows["annual_cost_gbp"].sum()),
        "unknown_costs": int(rows["annual_cost_gbp"].isna().sum()),
    }


def money(pounds: float) -> str:
    """Write a sum of money: ``£1.2 million``, ``£340,000``."""
    return f"£{pounds / 1e6:.1f} million" if pounds >= 1e6 else f"£{pounds:,.0f}"


def month(day: Any) -> str:
    """Write the end of a contract: ``31 March 2026``."""
    return f"{day.day} {day:%B %Y}"


def said(register: Register, authority: str, service: str) -> list[str]:
    """Say what one authority uses for a service, who else does, and who of them ends at about the same time.

    Parameters
    ----------
    register
        The list.
    authority, service
        Who, and what for.

    Returns
    -------
    list of str
        A paragraph each; plain text.
    """
    rows = register.of_service(service)
    mine = rows[rows["authority"] == authority].iloc[0]
    what = service[0].lower() + service[1:] if not service.startswith("HR") else service
    if mine["system"] != mine["system"]:
        return [f"{authority} gave no answer about {what}.", _most_used(register, service)]
    same = rows[(rows["system"] == mine["system"]) & (rows["authority"] != authority)]
    apart = (same["contract_end"] - mine["contract_end"]).abs().dt.days
    near = same[apart <= WINDOW_MONTHS * 30.5]
    cost = "at a cost that is kept in confidence"
    if mine["annual_cost_gbp"] == mine["annual_cost_gbp"]:
        cost = f"for {money(mine['annual_cost_gbp'])} a year"
    longer = mine["may_extend_months"]
    extend = f", and may be extended by {longer:.0f} months" if longer else ", and cannot be extended"
    others = "Nobody else uses the same system."
    if len(same):
        uses = "uses" if len(same) == 1 else "use"
        others = f"{counted(len(same), 'other authority', 'other authorities')} {uses} the same system"
        if len(near):
            end = "contract ends" if len(near) == 1 else "contracts end"
            who = listed(list(near["authority"]))
            others += f"; of these, {who} could buy with {authority}: the {end} within six months of its own."
        else:
            others += f"; no contract among these ends within six months of that of {authority}."
    return [
        f"For {what}, {authority} uses {mine['system']} by {mine['supplier']}, {cost}. The contract ends on "
        f"{month(mine['contract_end'])}{extend}.",
        others,
    ]


def _most_used(register: Register, service: str) -> str:
    counts = users(register, service).drop(SILENT, errors="ignore")
    return f"Most used is {counts.index[0]}, by {counted(int(counts.iloc[0]), 'authority', 'authorities')}."


def chances_said(found: pd.DataFrame, authority: str, months: int) -> list[str]:
    """Say how many chances there are to buy together, what they add up to, and which concern one authority.

    Parameters
    ----------
    found
        What :func:`chances` gave.
    authority
        Whose chances are named.
    months
        How far ahead was looked.
    """
    if not len(found):
        return [
            f"No two contracts for the same system end within six months of each other in the next {months} months."
        ]
    mine = found[[authority in names for names in found["authorities"]]]
    lines = [
        f"In the next {months} months there are {counted(len(found), 'chance', 'chances')} to buy together, worth "
        f"{money(found['annual_cost_gbp'].sum())} a year as far as costs are known.",
    ]
    if not len(mine):
        return [*lines, f"None of them concerns {authority}."]
    pairs = zip(mine["service"], mine["authorities"], strict=True)
    named = [f"{service} (with {listed([name for name in names if name != authority])})" for service, names in pairs]
    return [*lines, f"{authority} is in {len(mine)} of them: {listed(named)}."]
