"""The page with the insights that somebody may see: search, choices with counts, a card for each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from londata_hub.services.insights_facts import (
    ACCESS,
    FACETS,
    FORMS,
    STATES,
    Chosen,
    Shown,
    audience_in_words,
    counted,
    folded,
    in_order,
)
from londata_hub.services.insights_look import date, link, listed, marks, page, picture, ways
from londata_hub.services.look import safe, table

#: facet → what it is called, and what stands for no choice.
LABELS = {
    "form": ("Form", "Any form"),
    "topic": ("Topic or tag", "Any topic"),
    "publisher": ("Publisher", "Any publisher"),
    "access": ("Data behind it", "Any data"),
    "state": ("How it stands", "Any state"),
}
LEAD = (
    "Apps, reports and pictures made from London’s data. Each says what it is good for, which data it rests on, "
    "and what it cannot say."
)


def gallery(
    prefix: str,
    found: Sequence[Shown],
    mine: Sequence[Shown],
    chosen: Chosen,
    names: Mapping[str, str],
    *,
    offset: int = 0,
    most: int = 60,
    known: bool = True,
    steward: bool = False,
) -> str:
    """Write the page.

    Parameters
    ----------
    prefix
        The path of the service.
    found
        All that has the words that were asked for, best first.
    mine
        What the visitor published.
    chosen
        What the visitor narrowed it to.
    names
        Publisher's id → name, and theme's id → title.
    offset, most
        Which cards are on this page.
    known, steward
        Whether the visitor is logged in, and checks releases.
    """

    def name(value: str) -> str:
        return names.get(value, value)

    ordered = found if chosen.words else in_order(found)
    fitting = folded((each for each in ordered if chosen.fits(each)), chosen)
    cards = [_card(prefix, each, count, name) for each, count in fitting[offset : offset + most]]
    body = [f'<p class="lead">{LEAD}</p>', _search(prefix, found, chosen, name), _chosen(prefix, chosen, name)]
    body.append(f"<h2>{_count(len(fitting), offset, len(cards))}</h2>")
    if cards:
        body.append(f'<ul class="cards">{"".join(cards)}</ul>')
    else:
        body.append(_nothing(prefix, chosen, known))
    body.append(_pages(prefix, chosen, offset, most, len(fitting)))
    if mine:
        body.append(_mine(prefix, mine, name))
    elif known:
        body.append("<h2>Yours</h2><p>You have published none. In a notebook: <code>londata.publish(…)</code>.</p>")
    if not known:
        body.append('<p class="quiet">These are for everybody. Who is logged in may see more.</p>')
    return page("Insights", "".join(body), ways(prefix, known=known, steward=steward, here="gallery"))


def _count(number: int, offset: int, shown: int) -> str:
    said = {0: "No insight fits", 1: "1 insight"}.get(number, f"{number:,} insights")
    return f"{said}, {offset + 1:,} to {offset + shown:,}" if 0 < shown < number else said


def _search(prefix: str, found: Sequence[Shown], chosen: Chosen, name: Callable[[str], str]) -> str:
    counts = counted(found, chosen)
    fields = "".join(_select(facet, counts[facet], getattr(chosen, facet), name) for facet in FACETS)
    series = f'<input type="hidden" name="series" value="{safe(chosen.series)}">' if chosen.series else ""
    return (
        f'<form class="find" method="get" action="{safe(prefix)}" role="search" aria-label="Insights">'
        f'<div class="words"><label for="q">Search</label>'
        f'<input type="search" id="q" name="q" value="{safe(chosen.words)}" maxlength="200"></div>'
        f"{fields}{series}<div><button>Show</button></div></form>"
    )


def _select(facet: str, counts: Counter[str], now: str, name: Callable[[str], str]) -> str:
    label, anything = LABELS[facet]
    values = dict(counts) | ({now: 0} if now and now not in counts else {})
    order = list(_words_of(facet)) or sorted(values, key=lambda each: (-values[each], name(each).casefold()))
    options = [f'<option value="">{anything}</option>']
    for value in order:
        if value in values:
            picked = " selected" if value == now else ""
            words = f"{_called(facet, value, name)} ({values[value]:,})"
            options.append(f'<option value="{safe(value)}"{picked}>{safe(words)}</option>')
    return (
        f'<div><label for="by-{facet}">{label}</label>'
        f'<select id="by-{facet}" name="{facet}">{"".join(options)}</select></div>'
    )


def _words_of(facet: str) -> Mapping[str, str]:
    return {"form": {form: said[1] for form, said in FORMS.items()}, "access": ACCESS, "state": STATES}.get(facet, {})


def _called(facet: str, value: str, name: Callable[[str], str]) -> str:
    return _words_of(facet).get(value) or name(value)


def _chosen(prefix: str, chosen: Chosen, name: Callable[[str], str]) -> str:
    """Write each choice as a link that takes it back."""
    said = {"q": f"“{chosen.words}”"} if chosen.words else {}
    said |= {facet: _called(facet, value, name) for facet in FACETS if (value := getattr(chosen, facet))}
    if chosen.series:
        said["series"] = f"Reports of {name(chosen.series)}"
    links = [
        f'<a href="{safe(prefix + _but(chosen, each))}">{safe(words)} <span aria-hidden="true">×</span></a>'
        for each, words in said.items()
    ]
    if not links:
        return ""
    return f'<p class="quiet" id="taken">Chosen; follow one to take it back:</p>{listed(links, "chosen")}'


def _but(chosen: Chosen, facet: str) -> str:
    """Write all choices but one as what follows an address."""
    return link({name: value for name, value in chosen.params().items() if name != facet})


def _card(prefix: str, shown: Shown, behind: int, name: Callable[[str], str]) -> str:
    about = [audience_in_words(shown.audience, name) if shown.audience else ""]
    about += [f"last run {date(shown.last_run)}" if shown.last_run else "", safe(f"by {shown.owner}")]
    benefit = shown.word("public_benefit")
    more = f"<p>{'1 report was' if behind == 1 else f'{behind:,} reports were'} made of it.</p>" if behind else ""
    note = f'<p class="should">{safe(shown.stale)}</p>' if shown.stale else ""
    if not shown.view.allowed:
        note = f'<p class="should">{safe(shown.view.reason)}</p>'
    return (
        f'<li class="card">{picture(prefix, shown)}<div class="about">{marks(shown)}'
        f'<h3><a href="{safe(prefix + shown.slug)}/">{safe(shown.title)}</a></h3>'
        f"<p>{safe(shown.word('summary'))}</p>"
        + (f"<p><strong>Good for:</strong> {safe(benefit)}</p>" if benefit else "")
        + f'{note}{more}<p class="quiet foot">{" · ".join(filter(None, about))}</p></div></li>'
    )


def _nothing(prefix: str, chosen: Chosen, known: bool) -> str:
    if chosen.params():
        return f'<p>Use fewer or other words, or <a href="{safe(prefix)}">see all insights</a>.</p>'
    log_in = "" if known else f' <a href="{safe(prefix)}log-in">Log in</a> to see what is for people at the hub.'
    return f"<p>None is published for you yet.{log_in}</p>"


def _pages(prefix: str, chosen: Chosen, offset: int, most: int, total: int) -> str:
    found = []
    if offset:
        before = chosen.params() | {"offset": str(max(0, offset - most) or "")}
        found.append(f'<a href="{safe(prefix + link(before))}">Earlier insights</a>')
    if offset + most < total:
        after = chosen.params() | {"offset": str(offset + most)}
        found.append(f'<a href="{safe(prefix + link(after))}">Further insights</a>')
    return f"<p>{' · '.join(found)}</p>" if found else ""


def _mine(prefix: str, mine: Sequence[Shown], name: Callable[[str], str]) -> str:
    rows = [
        (
            f'<a href="{safe(prefix + each.slug)}/">{safe(each.title)}</a>',
            safe(_standing(each)),
            safe(audience_in_words(each.audience, name)),
            date(each.version.published_at if each.version else None),
        )
        for each in mine
    ]
    headers = ("Insight", "State", "Who may open it", "Last published")
    return "<h2>Yours</h2>" + table("What you published", headers, rows)


def _standing(shown: Shown) -> str:
    publication, version = shown.publication, shown.version
    if publication is None or version is None:
        return "nothing is published yet"
    if publication.state != "live":
        return f"{publication.state}: {publication.reason}" if publication.reason else publication.state
    if not publication.current:
        return {"checking": "being checked", "refused": "did not pass its check"}.get(version.state, version.state)
    return f"version {publication.current}" + (f"; {publication.stale}" if publication.stale else "")
