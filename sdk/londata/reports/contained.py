"""What a cell puts out, held inside its place on the page.

The page's content security policy keeps scripts from running and anything from being fetched. This is about the rest: a
cell's HTML cannot close the part of the page that it stands in, hide what the page says after it, lead the reader away
or break the order of headings. Only what is listed here passes; text always does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bs4 import Tag

_TEXT = (
    "a abbr b bdi bdo blockquote br cite code del dfn em hr i ins kbd mark p pre q s samp small span strong sub sup u"
)
_PARTS = "var article aside details div dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 img li ol section summary ul"
_TABLES = "time caption col colgroup table tbody td tfoot th thead tr"
TAGS = frozenset(f"{_TEXT} {_PARTS} {_TABLES}".split())
#: Left out with all that is in them; of any other tag that is not listed, what is in it stays.
_WITH_CONTENT = frozenset(
    "applet audio base button canvas embed form frame frameset iframe input link math meta noembed noframes noscript "
    "object plaintext portal script select style svg template textarea title video xmp".split()
)
_ATTRIBUTES = frozenset(
    "align alt class colspan datetime dir headers height href id lang open role rowspan scope src start style tabindex "
    "title width data-numbers".split()
)
_LINKS = ("https://", "http://", "mailto:", "#")
_STYLES = re.compile(
    r"(display|text-align|vertical-align|color|background-color|font-weight|font-style|white-space|(min-|max-)?width)"
    r"\s*:\s*[#a-zA-Z0-9.,%() -]{1,60}"
)
_IDS_OF_THE_PAGE = frozenset({"report", "sources", "around", "data"})
_PICTURES = ("data:image/svg+xml;", "data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


class Contained:
    """Takes the pieces of one page in their order.

    Parameters
    ----------
    no_alt
        What an image says whose author gave no text alternative.
    """

    def __init__(self, no_alt: str) -> None:
        self._no_alt = no_alt
        self._level, self._lower = 1, 0

    def contain(self, markup: str) -> str:
        """Hold one piece of HTML inside its place."""
        from bs4 import BeautifulSoup
        from bs4.element import NavigableString, PreformattedString

        soup = BeautifulSoup(markup, "html.parser")
        # Comments, declarations and the like are read in more than one way; nobody sees them.
        for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
            text.extract()
        gone: set[int] = set()
        for tag in soup.find_all(True):
            if id(tag) in gone:
                continue
            if tag.name in _WITH_CONTENT:
                gone.update(map(id, tag.descendants))
                tag.extract()
            elif tag.name not in TAGS:
                tag.unwrap()
            else:
                self._mend(tag)
        for text in soup.find_all(string=True):  # style and script texts are kinds of their own: make all plain
            if type(text) is not NavigableString:
                text.replace_with(NavigableString(str(text)))
        return str(soup)

    def _mend(self, tag: Tag) -> None:
        tag.attrs = {name: kept for name, value in tag.attrs.items() if (kept := _attribute(name, value)) is not None}
        if tag.name == "img" and not str(tag.get("alt", "")).strip():
            tag["alt"] = self._no_alt
        if re.fullmatch("h[1-6]", tag.name):
            tag.name = f"h{self._heading(int(tag.name[1]))}"

    def _heading(self, level: int) -> int:
        """Keep the first level for the page's own heading, and leave none out on the way down."""
        if level == 1:
            self._lower = 1
        self._level = min(max(level + self._lower, 2), self._level + 1, 6)
        return self._level


def _attribute(name: str, value: Any) -> Any:
    """Keep an attribute, or give None."""
    text = " ".join(value) if isinstance(value, list) else str(value)
    if not (name in _ATTRIBUTES or re.fullmatch("aria-[a-z]+", name)):
        return None
    if name == "href":
        return text if text.lower().lstrip().startswith(_LINKS) else None
    if name == "src":
        return text if text.startswith(_PICTURES) else None
    if name == "style":
        return "; ".join(part.strip() for part in text.split(";") if _STYLES.fullmatch(part.strip())) or None
    if name == "tabindex":
        return "0" if text == "0" else None
    if name == "id":
        return None if text in _IDS_OF_THE_PAGE else text
    return value
