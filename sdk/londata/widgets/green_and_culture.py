"""The green and cultural infrastructure map: who lives within a walk of a park, a library or a museum.

The notebook of the app is one call of :func:`explore`. What it rests on is laid out by :mod:`londata.widgets.ground`,
the numbers come from :mod:`londata.widgets.reach`, words and tables from :mod:`londata.widgets.reach_words`, maps from
:mod:`londata.widgets.reach_pictures`.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.charts import bars
from londata.reports import blocks
from londata.reports.wording import listed
from londata.widgets import app_parts, reach_pictures, reach_words
from londata.widgets.form_parts import box, place
from londata.widgets.ground import GENERATED, Ground, gather
from londata.widgets.reach import KINDS, WALKS, City, Reach, measure

if TYPE_CHECKING:
    import ipywidgets

#: What the app that ships reads; its ``app.yaml`` must name the same.
USES = GENERATED.uses
SOURCE = "generated sets of londata (made up: no park, library, museum or neighbourhood is real)"
NOTICE = (
    "Parks, libraries, museums and neighbourhoods are made up, to show what such a map can say. Only the boroughs’ "
    "outlines and their numbers of residents are real. What this page says about a borough is not true of it."
)
CIRCLES = " A park is taken as a circle of its area and walked to from its edge."
PEOPLE = (
    " Residents are taken to be spread evenly over their {one}, so numbers of people are estimates, given to the "
    "nearest hundred."
)
METHOD = (
    "A walk is a straight line, so that a real one is longer.{circles}{people} A {one} is within reach where at least "
    "half of its land is. Places count wherever they are, also across a borough’s border; beyond London’s edge there "
    "are none in the data."
)


@dataclass(frozen=True)
class Choice:
    """What the viewer chose: a borough, a kind of place, a walk, and by what the boroughs are compared."""

    code: str = "E09000007"
    kind: str = "park"
    metres: int = 400
    measure: str = "residents"


class Map:
    """The city, and what was measured in it so far: each walk is measured once, when it is first asked for.

    Parameters
    ----------
    city
        Where.
    source
        What stands below each picture.
    notice
        What must be known above all; empty where nothing is made up.
    """

    def __init__(self, city: City, source: str = SOURCE, notice: str = NOTICE) -> None:
        self.city, self.source, self.notice = city, source, notice
        self._measured: dict[tuple[str, int], Reach] = {}

    def reach(self, kind: str, metres: int) -> Reach:
        """Measure what lies within one walk of one kind of place."""
        if (kind, metres) not in self._measured:
            self._measured[kind, metres] = measure(self.city, kind, metres)
        return self._measured[kind, metres]


def load(catalog: Any, ground: Ground = GENERATED) -> Map:
    """Read the data sets."""
    tables = {
        (entry, distribution): catalog[entry].read(**({"distribution": distribution} if distribution else {}))
        for entry, distribution in ground.sources
    }
    city = gather(ground, tables)
    if ground == GENERATED:
        return Map(city)
    records = [catalog[entry].record for entry in ground.uses]
    source = "; ".join(f"{each.title} ({each.publisher.name})" for each in records)
    invented = [each.title for each in records if each.generated]
    return Map(
        city, source, f"{listed(invented)}: what this page says is not true of a real place." if invented else ""
    )


def choice_in(query: str, city: City) -> Choice:
    """Read ``borough=Camden&to=library&walk=800&by=area`` from an address; what is unknown stays as at first."""
    fields = {name: value.casefold() for name, value in app_parts.asked(query).items()}
    first = Choice(kind=city.kinds[0], measure=next(iter(city.measures)))
    named = fields.get("borough", "")
    codes = [code for code, name in city.names.items() if named in (code.casefold(), name.casefold())]
    walks = {str(metres): metres for metres in WALKS}
    return Choice(
        (codes or [first.code])[0],
        fields["to"] if fields.get("to") in city.kinds else first.kind,
        walks.get(fields.get("walk", ""), first.metres),
        fields["by"] if fields.get("by") in city.measures else first.measure,
    )


def near(shown: Map, choice: Choice) -> str:
    """Show the chosen borough: big numbers, its map, and its neighbourhoods as a table; HTML."""
    reach, name = shown.reach(choice.kind, choice.metres), shown.city.names[choice.code]
    what, (_, many) = reach_words.within(reach), shown.city.called
    rows, columns = reach_words.by_neighbourhood(reach, choice.code)
    plate = blocks.figure(
        reach_pictures.borough_map(shown.city, reach, choice.code),
        title=f"{name}: what lies {what}",
        unit=f"Straight-line distance; numbers are those of the {many}",
        source=shown.source,
        alt=f"Map of {name} and its {many}. Shaded is what lies {what}. Words and table say the same.",
        summary=reach_words.gaps(reach, choice.code),
        data=rows,
        columns=columns,
        decimals={"share": 0, "residents": 0},
    )
    return f"<h2>In {html.escape(name)}</h2>{blocks.facts(reach_words.facts(reach, choice.code)).markup}{plate.markup}"


def across(shown: Map, choice: Choice) -> str:
    """Show all of London: the map, the boroughs ranked as bars, and as a table; HTML."""
    reach, names = shown.reach(choice.kind, choice.metres), shown.city.names
    what, of = reach_words.within(reach), shown.city.measures[choice.measure]
    (one, many), london = shown.city.called, reach.london
    name, shares = names[choice.code], reach.boroughs[f"{choice.measure}_share"]
    few = int((reach.neighbourhoods["share"] < 0.2).sum())
    plate = blocks.figure(
        reach_pictures.london_map(shown.city, reach, choice.code),
        title=f"Where land lies {what}",
        unit=f"% of each {one}’s land",
        source=shown.source,
        alt=f"Map of London’s {many}, darker where more land lies {what}; {name} outlined. The words beside it "
        "and the table of boroughs below give the numbers.",
        summary=[
            f"{london['neighbourhoods_within']:.0f} of {len(reach.neighbourhoods)} {many} are within reach; in {few} "
            "less than a fifth of the land is.",
            *reach_words.farther_in_london(reach),
        ],
    )
    ordered = shares.rename(index=names).sort_values(ascending=False, kind="stable")
    ranking = blocks.figure(
        bars(ordered, chosen=name, reference=("London", london[f"{choice.measure}_share"]), decimals=1),
        title=f"Boroughs ranked: {of} {what}",
        unit=f"% of {of}",
        source=shown.source,
        alt=f"Bar chart of the share of {of} {what} in each borough, highest first, {name} brought out. "
        "The table below has the same numbers.",
        summary=reach_words.extremes(reach, choice.measure, names),
    )
    table = blocks.table(
        reach_words.ranked(reach, choice.measure, names),
        caption=f"Within {reach.metres:,} m of {KINDS[choice.kind][0]}, by borough, ranked by share of {of}",
        source=shown.source,
        decimals={"Residents (%)": 1, "Land (%)": 1},
        chosen=reach_words.numbered(reach_words.places_of(reach, choice.measure)[choice.code], name),
        folded=False,
    )
    pair = f"<div class='pair'><div>{plate.markup}</div><div>{ranking.markup}</div></div>"
    return f"<h2>Across London</h2>{pair}<h2>Table of boroughs</h2>{table.markup}"


def explore(catalog: Any, query: str = "", ground: Ground = GENERATED) -> ipywidgets.Widget:
    """Build the app.

    Parameters
    ----------
    catalog
        Where the data comes from.
    query
        The query of the page's address; it may name the first choice.
    ground
        Which entries it rests on; :data:`londata.widgets.ground.WARDS` are real wards, for hubs that can fetch them.
    """

    def build(shown: Map, sources: str) -> ipywidgets.Widget:
        return _build(shown, sources, choice_in(query, shown.city))

    return app_parts.opened(catalog, ground.uses, lambda register: load(register, ground), build)


def _method(city: City) -> str:
    """Say how it is worked out, and no more than is true of this city."""
    one, _ = city.called
    circles = CIRCLES if (city.places["radius"] > 0).any() else ""
    return METHOD.format(one=one, circles=circles, people=PEOPLE.format(one=one) if city.peopled else "")


def _build(shown: Map, sources: str, first: Choice) -> ipywidgets.Widget:
    names = shown.city.names
    borough = app_parts.choice("Borough", sorted((name, code) for code, name in names.items()), first.code)
    kind = app_parts.choice("Close to", [(key.capitalize(), key) for key in shown.city.kinds], first.kind)
    walks = [(f"{metres:,} m ({minutes} minutes)", metres) for metres, minutes in WALKS.items()]
    walk = app_parts.choice("Walk", walks, first.metres)
    measures = [(word.capitalize(), key) for key, word in shown.city.measures.items()]
    by = app_parts.choice("Rank by", measures, first.measure)
    controls = (borough, kind, walk, by)
    words, here, everywhere = place("words"), place("here"), place("everywhere")
    app_parts.as_cards(everywhere)

    def draw(_: object) -> None:
        choice = Choice(*(control.value for control in controls))
        here.value, everywhere.value = near(shown, choice), across(shown, choice)
        said = reach_words.summary(shown.reach(choice.kind, choice.metres), choice.measure, choice.code, names)
        link = app_parts.link(borough=names[choice.code], to=choice.kind, walk=str(choice.metres), by=choice.measure)
        # The words come last: by the time a screen reader says them, the pictures are there.
        words.value = f"{blocks.paragraphs(*said, lead=True).markup}{link}"

    app_parts.follow(controls, draw)
    return app_parts.app(
        *([app_parts.notice(shown.notice)] if shown.notice else []),
        box("controls", *controls),
        words,
        here,
        everywhere,
        place("method", f"<h2>How it is worked out</h2>{blocks.paragraphs(_method(shown.city)).markup}"),
        place("sources", sources),
    )
