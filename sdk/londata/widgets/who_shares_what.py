"""Who shares what: the public's view of agreements to share data, their purposes and how often data was read.

The notebook of the app is one call of :func:`explore`. Numbers and words come from :mod:`londata.widgets.agreements`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.charts import bars
from londata.reports import blocks
from londata.reports.wording import counted, listed
from londata.widgets import agreements, app_parts
from londata.widgets.agreements import STATES, Agreement
from londata.widgets.form_parts import box, place

if TYPE_CHECKING:
    import ipywidgets

#: What the app reads; its ``app.yaml`` must name the same.
USES = ("sharing-agreements",)
SOURCE = "the register’s own records of agreements, as they are now"
WHAT = (
    "Public bodies share data about people and places under agreements. Each says what for, on which legal grounds "
    "and until when. Nobody reads the data outside an agreement, a project with one of its purposes, and a grant to a "
    "named person; every reading is written down. No person is named here, and of fewer than five people the number "
    "is not given."
)
NOTHING = "The register holds no agreement yet."
_MOST_BARS = 40


@dataclass(frozen=True)
class Choice:
    """What the viewer chose: one body and one purpose, or all (empty)."""

    body: str = ""
    purpose: str = ""


def load(catalog: Any) -> list[Agreement]:
    """Read the agreements."""
    return agreements.gather(catalog[USES[0]].read())


def choice_in(query: str, told: Sequence[Agreement]) -> Choice:
    """Read ``body=Camden&purpose=School%20places`` from an address; what is unknown there stands for all."""
    fields = {name: value.casefold() for name, value in app_parts.asked(query).items()}
    known = {each.casefold(): each for each in agreements.bodies(told)}
    aims = {each.casefold(): each for each in agreements.purposes(told)}
    return Choice(known.get(fields.get("body", ""), ""), aims.get(fields.get("purpose", ""), ""))


def overview(shown: Sequence[Agreement], choice: Choice) -> str:
    """Show big numbers, and how many agreements each body is party to; HTML."""
    table = agreements.by_body(shown)
    live = [each for each in shown if each.state == "live"]
    facts = blocks.facts(
        [
            blocks.Fact("In force", f"{len(live)}", f"of {counted(len(shown), 'agreement')}"),
            blocks.Fact("Party to them", f"{len(agreements.bodies(live))}", "bodies"),
            blocks.Fact("Their purposes", f"{len(agreements.purposes(live))}", ""),
            blocks.Fact("Times data was read", f"{sum(each.readings for each in shown):,}", ""),
        ]
    )
    drawn = table.set_index("body")[["live", "other"]].astype(float).head(_MOST_BARS)
    plate = blocks.figure(
        bars(drawn.rename(columns={"live": "in force", "other": "not in force"})),
        title="Who is party to how many agreements",
        unit="Number of agreements, now",
        source=SOURCE,
        alt="Bar chart of the number of agreements that each body is party to, in force and not, the most first. The "
        "table below has the same numbers.",
        summary=[_most(table)],
        data=table,
        columns={"body": "Body", "live": "Agreements in force", "other": "Agreements not in force"},
        decimals={"live": 0, "other": 0},
        chosen=choice.body,
        rows=_MOST_BARS,
    )
    return f"<h2>In numbers</h2>{facts.markup}{plate.markup}"


def _most(table: Any) -> str:
    top = table[table["live"] == table["live"].max()]
    if not int(top["live"].iloc[0]):
        return "No agreement is in force."
    names = list(top["body"])
    who = listed(names)
    each = " each" if len(names) > 1 else ""
    verb = "are" if len(names) > 1 else "is"
    return f"{who} {verb} party to {counted(int(top['live'].iloc[0]), 'agreement')} in force{each}."


def in_full(shown: Sequence[Agreement]) -> str:
    """Write every agreement with all that may be known of it; HTML."""
    return f"<h2>The agreements</h2>{''.join(map(_written, shown))}"


def _written(each: Agreement) -> str:
    facts = [
        ("Between", _items(f"{name} ({role})" for name, role in each.parties)),
        ("What for", _items(each.purposes)),
        ("Legal power", _safe(each.legal_power) or "Not stated"),
        ("Legal basis", _items(each.legal_bases) or "Not stated"),
        ("Data", _items(each.data) or "None that is listed for everybody"),
        ("Results", _safe(each.results)),
        ("Projects", _items(each.projects) or "None yet"),
        ("People given access", _safe(each.people)),
        ("Times it was read", f"{each.readings:,}"),
    ]
    rows = "".join(f"<tr><th scope='row'>{name}</th><td>{value}</td></tr>" for name, value in facts)
    state = _safe(STATES.get(each.state, each.state))
    return (
        f"<details><summary><strong>{_safe(each.title)}</strong> – {state}</summary>"
        f"<p>{_safe(each.standing)} Agreement {_safe(each.id)}.</p>"
        f"<table class='record'><caption>What is agreed</caption><tbody>{rows}</tbody></table></details>"
    )


def _items(texts: Any) -> str:
    found = [_safe(text) for text in texts]
    if len(found) < 2:
        return "".join(found)
    return f"<ul>{''.join(f'<li>{text}</li>' for text in found)}</ul>"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def explore(catalog: Any, query: str = "") -> ipywidgets.Widget:
    """Build the app; ``query``, that of the page's address, may name the first choice."""
    return app_parts.opened(catalog, USES, load, lambda told, sources: _build(told, sources, choice_in(query, told)))


def _build(told: Sequence[Agreement], sources: str, first: Choice) -> ipywidgets.Widget:
    if not told:
        return app_parts.app(place("words", blocks.paragraphs(NOTHING, lead=True).markup), place("sources", sources))
    body = app_parts.choice(
        "Body", [("All bodies", ""), *((each,) * 2 for each in agreements.bodies(told))], first.body
    )
    aims = [("All purposes", ""), *((each,) * 2 for each in agreements.purposes(told))]
    purpose = app_parts.choice("Purpose", aims, first.purpose)
    words, numbers, records = place("words"), place("numbers"), place("records")

    def draw(_: object) -> None:
        choice = Choice(body.value, purpose.value)
        shown = agreements.chosen(told, choice.body, choice.purpose)
        numbers.value = overview(shown, choice) if shown else ""
        records.value = in_full(shown) if shown else ""
        said = agreements.summary(shown, choice.body, choice.purpose)
        link = app_parts.link(body=choice.body, purpose=choice.purpose)
        # The words come last: by the time a screen reader says them, the pictures are there.
        words.value = f"{blocks.paragraphs(*said, lead=True).markup}{link}"

    app_parts.follow((body, purpose), draw)
    return app_parts.app(
        place("method", blocks.paragraphs(WHAT).markup),
        box("controls", body, purpose),
        words,
        numbers,
        records,
        place("sources", sources),
    )
