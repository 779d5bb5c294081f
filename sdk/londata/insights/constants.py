"""What stands in code as such: its texts and numbers. Pure."""

from __future__ import annotations

import ast
from typing import Any

#: Letters of code up to which it is read as Python reads it. That takes a hundred times the memory of the code; nobody
#: writes more into one cell, so what is longer was pasted or generated.
LONGEST = 500_000


def constants(code: str) -> list[Any] | None:
    """List the texts and numbers in code, in no order; ``None`` where it is no Python, or too long to be read as such.

    Parameters
    ----------
    code
        Of one cell.
    """
    if len(code) > LONGEST:
        return None
    try:
        return [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
