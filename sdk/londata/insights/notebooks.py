"""Notebooks as files: read, and copied without what their last run left in them."""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

from londata.errors import MissingExtraError, UsageError
from londata.kernels.lean import without_grammars


def library(name: str) -> Any:
    """Import a library; raises ``MissingExtraError`` with the line that installs it."""
    try:
        with without_grammars():
            return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs {name}, which is not installed.", hint="pip install 'londata[reports,apps]'"
        ) from error


def read(path: Path) -> Any:
    """Read a notebook.

    Raises
    ------
    UsageError
        There is no such notebook, or it cannot be read.
    MissingExtraError
        The library that reads notebooks is not installed.
    """
    nbformat = library("nbformat")
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise UsageError(f"There is no notebook {path}.", hint="Give the path of an .ipynb file.") from None
    except (OSError, ValueError, AttributeError, TypeError, KeyError, nbformat.ValidationError) as error:
        raise UsageError(f"{path} is not a notebook that can be read.", hint="Save it again in JupyterLab.") from error


def stripped(content: Any, title: str) -> Any:
    """Copy a notebook without outputs, counts, notes of other programs and the state of widgets.

    Parameters
    ----------
    content
        The notebook; it is not changed.
    title
        What its page is called.
    """
    content = copy.deepcopy(content)
    kept = {name: content.metadata[name] for name in ("kernelspec", "language_info") if name in content.metadata}
    content.metadata = type(content.metadata)(kept | {"title": title})
    for cell in content.cells:
        cell.metadata = type(cell.metadata)({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return content
