"""What harvested records are called in the register: a name is given once and kept. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from londata.records import slugify
from londata.records.identifiers import MAX_SLUG

#: Characters kept free for what tells two records of the same name apart.
ROOM = 40


def names_for(
    identified: Sequence[tuple[str, str]],
    known: Mapping[str, str],
    taken: Callable[[list[str]], set[str]],
    source: str,
) -> dict[str, str]:
    """Give every record a slug.

    Parameters
    ----------
    identified
        Identifier and wanted name of each record, identifiers being unique.
    known
        Identifier → slug, of records of this source that the register has.
    taken
        Tells which of some slugs are in use, by any source.
    source
        Added to a name that another source uses.

    Returns
    -------
    dict
        Identifier → slug. A record whose portal gave it a new identifier keeps the name that it had. It depends only
        on what the register has and on the set of records, never on their order.
    """
    present = {identifier for identifier, _ in identified}
    reusable = {slug for identifier, slug in known.items() if identifier not in present}
    wanted = {identifier: _slug(name, identifier) for identifier, name in identified if identifier not in known}
    used = taken([*wanted.values(), *(_with(slug, slugify(source)) for slug in wanted.values())]) - reusable
    used |= {slug for identifier, slug in known.items() if identifier in present}
    names = {identifier: known[identifier] for identifier in present if identifier in known}
    exact = {identifier: slug == name for identifier, name in identified if (slug := wanted.get(identifier))}
    for identifier in sorted(wanted, key=lambda each: (not exact[each], each)):
        base = wanted[identifier]
        digest = hashlib.sha256(f"{source} {identifier}".encode()).hexdigest()
        choices = [base, _with(base, slugify(source)), _with(base, digest[:6]), _with(base, digest[:20])]
        names[identifier] = next(choice for choice in choices if choice not in used)
        used.add(names[identifier])
    return names


def _slug(name: str, identifier: str) -> str:
    slug = slugify(name)
    return slug if slug != "entry" or name == "entry" else f"entry-{slugify(identifier)}"[:MAX_SLUG].strip("-")


def _with(base: str, ending: str) -> str:
    return f"{base[: MAX_SLUG - ROOM].strip('-')}-{ending[: ROOM - 1].strip('-')}"
