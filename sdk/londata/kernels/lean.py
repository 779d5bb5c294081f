"""Loading what runs notebooks without the dearest part of it, which nothing here uses.

Whatever opens a notebook loads ``jsonschema``, and that compiles a grammar of internationalised addresses at once: most
of the processor time that a process needs until it can open a notebook. No schema of a notebook has such an address.
``jsonschema`` goes on without it where the package is not installed, so here it is not, for a moment.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_GRAMMAR = "rfc3987_syntax"


@contextmanager
def without_grammars() -> Iterator[None]:
    """Load what runs notebooks, without the grammar where nobody has loaded it yet."""
    if _GRAMMAR in sys.modules:
        yield
        return
    absent: dict[str, object] = sys.modules  # type: ignore[assignment]  # None stands for a module that is not there
    absent[_GRAMMAR] = None
    try:
        yield
    finally:
        absent.pop(_GRAMMAR, None)
