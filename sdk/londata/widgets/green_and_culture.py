"""The green and cultural infrastructure map: who lives within a walk of a park, a library or a museum.

The notebook of the app is one call of :func:`explore`. The numbers come from :mod:`londata.widgets.reach`, words and
tables from :mod:`londata.widgets.reach_words`, maps from :mod:`londata.widgets.reach_pictures`.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.charts import bars
from londata.errors import LondataError
from londata.reports import blocks
from londata.widgets import app_parts, reach_pictures, reach_words
from londata.widgets.form_parts import box, place
from londata.widgets.reach import KINDS, WALKS, City, Reach, gather, measure

if TYPE_CHECKING:
    import ipywidgets

#: What the app reads; its ``app.yaml`` must name the same.
USES = ("borough-boundaries", "neighbourhoods", "public-parks", "libraries-and-museums")
SOURCE = "generated sets of londata (made up: no park, library, museum or neighbourhood is real)"
NOTICE = (
    "Parks, libraries, museums and neighbourhoods are made up, to show what such a map can say. Only the boroughs’ "
    "outlines and their numbers of residents are real. What this page says about a borough is not true of it."
)
METHOD = (
    "A walk is a straight line, so that a real one is longer. A park is taken as a circle of its area and walked to "
    "from its edge. Residents are taken to be spread evenly over their neighbourhood, so numbers of people are "
    "estimates, given to the nearest hundred. A neighbourhood is within reach where at least half of its land is. "
    "Places count wherever they are, also across a borough’s border; beyond London’s edge there are none in the data."
)


@dataclass(frozen=True)
class Choice:
    """What the viewer chose: a borough, a kind of place, a walk, and by what the boroughs are compared."""

    code: str = "E09000007"
    kind: str = "park"
    metres: int = 400
    measure: str = "residents"


class Map:
    """The city, and what was measured in it so far: each walk is measured once, when it is first asked for."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._measured: dict[tuple[str, int], Reach] = {}

    def reach(self, kind: str, metres: int) -> Reach:
        """Measure what lies within one walk of one kind of place."""
        if (kind, metres) not in self._measured:
            self._measured[kind, metres] = measure(self.city, kind, metres)
        return self._measured[kind, metres]


def load(catalog: Any) -> Map:
    """Read the data sets."""
    return Map(gather(*(catalog[slug].read() for slug in USES)))


def choice_in(query: str, names: dict[str, str]) -> Choice:
    """Read ``borough=Camden&to=library&walk=800&by=area`` from an address; what is unknown stays as at first."""
    fields, first = {name: value.casefold() for name, value in app_parts.asked(query).items()}, Choice()
    named = fields.get("borough", "")
    codes = [code for code, name in names.items() if named in (code.casefold(), name.casefold())]
    walks = {str(metres): metres for metres in WALKS}
    return Choice(
        (codes or [first.code])[0],
        fields["to"] if fields.get("to") in KINDS else first.kind,
        walks.get(fields.get("walk", ""), first.metres),
        fields["by"] if fields.get("by") in reach_words.MEASURES else first.measure,
    )


def near(shown: Map, choice: Choice) -> str:
    """Show the chosen borough: big numbers, its map, and its neighbourhoods as a table; HTML."""
    reach, name = shown.reach(choice.kind, choice.metres), shown.city.names[choice.code]
    what = reach_words.within(reach)
    plate = blocks.figure(
        reach_pictures.borough_map(shown.city, reach, choice.code),
        title=f"{name}: what lies {what}",
        unit="Straight-line distance; numbers are those of the neighbourhoods",
        source=SOURCE,
        alt=f"Map of {name} and its neighbourhoods. Shaded is what lies {what}. Words and table say the same.",
        summary=reach_words.gaps(reach, choice.code),
        data=reach_words.by_neighbourhood(reach, choice.code),
        columns={
            "name": "Neighbour\N{SOFT HYPHEN}hood",
            "share": "Land in reach (%)",
            "residents": "Residents",
            "beyond": "Live farther away",
        },
        decimals={"share": 0, "residents": 0},
    )
    return f"<h2>In {html.escape(name)}</h2>{blocks.facts(reach_words.facts(reach, choice.code)).markup}{plate.markup}"


def across(shown: Map, choice: Choice) -> str:
    """Show all of London: the map, the boroughs ranked as bars, and as a table; HTML."""
    reach, names = shown.reach(choice.kind, choice.metres), shown.city.names
    what, of = reach_words.within(reach), reach_words.MEASURES[choice.measure]
    name, shares = names[choice.code], reach.boroughs[f"{choice.measure}_share"]
    few = int((reach.neighbourhoods["share"] < 0.2).sum())
    plate = blocks.figure(
        reach_pictures.london_map(shown.city, reach, choice.code),
        title=f"Where land lies {what}",
        unit="% of each neighbourhood’s land",
        source=SOURCE,
        alt=f"Map of London’s neighbourhoods, darker where more land lies {what}; {name} outlined. The words beside it "
        "and the table of boroughs below give the numbers.",
        summary=[
            f"{reach.london['neighbourhoods_within']:.0f} of {len(reach.neighbourhoods)} neighbourhoods are within "
            f"reach; in {few} less than a fifth of the land is.",
            f"{reach_words.people(reach.london['residents'] - reach.london['residents_within'])} of London’s "
            f"{reach.london['residents']:,.0f} residents live farther away.",
        ],
    )
    ordered = shares.rename(index=names).sort_values(ascending=False, kind="stable")
    ranking = blocks.figure(
        bars(ordered, chosen=name, reference=("London", reach.london[f"{choice.measure}_share"]), decimals=1),
        title=f"Boroughs ranked: {of} {what}",
        unit=f"% of {of}",
        source=SOURCE,
        alt=f"Bar chart of the share of {of} {what} in each borough, highest first, {name} brought out. "
        "The table below has the same numbers.",
        summary=reach_words.extremes(reach, choice.measure, names),
    )
    table = blocks.table(
        reach_words.ranked(reach, choice.measure, names),
        caption=f"Within {reach.metres:,} m of {KINDS[choice.kind][0]}, by borough, ranked by share of {of}",
        source=SOURCE,
        decimals={"Residents (%)": 1, "Land (%)": 1},
        chosen=reach_words.numbered(reach_words.places_of(reach, choice.measure)[choice.code], name),
        folded=False,
    )
    pair = f"<div class='pair'><div>{plate.markup}</div><div>{ranking.markup}</div></div>"
    return f"<h2>Across London</h2>{pair}<h2>Table of boroughs</h2>{table.markup}"


def explore(catalog: Any, query: str = "") -> ipywidgets.Widget:
    """Build the app.

    Parameters
    ----------
    catalog
        Where the data comes from.
    query
        The query of the page's address; it may name the first choice.

    Returns
    -------
    ipywidgets.Widget
        The app; a sentence where the data cannot be read.
    """
    try:
        shown, sources = load(catalog), app_parts.sources(catalog, USES)
    except LondataError as error:
        return app_parts.failure(error)
    return _build(shown, sources, choice_in(query, shown.city.names))


def _build(shown: Map, sources: str, first: Choice) -> ipywidgets.Widget:
    names = shown.city.names
    borough = app_parts.choice("Borough", sorted((name, code) for code, name in names.items()), first.code)
    kind = app_parts.choice("Close to", [(key.capitalize(), key) for key in KINDS], first.kind)
    walks = [(f"{metres:,} m ({minutes} minutes)", metres) for metres, minutes in WALKS.items()]
    walk = app_parts.choice("Walk", walks, first.metres)
    by = app_parts.choice(
        "Rank by", [(word.capitalize(), key) for key, word in reach_words.MEASURES.items()], first.measure
    )
    controls = (borough, kind, walk, by)
    words, here, everywhere = place("words"), place("here"), place("everywhere")

    def redraw(_: object = None) -> None:
        if any(control.value is None for control in controls):
            return
        choice = Choice(*(control.value for control in controls))
        here.value, everywhere.value = near(shown, choice), across(shown, choice)
        said = reach_words.summary(shown.reach(choice.kind, choice.metres), choice.measure, choice.code, names)
        link = app_parts.link(borough=names[choice.code], to=choice.kind, walk=str(choice.metres), by=choice.measure)
        # The words come last: by the time a screen reader says them, the pictures are there.
        words.value = f"{blocks.paragraphs(*said, lead=True).markup}{link}"

    for control in controls:
        control.observe(redraw, "value")
    redraw()
    return app_parts.app(
        app_parts.notice(NOTICE),
        box("controls", *controls),
        words,
        here,
        everywhere,
        place("method", f"<h2>How it is worked out</h2>{blocks.paragraphs(METHOD).markup}"),
        place("sources", sources),
    )
