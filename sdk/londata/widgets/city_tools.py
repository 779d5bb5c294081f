"""City Tools: which borough uses which system, whose contract ends when, and who could buy together.

The notebook of the app is one call of :func:`explore`. Numbers and words come from :mod:`londata.widgets.contracts`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.charts import Span, bars, timeline
from londata.reports import blocks
from londata.reports.wording import counted, listed
from londata.widgets import app_parts, contracts
from londata.widgets.contracts import HORIZONS, SILENT, Register, month
from londata.widgets.form_parts import box, place

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd

#: What the app reads; its ``app.yaml`` must name the same.
USES = ("city-tools",)
SOURCE = "City Tools, a generated set of londata (made up: no system, supplier or contract is real)"
NOTICE = (
    "Systems, suppliers, contracts and costs are made up, to show what such a register can say. "
    "What this page says about a borough is not true of it."
)
METHOD = (
    "Contracts are compared by their last day without extensions. Authorities that use the same system for the same "
    "service could buy anew together where their contracts end within six months of each other. Costs are sums of what "
    "is known: a cost that is kept in confidence counts for nothing. Authorities that did not answer are left out of "
    "everything but the count of answers."
)
_MOST_SPANS = 33
#: Days before the day of the data from which on contracts are drawn; most began long before.
_SHOWN_BEFORE = 200


@dataclass(frozen=True)
class Choice:
    """What the viewer chose: a service, an authority, and how many months ahead to look."""

    service: str = "Housing management"
    authority: str = "Camden"
    months: int = 18


def load(catalog: Any) -> Register:
    """Read the list, and the day on which it was collected."""
    entry = catalog[USES[0]]
    return Register(entry.read(), dt.date.fromisoformat(str(entry.record.period.end)))


def choice_in(query: str, register: Register) -> Choice:
    """Read ``service=Finance&borough=Camden&months=24`` from an address; what is unknown stays as at first."""
    fields, first = {name: value.casefold() for name, value in app_parts.asked(query).items()}, Choice()
    services = {each.casefold(): each for each in register.services}
    authorities = {each.casefold(): each for each in register.authorities}
    months = {str(each): each for each in HORIZONS}
    return Choice(
        services.get(fields.get("service", ""), first.service),
        authorities.get(fields.get("borough", ""), first.authority),
        months.get(fields.get("months", ""), first.months),
    )


def who_uses_what(register: Register, choice: Choice) -> str:
    """Show how many authorities use each system for the service, and all of them as a table; HTML."""
    rows, counts = register.of_service(choice.service), contracts.users(register, choice.service)
    mine = rows.loc[rows["authority"] == choice.authority, "system"].iloc[0]
    answered = int(rows["system"].notna().sum())
    plate = blocks.figure(
        bars(counts, chosen=mine if mine == mine else SILENT),
        title=f"{choice.service}: how many authorities use which system",
        unit=f"Number of London’s 33 authorities, {month(register.day)}",
        source=SOURCE,
        alt=f"Bar chart of the number of authorities by system for {choice.service}, the most used first. The table "
        "below names them.",
        summary=[
            f"{answered} of {len(rows)} authorities answered. They use "
            f"{counted(rows['system'].nunique(), 'system')} by "
            f"{counted(rows['supplier'].nunique(), 'supplier')}.",
        ],
    )
    table = rows.assign(system=rows["system"].fillna(SILENT), ends=_days(rows["contract_end"]))
    names = {
        "authority": "Authority",
        "system": "System",
        "supplier": "Supplier",
        "ends": "Contract ends",
        "may_extend_months": "May be extended (months)",
        "annual_cost_gbp": "Cost (£ a year)",
    }
    listed = blocks.table(
        table[list(names)].fillna({"supplier": "", "ends": ""}).rename(columns=names),
        caption=f"{choice.service}: systems and contracts of all authorities, {month(register.day)}",
        source=SOURCE,
        decimals={"Cost (£ a year)": 0, "May be extended (months)": 0},
        chosen=choice.authority,
    )
    return f"<h2>Who uses what</h2>{plate.markup}{listed.markup}"


def what_ends_when(register: Register, choice: Choice) -> str:
    """Show the contracts of the service that end within the months ahead; HTML."""
    ending = register.ending(choice.months)
    rows = ending[ending["service"] == choice.service].head(_MOST_SPANS)
    heading = f"<h2>Contracts ending by {month(register.until(choice.months))}</h2>"
    if not len(rows):
        return f"{heading}<p>No contract for this service ends in the next {choice.months} months.</p>"
    since = register.day - dt.timedelta(days=_SHOWN_BEFORE)
    spans = [
        Span(name, max(start.date(), since), end.date(), note=f"{end:%b %Y}", strong=name == choice.authority)
        for name, start, end in zip(rows["authority"], rows["contract_start"], rows["contract_end"], strict=True)
    ]
    longer = int((rows["may_extend_months"] > 0).sum())
    plate = blocks.figure(
        timeline(spans, today=register.day, today_label=f"{register.day.day} {register.day:%b %Y}"),
        title=f"{choice.service}: contracts that end in the next {choice.months} months",
        unit="Time that is left of each contract, without extensions",
        source=SOURCE,
        alt=f"Timeline of {len(rows)} contracts for {choice.service}, the one that ends first at the top. The table "
        "below has the days.",
        summary=[
            f"{counted(len(rows), 'contract ends', 'contracts end')}: first that of "
            f"{rows['authority'].iloc[0]}, on {month(rows['contract_end'].iloc[0])}. "
            f"{longer} of them may be extended."
        ],
        data=rows.assign(contract_end=_days(rows["contract_end"]))[
            ["authority", "system", "supplier", "contract_end", "may_extend_months"]
        ],
        columns={
            "authority": "Authority",
            "system": "System",
            "supplier": "Supplier",
            "contract_end": "Contract ends",
            "may_extend_months": "May be extended (months)",
        },
        decimals={"may_extend_months": 0},
        chosen=choice.authority,
        rows=_MOST_SPANS,
    )
    return heading + plate.markup


def together(register: Register, choice: Choice) -> str:
    """Show the chances to buy together, over all services; HTML."""
    found = contracts.chances(register, choice.months)
    words = blocks.paragraphs(*contracts.chances_said(found, choice.authority, choice.months)).markup
    heading = "<h2>Chances to buy together</h2>"
    if not len(found):
        return heading + words
    table = found.assign(
        mine=["yes" if choice.authority in names else "" for names in found["authorities"]],
        who=found["authorities"].map(listed),
        ends=[
            f"{first:%b %Y}" if first == last else f"{first:%b %Y} to {last:%b %Y}"
            for first, last in zip(found["first"], found["last"], strict=True)
        ],
        what=found["service"] + ": " + found["system"],
    )
    names = {
        "what": "Service and system",
        "who": "Authorities",
        "ends": "Contracts end",
        "annual_cost_gbp": "Together (£ a year)",
        "unknown_costs": "Costs not known",
        "mine": f"With {choice.authority}",
    }
    shown = blocks.table(
        table[list(names)].rename(columns=names),
        caption=f"Same system, contracts ending within six months of each other, in the next {choice.months} months",
        source=SOURCE,
        decimals={"Together (£ a year)": 0, "Costs not known": 0},
        folded=False,
    )
    return heading + words + shown.markup


def _days(ends: pd.Series[Any]) -> list[str]:
    """Write days so that a column stays narrow: ``31 Oct 2026``."""
    return [f"{end.day} {end:%b %Y}" if end == end else "" for end in ends]


def explore(catalog: Any, query: str = "") -> ipywidgets.Widget:
    """Build the app; ``query``, that of the page's address, may name the first choice."""
    return app_parts.opened(
        catalog, USES, load, lambda register, sources: _build(register, sources, choice_in(query, register))
    )


def _build(register: Register, sources: str, first: Choice) -> ipywidgets.Widget:
    service = app_parts.choice("Service", [(each, each) for each in register.services], first.service)
    authority = app_parts.choice("Borough", [(each, each) for each in register.authorities], first.authority)
    months = app_parts.choice("Ahead", [(f"{each} months", each) for each in HORIZONS], first.months)
    controls = (service, authority, months)
    words, uses, ends, chances = place("words"), place("uses"), place("ends"), place("chances")
    app_parts.as_cards(uses, ends, chances)

    def draw(moved: Any) -> None:
        choice = Choice(*(control.value for control in controls))
        uses.value, ends.value = who_uses_what(register, choice), what_ends_when(register, choice)
        if moved is not service:
            chances.value = together(register, choice)
        said = contracts.said(register, choice.authority, choice.service)
        link = app_parts.link(service=choice.service, borough=choice.authority, months=str(choice.months))
        # The words come last: by the time a screen reader says them, the pictures are there.
        words.value = f"{blocks.paragraphs(*said, lead=True).markup}{link}"

    app_parts.follow(controls, draw)
    return app_parts.app(
        app_parts.notice(NOTICE),
        box("controls", *controls),
        words,
        ends,
        chances,
        uses,
        place("method", f"<h2>How it is worked out</h2>{blocks.paragraphs(METHOD).markup}"),
        place("sources", sources),
    )
