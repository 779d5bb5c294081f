"""Completion by prefix: ``catalog.cyc<TAB>`` asks the register for the keys that begin so, and for nothing else.

Python's own completion would list every name first, and Jedi would look at each. This matcher for IPython answers
before they are asked. It follows names, keys and the catalog's own attributes, and never runs the code in the cell.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from londata.errors import LondataError

#: Most completions that are offered at once; typing on narrows them.
LIMIT = 500
_PATH = r"(?P<path>[^\W\d]\w*(?:\.\w+|\[\s*(?:\"[\w-]*\"|'[\w-]*')\s*\])*)"
_ATTRIBUTE = re.compile(rf"(?<![\w.\])\"']){_PATH}\.(?P<prefix>\w*)$")
_KEY = re.compile(rf"(?<![\w.\])\"']){_PATH}\[\s*(?P<quote>[\"'])(?P<prefix>[\w-]*)$")
_STEP = re.compile(r"\.(\w+)|\[\s*[\"']([\w-]*)[\"']\s*\]")
_MATCHER = "londata.catalog"


def enable() -> bool:
    """Register the matcher with the running IPython, once; tells whether there is an IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or getattr(shell, "Completer", None) is None:
        return False
    matchers = shell.Completer.custom_matchers
    if not any(getattr(each, "matcher_identifier", "") == _MATCHER for each in matchers):
        matchers.append(matcher_of(lambda: shell.user_ns))
    return True


def load_ipython_extension(_shell: Any) -> None:
    """Let ``%load_ext londata.intake_catalog.completion`` and a kernel's configuration switch completion on."""
    enable()


def matcher_of(namespace: Callable[[], Mapping[str, Any]]) -> Any:
    """Make a matcher (IPython's matcher interface, version 2) that looks names up in a namespace."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=_MATCHER)  # type: ignore[untyped-decorator]
    def match(context: Any) -> dict[str, Any]:
        prefix, found = complete(context.text_until_cursor, namespace())
        after = context.line_with_cursor[context.cursor_position :]
        ending = _ending(context.text_until_cursor, after)
        return {
            "completions": [SimpleCompletion(name + ending, type=kind) for name, kind in found],
            "matched_fragment": prefix,
            "suppress": True,
            "ordered": True,
        }

    return match


def complete(text: str, namespace: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Complete what stands before the cursor.

    Returns
    -------
    tuple
        The part that is completed, and ``(name, kind)`` for each completion; empty when it is not about a catalog.
    """
    by_key = _KEY.search(text)
    found = by_key or _ATTRIBUTE.search(text)
    if not found:
        return "", []
    prefix = found["prefix"]
    try:
        names = list(_names(_follow(found["path"], namespace), prefix, keys_only=bool(by_key)))
    except LondataError:  # the register does not answer, or has no such entry: nothing to offer
        names = []
    return prefix, names[:LIMIT]


def _follow(path: str, namespace: Mapping[str, Any]) -> Any:
    """Walk from a name to a catalog, its themes or an entry; ``None`` for anything else. Runs no code of others."""
    from londata.intake_catalog.catalog import RegisterCatalog
    from londata.intake_catalog.views import Themes

    name = re.match(r"\w+", path)
    value: Any = namespace.get(name[0]) if name else None
    for attribute, key in _STEP.findall(path):
        if _is_londata(value) and attribute == "catalog":
            value = value.catalog
        elif isinstance(value, RegisterCatalog) and attribute == "themes":
            value = value.themes
        elif isinstance(value, RegisterCatalog | Themes):
            value = value[attribute or key]
        else:
            value = getattr(value, "insights", None) if attribute == "insights" and _is_ours(value) else None
    return value if _is_ours(value) else None


def _names(value: Any, prefix: str, *, keys_only: bool) -> Iterable[tuple[str, str]]:
    from londata.intake_catalog.catalog import VERBS, RegisterCatalog
    from londata.intake_catalog.entry import VERBS as ENTRY_VERBS
    from londata.intake_catalog.views import Themes

    if isinstance(value, RegisterCatalog):
        keys = value.complete(prefix, LIMIT)
        if keys_only and "-" in prefix:
            keys = [key.replace("_", "-") for key in value.complete(prefix.replace("-", "_"), LIMIT)]
        own = () if keys_only else VERBS
        return [(name, "function") for name in own if name.startswith(prefix)] + [(key, "instance") for key in keys]
    if isinstance(value, Themes):
        return [(key, "instance") for key in value if key.startswith(prefix)]
    if value is None or keys_only:
        return []
    fields = [name for name in dir(value) if name not in ENTRY_VERBS]
    kinds = dict.fromkeys(ENTRY_VERBS, "function") | dict.fromkeys(fields, "property")
    return [(name, kind) for name, kind in kinds.items() if name.startswith(prefix)]


def _is_ours(value: Any) -> bool:
    from londata.intake_catalog.catalog import RegisterCatalog
    from londata.intake_catalog.entry import RegisterEntry
    from londata.intake_catalog.views import Themes

    return isinstance(value, RegisterCatalog | RegisterEntry | Themes)


def _is_londata(value: Any) -> bool:
    return value is not None and value is sys.modules.get("londata")


def _ending(before: str, after: str) -> str:
    """Close quote and bracket of a key, unless they are there already."""
    found = _KEY.search(before)
    if not found or re.match(r"[\"'\]\w]", after):
        return ""
    return f"{found['quote']}]"
