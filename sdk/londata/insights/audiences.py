"""Who may open an insight, as analysts write it: ``public``, ``hub``, ``org-camden``, ``person:ada``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter, ValidationError

from londata.errors import UsageError
from londata.records.publications import Viewer

_VIEWER: TypeAdapter[str] = TypeAdapter(Viewer)
_HINT = 'Write "public", "hub", "org-camden", "person:ada", "group:analysts" or "project:school-places".'


def audience_of(named: str | Sequence[str]) -> list[str]:
    """Read who may open something.

    Parameters
    ----------
    named
        One of them, or several; none: only its owner.

    Returns
    -------
    list of str
        As the hub writes it, each once.

    Raises
    ------
    UsageError
        One of them is none of those who can be named.
    """
    if not isinstance(named, str) and not isinstance(named, Iterable):
        raise UsageError(f"The audience cannot be {named!r:.60}.", hint=_HINT)
    names = [named] if isinstance(named, str) else list(named)
    return list(dict.fromkeys(_viewer(each) for each in names if each != ""))


def _viewer(name: object) -> str:
    text = str(name).strip()
    text = f"group:{text}" if text.startswith("org-") else text
    try:
        return _VIEWER.validate_python(text)
    except ValidationError as error:
        raise UsageError(f"The audience cannot be {text[:60]!r}.", hint=_HINT) from error


def in_words(audience: Sequence[str]) -> str:
    """Say who may open something, in a few words."""
    if "public" in audience:
        return "everybody, without a log-in"
    if "hub" in audience:
        return "everybody at the hub"
    said = [_named(each) for each in audience]
    return ", ".join(said) if said else "its owner alone"


def _named(viewer: str) -> str:
    kind, _, name = viewer.partition(":")
    if kind == "people":
        return f"named people ({name})"
    if kind == "group":
        return f"people of {name.removeprefix('org-')}" if name.startswith("org-") else f"the group {name}"
    return f"members of the project {name}" if kind == "project" else name
