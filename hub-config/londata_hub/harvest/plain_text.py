"""From a portal's HTML to plain text, in time that grows only with its length, whatever the markup."""

from __future__ import annotations

import html
import re

_BLOCK = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|tr|table|blockquote|section)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HIDDEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))


def clean(text: str) -> str:
    """Take out control characters and broken surrogates; everything else stays as it was written."""
    return (text if text.isprintable() else _CONTROL.sub("", text)).strip()


def plain_text(markup: str) -> str:
    """Read HTML (or text that has none) as plain text: one line per block, entities resolved, no scripts."""
    text = markup
    if "<" in text:
        for start, end in _HIDDEN:
            text = _without(text, start, end)
        text = _TAG.sub("", _BLOCK.sub("\n", text))
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    lines = (" ".join(line.split()) for line in clean(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def shortened(text: str, longest: int) -> str:
    """Cut a text at the end of a word, on one line; ``…`` shows that something was cut."""
    line = " ".join(text[: longest * 8].split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    at_word = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return at_word.rstrip(" ,;:–-") + "…"


def _without(text: str, start: str, end: str) -> str:
    """Leave out everything from each ``start`` to the next ``end``; what is never closed stays text."""
    folded, kept, position = text.lower(), [], 0
    if len(folded) != len(text):  # a few letters change their length; then positions would not agree
        folded = text
    while (begin := folded.find(start, position)) >= 0 and (close := folded.find(end, begin)) >= 0:
        kept.append(text[position:begin])
        position = close + len(end)
    return "".join([*kept, text[position:]])
