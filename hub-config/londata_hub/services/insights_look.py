"""How the pages of the service of insights look, and the parts that several of them have. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from londata.access import day
from londata_hub.services.insights_facts import ACCESS, FORMS, STATES, Shown
from londata_hub.services.look import STYLE as BASE
from londata_hub.services.look import page as framed
from londata_hub.services.look import policy, safe

STYLE = (
    BASE
    + """
body { max-width: 76rem; }
main { overflow-x: visible; }
nav p { max-width: none; }
h1 { font-size: 2rem; margin: 0.5rem 0; }
h3 { font-size: 1.15rem; line-height: 1.25; margin: 0.5rem 0 0.25rem; }
.lead { font-size: 1.15rem; max-width: 60ch; }
.find { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem 1rem;
  align-items: end; padding: 1rem; margin: 1rem 0; background: #eef3f7; }
.find .words { grid-column: 1 / -1; max-width: 40rem; }
.find input[type=search], .mine input[type=text], select, textarea, input[type=number] {
  font: inherit; padding: 0.4rem; min-height: 2.75rem;
  border: 2px solid #4a5866; background: #fff; width: 100%; max-width: 40rem; box-sizing: border-box; color: #1d2733; }
.chosen { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; padding: 0; margin: 0.5rem 0; }
.chosen a { display: inline-block; padding: 0.5rem 0.75rem; border: 1px solid #4a5866; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1.25rem;
  list-style: none; padding: 0; margin: 1rem 0; }
.card { display: flex; flex-direction: column; border: 1px solid #9aa5b1; background: #fff; position: relative; }
.card > .about { padding: 0.5rem 1rem 1rem; display: flex; flex-direction: column; flex: 1; min-width: 0; }
.card p { margin: 0.25rem 0 0.5rem; }
.card .quiet { font-size: 0.925rem; }
.card .foot { margin-top: auto; padding-top: 0.5rem; }
.card h3 a { text-decoration: none; }
.card h3 a::after { content: ""; position: absolute; inset: 0; }
.card h3 a:hover { text-decoration: underline; }
.card:focus-within { outline: 3px solid #a8400b; outline-offset: 2px; }
.card h3 a:focus-visible { outline: 0; }
.card:hover { border-color: #0f5187; }
.picture { display: block; width: 100%; height: auto; flex: none; aspect-ratio: 16 / 10; object-fit: cover;
  box-sizing: border-box; object-position: top;
  border-bottom: 1px solid #9aa5b1; background: #e3eaf0; }
.nopicture { display: flex; align-items: center; justify-content: center; font-size: 1.35rem; color: #28425a;
  background: repeating-linear-gradient(135deg, #e3eaf0 0 14px, #edf2f6 14px 28px); }
.tags { display: flex; flex-wrap: wrap; gap: 0.4rem; padding: 0; margin: 0.25rem 0; list-style: none; }
.tag { border: 1px solid #4a5866; padding: 0 0.5rem; font-size: 0.875rem; background: #fff; white-space: nowrap; }
.tag.open { background: #e1f2e7; border-color: #1a6b3c; }
.tag.shared { background: #fdf1d8; border-color: #7a5200; }
.tag.closed { background: #f7e1dc; border-color: #8f2d0b; }
.tag.stale, .tag.paused, .tag.withdrawn { background: #1d2733; color: #fff; border-color: #1d2733; }
.note { border-left: 0.4rem solid #a8400b; background: #fbf1ec; padding: 0.6rem 1rem; margin: 1rem 0; max-width: 65ch; }
.good { border-left-color: #1a6b3c; background: #edf6f0; }
.note p { margin: 0; }
.note ul { margin: 0.25rem 0 0; padding-left: 1.2rem; }
.button { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0.4rem 1.4rem; color: #fff;
  background: #0f5187; text-decoration: none; box-sizing: border-box; font-weight: 600; }
.button:hover, button:hover { background: #0a3a62; }
.plain { color: #0f5187; background: #fff; border: 2px solid #0f5187; }
.plain:hover { color: #fff; }
.two { display: grid; grid-template-columns: minmax(0, 2fr) minmax(16rem, 1fr); gap: 0 2.5rem; }
.two > aside { border-top: 4px solid #0f5187; padding-top: 0.5rem; align-self: start; }
.two > aside h2:first-child { margin-top: 0.25rem; }
.two .picture { border: 1px solid #9aa5b1; max-width: 46rem; height: auto; aspect-ratio: auto; }
aside dl, .short dl { grid-template-columns: 1fr; gap: 0; }
aside dd, .short dd { margin-bottom: 0.6rem; }
.record details { margin: 0.5rem 0; }
.record dd { min-width: 0; overflow-wrap: anywhere; }
.record dd p { margin: 0 0 0.4rem; }
.mine { border: 2px solid #0f5187; padding: 0 1rem 1rem; margin-top: 2.5rem; }
.mine h2 { margin-top: 1rem; }
.mine .field { margin: 0.5rem 0; }
.mine .field input { max-width: 10rem; }
.mine details { margin: 0.5rem 0; }
.mine details > p { margin-top: 0.75rem; }
summary { display: inline-block; }
fieldset { border: 1px solid #9aa5b1; padding: 0.75rem 1rem; margin: 0.5rem 0; min-width: 0; }
legend { font-weight: 600; padding: 0 0.25rem; }
.tick { display: flex; gap: 0.6rem; align-items: center; font-weight: 400; min-height: 2.75rem; }
.tick input { width: 1.4rem; height: 1.4rem; margin: 0; flex: none; }
.hint { color: #4a5866; font-size: 0.925rem; }
.must { border-left: 4px solid #8f2d0b; padding-left: 0.6rem; }
.should { border-left: 4px solid #7a5200; padding-left: 0.6rem; }
.fine { border-left: 4px solid #1a6b3c; padding-left: 0.6rem; }
.list { list-style: none; padding: 0; }
.list li { margin-bottom: 0.5rem; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
.number { text-align: right; }
.months { max-width: 26rem; }
@media (max-width: 52rem) {
  .two { grid-template-columns: 1fr; }
  .two > aside { margin-top: 1.5rem; }
}
@media (max-width: 30rem) { .find { grid-template-columns: 1fr; } h1 { font-size: 1.6rem; } }
"""
)
POLICY = policy(STYLE, images="'self' data:")
HOME = ("/hub/home", "Your workbench")


def page(title: str, body: str, ways: Sequence[tuple[str, str]]) -> str:
    """Write a whole page of this service.

    Parameters
    ----------
    title
        Plain text.
    body
        HTML that is safe.
    ways
        Where one can go from here: address and words.
    """
    return framed(title, body, ways, STYLE)


def ways(prefix: str, *, known: bool, steward: bool = False, here: str = "", at: str = "") -> list[tuple[str, str]]:
    """List where a visitor can go from a page.

    Parameters
    ----------
    prefix
        The path of the service.
    known
        Whether they are logged in.
    steward
        Whether they check releases.
    here
        The page: ``gallery`` is not linked to from itself.
    at
        Where a log-in leads back to: the slug of an insight, or nothing.
    """
    found = [HOME] if known else []
    if here != "gallery":
        found.append((prefix, "All insights"))
    if steward and here != "reviews":
        found.append((f"{prefix}reviews", "Releases to check"))
    if not known:
        found.append((f"{prefix}log-in{link({'to': at})}", "Log in"))
    return found


def link(params: dict[str, str]) -> str:
    """Write what follows the path of an address; what is empty is left out."""
    given = {name: value for name, value in params.items() if value}
    return f"?{urlencode(given)}" if given else ""


def marks(shown: Shown) -> str:
    """Say in short what an insight is, how open its data is, and how it stands where that needs saying."""
    access = ("open", "Released tables") if shown.is_released else (shown.access, ACCESS[shown.access])
    said = [("", FORMS[shown.form][0] if shown.form in FORMS else shown.form), access]
    if shown.state != "current":
        said.append((shown.state, STATES[shown.state]))
    items = "".join(f'<li class="tag {name}">{safe(words)}</li>' for name, words in said)
    return f'<ul class="tags">{items}</ul>'


def picture(prefix: str, shown: Shown) -> str:
    """Show what an insight looks like, or say what it is where there is no picture of it."""
    if shown.pictured and shown.version is not None:
        words = f"What “{shown.title}” looks like"
        source = f"{prefix}{shown.slug}/thumbnail.png?version={shown.version.number}"
        return f'<img class="picture" src="{safe(source)}" alt="{safe(words)}" width="640" height="400" loading="lazy">'
    words = FORMS[shown.form][0] if shown.form in FORMS else shown.form
    return f'<div class="picture nopicture" aria-hidden="true">{safe(words)}</div>'


def date(at: dt.datetime | dt.date | None) -> str:
    """Write a day by London's clock: 7 December 2026."""
    if at is None:
        return ""
    if isinstance(at, dt.datetime):
        return f'<time datetime="{at.date().isoformat()}">{safe(day(at))}</time>'
    return f'<time datetime="{at.isoformat()}">{at.day} {at:%B %Y}</time>'


def room(size: int) -> str:
    """Write how much room files take: 340 kB, 1.2 MB."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{-(-size // 1000)} kB"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Write labels and values, which are HTML that is safe; what is empty is left out."""
    return f"<dl>{''.join(f'<dt>{safe(label)}</dt><dd>{value}</dd>' for label, value in rows if value)}</dl>"


def listed(items: Iterable[str], kind: str = "") -> str:
    """Write a list of what is HTML already."""
    found = list(items)
    mark = f' class="{kind}"' if kind else ""
    return f"<ul{mark}>{''.join(f'<li>{each}</li>' for each in found)}</ul>" if found else ""


def words(text: str) -> str:
    """Write other people's words as paragraphs; an empty line parts them."""
    parts = [" ".join(part.split()) for part in text.split("\n\n")]
    return "".join(f"<p>{safe(part)}</p>" for part in parts if part)
