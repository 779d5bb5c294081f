"""Templates that somebody wrote themselves, as the hub keeps them: a snapshot under its SHA-256."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
import yaml


def keep(
    state: Path,
    name: str,
    cells: Sequence[str],
    *,
    digest: str = "0" * 64,
    datasets: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
) -> str:
    """Write a template into the hub's folder of snapshots; gives the digest under which it is kept."""
    folder = state / "templates" / digest / name
    folder.mkdir(parents=True)
    definition = {
        "title": name.replace("-", " ").capitalize(),
        "purpose": "To try how a report is run.",
        "owner": "ada",
        "datasets": list(datasets),
        "parameters": dict(parameters or {}),
    }
    (folder / "template.yaml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    defaults = "".join(f"{each} = {said['default']!r}\n" for each, said in definition["parameters"].items())
    declared = nbformat.v4.new_code_cell(defaults, metadata={"tags": ["parameters"]})
    notebook.cells = [
        nbformat.v4.new_markdown_cell(f"# {name}"),
        declared,
        *(nbformat.v4.new_code_cell(cell) for cell in cells),
    ]
    nbformat.write(notebook, folder / "template.ipynb")
    return digest
