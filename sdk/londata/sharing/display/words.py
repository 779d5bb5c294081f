"""Text for people: strangers' text made safe to show. Pure."""

from __future__ import annotations

import html
import unicodedata

#: Characters that reorder the text around them. Shown text is isolated instead.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def clean(text: str, limit: int = 250) -> str:
    """Make one line of a stranger's text: no control or reordering characters, at most ``limit`` long."""
    head = text[: limit * 4]
    shown = "".join(" " if character.isspace() else character for character in head if not _is_control(character))
    line = " ".join(shown.split())
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int = 250) -> str:
    """Make a stranger's text safe for a terminal; right-to-left text cannot reach beyond itself."""
    line = clean(text, limit)
    reaches = any(unicodedata.bidirectional(character) in ("R", "AL") for character in line)
    return f"{_ISOLATE}{line}{_END_ISOLATE}" if reaches else line


def safe(text: str, limit: int = 250) -> str:
    """Make a stranger's text safe for HTML: escaped, and isolated from the text around it."""
    return f'<bdi dir="auto">{html.escape(clean(text, limit))}</bdi>' if text else ""


def link(address: str, text: str = "") -> str:
    """Link to an address that a record holds; shown as text when it is neither web nor of this site."""
    shown = safe(text or address, 120)
    if not address.startswith(("https://", "http://")) and not (
        address.startswith("/") and not address.startswith("//")
    ):
        return shown
    return f'<a href="{html.escape(address, quote=True)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _is_control(character: str) -> bool:
    return character in _REORDERING or (
        unicodedata.category(character) in ("Cc", "Cs", "Co") and not character.isspace()
    )
