"""Trial templates for tests of how reports run, and what such tests look at."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONDATA = Path(sys.executable).with_name("londata")


def make_template(folder: Path, *cells: str, parameters: str = "{}", values: str = "", **fields: Any) -> Path:
    """Write a template: markdown cells begin with '#', the others are code."""
    folder.mkdir(parents=True)
    lines = {"title": "A trial", "purpose": "Try it.", "owner": "Tests", "parameters": parameters} | fields
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    written = [make_cell("code", values, "parameters")] if values else []
    written += [make_cell("markdown" if text.startswith("#") else "code", text.strip("\n")) for text in cells]
    write_notebook(folder / "template.ipynb", written)
    return folder


def make_cell(kind: str, source: str, *tags: str) -> dict[str, Any]:
    """Make one cell of a notebook."""
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def write_notebook(path: Path, cells: list[dict[str, Any]], metadata: dict[str, Any] | None = None) -> None:
    """Write a notebook that has not run."""
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something is so; fail with the words if that does not come. What is looked at may go away."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(FileNotFoundError):
            if value := condition():
                return value
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pid_in(folder: Path, name: str) -> int:
    """Wait for the number that a running report leaves in a file of its scratch folder."""

    def found() -> int:
        return next((int(text) for path in folder.glob(f"*.running-*/scratch/{name}") if (text := path.read_text())), 0)

    return int(wait_until(found, f"no report left {name}"))


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def london(*arguments: Any, **keywords: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run([LONDATA, *map(str, arguments)], capture_output=True, text=True, timeout=120, **keywords)
