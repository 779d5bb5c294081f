"""Publisher's text made harmless for Intake, which runs templates in any text that it stores.

``{env(HOME)}`` and ``{func(os:system)}`` are programs to Intake, and a text that begins with ``data(`` is a reference
to another entry. Neither survives here.
"""

from __future__ import annotations

import re
from typing import Any

from londata.records import Entry

_REFERENCE = re.compile(r"\s*data\s*\(")
_BRACES = str.maketrans({"{": "❴", "}": "❵"})
MAX_TEXT = 2_000


def inert(text: str) -> str:
    """Replace braces by look-alikes that mean nothing, and break a reference at the beginning."""
    plain = text[:MAX_TEXT].translate(_BRACES)
    return f"“{plain}”" if _REFERENCE.match(plain) else plain


def is_inert(value: Any) -> bool:
    """Tell whether Intake would take a value as it is."""
    if isinstance(value, str):
        return not _REFERENCE.match(value) and "{" not in value
    if isinstance(value, dict):
        return all(is_inert(name) and is_inert(item) for name, item in value.items())
    return all(is_inert(item) for item in value) if isinstance(value, list | tuple) else True


def inert_metadata(record: Entry) -> dict[str, Any]:
    """Describe an entry for Intake: a handful of texts, each inert."""
    fields = {
        "title": record.title,
        "summary": record.summary,
        "publisher": record.publisher.name,
        "access": record.access,
        "licence": record.licence_title,
        "landing_page": record.landing_page,
        "updated": record.updated.isoformat() if record.updated else "",
        "slug": record.id,
    }
    return {name: inert(text) for name, text in fields.items() if text}
