"""What an error says to write in Python, as it is typed in a terminal."""

from __future__ import annotations

import re

#: Line of Python → what to type. A project is chosen for the session, so every command works for it.
_TYPED = (
    (re.compile(r'londata\.use_project\("([a-z0-9-]+)"\)'), r"export LONDATA_PROJECT=\1"),
    (re.compile(r'catalog\.(\w+)\.request_access\(why="…"\)'), r'londata ask \1 --why "…"'),
    (re.compile(r'request_access\(why="…", project="([a-z0-9-]+)"\)'), r"Write --project \1."),
    (re.compile(r'catalog\.(\w+)\.read\(distribution="([^"\s]+)"\)'), r"londata read \1 --distribution \2"),
    (re.compile(r"catalog\.(\w+)\.read\(\)"), r"londata read \1"),
    (re.compile(r"londata\.(projects|requests)\(\)"), r"londata \1"),
)


def typed(hint: str) -> str:
    """Write a hint for a terminal; whatever has no command there stays as it is."""
    for python, command in _TYPED:
        hint = python.sub(command, hint)
    return hint
