"""Slugs and keys: what an entry is called in the register, and in Python.

``air-quality-hourly`` in the register is ``air_quality_hourly`` in Python, and back, without loss:

* a slug that begins with a digit gets a leading underscore: ``2011-census`` ↔ ``_2011_census``
* a slug that Python or the catalog already uses gets a trailing one: ``search`` ↔ ``search_``
"""

from __future__ import annotations

import keyword
import re
import unicodedata

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
MAX_SLUG = 120

#: Names that a catalog has for itself; a test compares them with what RegisterCatalog really has.
RESERVED_KEYS = frozenset(
    """
    add_entry aliases check_imports complete data delete entries extract_parameter facets from_dict from_entries
    from_yaml_file get_aliases get_entity give_name metadata move_parameter name pprint promote_parameter_name
    qname query records register rename search tab_completion_fixer themes to_dict to_yaml_file token
    user_parameters version
    """.split()
)


def _reserved(key: str) -> bool:
    return key in RESERVED_KEYS or keyword.iskeyword(key) or keyword.issoftkeyword(key)


def key_of(slug: str) -> str:
    """Turn a register slug into a Python identifier."""
    key = slug.replace("-", "_")
    if key[:1].isdigit():
        return f"_{key}"
    return f"{key}_" if _reserved(key) else key


def slug_of(key: str) -> str:
    """Turn a Python key (or a slug) back into the register's slug."""
    return key.strip("_").replace("_", "-")


def slugify(text: str) -> str:
    """Make a valid slug of any text; ``"entry"`` where nothing usable is left.

    Letters lose their accents; everything else that is not a letter or digit of ASCII separates words.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[:MAX_SLUG].strip("-") or "entry"
