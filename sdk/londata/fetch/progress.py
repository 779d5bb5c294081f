"""A progress bar where somebody looks, for what takes longer than a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def somebody_looks() -> bool:
    """Tell whether there is a terminal, or a notebook that is open, to show a bar in."""
    return sys.stderr.isatty() or getattr(_kernel(), "iopub_socket", None) is not None


def in_notebook() -> bool:
    """Tell whether this runs in a kernel. There, what goes to stderr stays behind as a red box."""
    return _kernel() is not None


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")
    return getattr(ipython.get_ipython() if ipython else None, "kernel", None)


@contextmanager
def bar(title: str, total: int | None, *, wanted: bool) -> Iterator[Any]:
    """Give a function to call with each number of bytes.

    Parameters
    ----------
    title
        What stands before the bar.
    total
        Bytes in all, where known.
    wanted
        Whether the caller wants one at all.
    """
    with _tqdm(title, total) if wanted and somebody_looks() else nullcontext() as shown:
        yield shown.update if shown is not None else (lambda _: None)


def _tqdm(title: str, total: int | None) -> Any:
    module = import_module("tqdm.auto" if in_notebook() and find_spec("ipywidgets") else "tqdm")
    return module.tqdm(desc=title[:40], total=total, unit="B", unit_scale=True, delay=1, leave=False)
