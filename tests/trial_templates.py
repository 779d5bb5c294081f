"""Small templates of reports, written for a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_template(
    folder: Path, *cells: str, places: tuple[str, ...] = ("Camden", "Hackney"), more: str = "", **fields: Any
) -> Path:
    """Write a template with a choice, ``place``; cells that begin with '#' are text, the others code.

    ``more`` is added to the definition as it stands; ``fields`` are its other fields.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"title": "A trial", "heading": "'{place}'", "purpose": "Try it.", "owner": "Tests"} | fields
    choice = {"type": "choice", "label": "Place", "default": places[0], "values": list(places)}
    parameters = f"parameters:\n  place: {json.dumps(choice)}\n"
    text = "".join(f"{name}: {value}\n" for name, value in lines.items()) + parameters + more
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    written = [_cell(f"place = {places[0]!r}", "parameters"), *(_cell(each.strip("\n")) for each in cells)]
    for number, cell in enumerate(written):
        cell["id"] = f"cell-{number}"
    notebook = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "template.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def _cell(source: str, *tags: str) -> dict[str, Any]:
    kind = "markdown" if source.startswith("#") else "code"
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return cell | ({} if kind == "markdown" else {"execution_count": None, "outputs": []})
