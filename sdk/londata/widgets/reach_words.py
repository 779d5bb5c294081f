"""What can be said about reach in words, in big numbers and in tables. Pure: numbers in, text and tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from londata.reports.blocks import Fact
from londata.widgets.boroughs import ordinal
from londata.widgets.reach import KINDS, WALKS, Reach

if TYPE_CHECKING:
    import pandas as pd


def people(count: float) -> str:
    """Write a number of people that was estimated: to the nearest hundred, ``9,100``; ``fewer than 100``."""
    return "none" if count < 0.5 else "fewer than 100" if count < 100 else f"{round(count, -2):,.0f}"


def percent(share: float) -> str:
    """Write a share; one that is not quite all is not rounded up to all, nor one that is hardly anything to nothing."""
    if share in (0, 100):
        return f"{share:.0f}%"
    return "less than 0.1%" if share < 0.1 else "more than 99.9%" if share > 99.9 else f"{share:.1f}%"


def within(reach: Reach) -> str:
    """Say what is measured: ``within 400 m of a park``."""
    return f"within {reach.metres:,} m of {KINDS[reach.kind][0]}"


def places_of(reach: Reach, measure: str) -> pd.Series[int]:
    """Rank the boroughs, 1 for the largest share; equal shares have equal places."""
    return reach.boroughs[f"{measure}_share"].round(1).rank(ascending=False, method="min").astype(int)


def place_in_order(reach: Reach, measure: str, code: str) -> str:
    """Say where a borough stands: ``9th highest of 33 boroughs``, ``joint highest of 33 boroughs``.

    Parameters
    ----------
    reach, measure
        What is compared.
    code
        The borough.
    """
    places = places_of(reach, measure)
    place = int(places[code])
    joint = "joint " if (places == place).sum() > 1 else ""
    order = "highest" if place == 1 else "lowest" if place == places.max() else f"{ordinal(place)} highest"
    return f"{joint}{order} of {len(places)} boroughs"


def summary(reach: Reach, measure: str, code: str, names: Mapping[str, str]) -> list[str]:
    """Say what maps and chart show about one borough: each a paragraph of plain text.

    Parameters
    ----------
    reach, measure
        What is shown and compared.
    code
        The borough that is brought out.
    names
        Code → name, for all boroughs.
    """
    share = float(reach.boroughs[f"{measure}_share"][code])
    minutes = f"about {WALKS[reach.metres]} minutes’ walk"
    verb = {"residents": "live", "area": "lies", "neighbourhoods": "are"}[measure]
    of = reach.city.measures[measure]
    return [
        f"{names[code]}: {percent(share)} of {of} {verb} {within(reach)} ({minutes} in a straight "
        f"line). That is the {place_in_order(reach, measure, code)}; in London as a whole it is "
        f"{percent(float(reach.london[f'{measure}_share']))}."
    ]


def extremes(reach: Reach, measure: str, names: Mapping[str, str]) -> list[str]:
    """Say which boroughs stand at both ends, and how many are above London.

    Parameters
    ----------
    reach, measure
        What is shown and compared.
    names
        Code → name, for all boroughs.
    """
    shares = reach.boroughs[f"{measure}_share"].rename(index=dict(names)).sort_values(ascending=False, kind="stable")
    london = float(reach.london[f"{measure}_share"])
    above = int((shares > london).sum())

    def said(some: pd.Series[float]) -> str:
        return ", ".join(f"{name} ({percent(share)})" for name, share in some.items())

    return [
        f"{above} of {len(shares)} boroughs are above London as a whole ({percent(london)}).",
        f"Highest: {said(shares.head(3))}. Lowest: {said(shares.tail(3).iloc[::-1])}.",
    ]


def gaps(reach: Reach, code: str) -> list[str]:
    """Say where in a borough reach ends: how many neighbourhoods have it, and where most people are beyond it.

    Parameters
    ----------
    reach
        What is shown.
    code
        The borough.
    """
    row = _row(reach, code)
    here = reach.neighbourhoods[reach.neighbourhoods["code"] == code]
    some = f"{row['neighbourhoods_within']:.0f}" if row["neighbourhoods_within"] else "None"
    counted = (
        f"{some} of {row['neighbourhoods']:.0f} {reach.city.called[1]} are within reach, which means that at least "
        f"half of their land is. {_places(reach, int(row['places']))}"
    )
    if not reach.city.peopled:
        return [counted, _least(here)]
    worst = here.sort_values("beyond", ascending=False)
    worst = worst[worst["beyond"] >= 50].head(3)
    if not len(worst):
        return [counted, f"Nearly everybody here lives {within(reach)}."]
    named = ", ".join(
        f"{name} ({people(beyond)} of {residents:,} residents)"
        for name, beyond, residents in zip(worst["name"], worst["beyond"], worst["residents"], strict=True)
    )
    return [counted, f"Most people farther away live in {named}."]


def _least(here: pd.DataFrame) -> str:
    """Name the areas of which the smallest part is within reach."""
    worst = here.sort_values(["share", "name"])
    worst = worst[worst["share"] < 1].head(3)
    if not len(worst):
        return "All of their land is."
    named = ", ".join(
        f"{name} ({percent(100 * share)})" for name, share in zip(worst["name"], worst["share"], strict=True)
    )
    return f"Least of the land is within reach in {named}."


def farther_in_london(reach: Reach) -> list[str]:
    """Say how many people of London live farther away, where that is known."""
    if not reach.city.peopled:
        return []
    beyond = people(reach.london["residents"] - reach.london["residents_within"])
    return [f"{beyond} of London’s {reach.london['residents']:,.0f} residents live farther away."]


def _row(reach: Reach, code: str) -> dict[str, float]:
    return {str(name): float(value) for name, value in reach.boroughs.loc[code].to_dict().items()}


def _places(reach: Reach, count: int) -> str:
    one, many = KINDS[reach.kind]
    own = f"{count} {many if count != 1 else one.split()[1]}"
    return f"The borough has {own}; those across its border count as well."


def facts(reach: Reach, code: str) -> list[Fact]:
    """Give the numbers that matter most about one borough."""
    row, london = _row(reach, code), reach.london
    compared = {measure: f"London {percent(london[f'{measure}_share'])}" for measure in reach.city.measures}
    ground = [
        Fact("Land within reach", f"{row['area_share']:.1f}", "%", compared["area"]),
        Fact(
            f"{reach.city.called[1].capitalize()} within reach",
            f"{row['neighbourhoods_within']:.0f}",
            f"of {row['neighbourhoods']:.0f}",
            compared["neighbourhoods"],
        ),
    ]
    if not reach.city.peopled:
        return ground
    beyond = row["residents"] - row["residents_within"]
    return [
        Fact("Residents within reach", f"{row['residents_share']:.1f}", "%", compared["residents"]),
        *ground,
        Fact("Residents farther away", people(beyond), "", f"of {row['residents']:,.0f}"),
    ]


def ranked(reach: Reach, measure: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Lay out all boroughs, the highest share first.

    Parameters
    ----------
    reach, measure
        What is shown, and by which share the table is ordered.
    names
        Code → name, for all boroughs.
    """
    import pandas as pd

    places = places_of(reach, measure)
    order = sorted(reach.boroughs.index, key=lambda code: (places[code], names[code]))
    table = reach.boroughs.loc[order]
    laid = pd.DataFrame(
        {
            "Borough": [numbered(places[code], names[code]) for code in order],
            "Land (%)": table["area_share"].to_numpy(),
            _heading(reach, 1): [
                f"{some:.0f} of {every:.0f}"
                for some, every in zip(table["neighbourhoods_within"], table["neighbourhoods"], strict=True)
            ],
        }
    )
    if reach.city.peopled:
        laid.insert(1, "Residents (%)", table["residents_share"].to_numpy())
        laid["Live farther away"] = (table["residents"] - table["residents_within"]).map(people).to_numpy()
    return laid


def _heading(reach: Reach, several: int) -> str:
    """Write what areas are called above a column, so that a long word may be broken where there is little room."""
    return reach.city.called[several].capitalize().replace("hood", "\N{SOFT HYPHEN}hood")


def numbered(place: int, name: str) -> str:
    """Write a borough with its place before it."""
    return f"{place}. {name}"


def by_neighbourhood(reach: Reach, code: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Lay out the neighbourhoods of a borough, those first where most people live farther away.

    Where it is not known how many people live where, those come first of which the smallest part is within reach.

    Parameters
    ----------
    reach
        What is shown.
    code
        The borough.

    Returns
    -------
    tuple
        The table, and what its columns are.
    """
    here = reach.neighbourhoods[reach.neighbourhoods["code"] == code]
    # On the map each has its number; a name that does not end in it gets it before.
    named = [
        name if name.endswith(label) else f"{label} {name}"
        for name, label in zip(here["name"], here["label"], strict=True)
    ]
    columns = {"name": _heading(reach, 0), "share": "Land in reach (%)"}
    if not reach.city.peopled:
        ordered = here.assign(name=named).sort_values(["share", "name"])
        return ordered.assign(share=100 * ordered["share"])[list(columns)], columns
    columns |= {"residents": "Residents", "beyond": "Live farther away"}
    ordered = here.assign(name=named).sort_values(["beyond", "name"], ascending=[False, True])
    return ordered.assign(share=100 * ordered["share"], beyond=ordered["beyond"].map(people))[list(columns)], columns
