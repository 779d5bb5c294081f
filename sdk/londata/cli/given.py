"""Parameters of a report as they are given on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from londata.errors import ParameterError


def given(texts: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` pairs; which of two values for one name is meant is not guessed.

    Raises
    ------
    ParameterError
        One has no value, or a name is given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise ParameterError(
                f"The parameter {text!r} has no value.", hint="Write -p name=value, as in -p borough=Camden."
            )
        if found.setdefault(name, value) != value:
            raise ParameterError(
                f"{name} is given twice, as {found[name]!r} and as {value!r}.", hint="Leave one of them out."
            )
    return found
