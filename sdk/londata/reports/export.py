"""The page of a report: one HTML file without code, that needs nothing else and can run nothing.

Cells tagged ``notebook-only`` are left out; of the others the page shows text and outputs.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, cast

import londata
from londata.readlog import credit
from londata.reports.job import NOTEBOOK, RECEIPT, Job
from londata.reports.receipts import SHORT_HASH, sources
from londata.reports.templates import Template

_PAGE = Path(__file__).with_name("page")
_NO_ALT = "Figure; its author gave no description"
#: Forms of an output that the page can show, best first; what needs a script to be seen is not among them.
_SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
_NEVER = ["base", "embed", "form", "iframe", "link", "meta", "object", "script"]


def write_page(job: Job, template: Template, notebook: Any, reads: list[dict[str, Any]], path: Path) -> Path:
    """Write the page of an executed notebook.

    Parameters
    ----------
    job, template
        What was run.
    notebook
        The executed notebook.
    reads
        What it read, for the table at the foot.
    path
        The file to write.
    """
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    config = Config(NbConvertBase={"display_data_priority": _SHOWN})
    exporter = HTMLExporter(
        config=config, extra_template_basedirs=[str(_PAGE.parent)], template_name=_PAGE.name, exclude_anchor_links=True
    )
    # nbconvert counts images without alt text in its log; the page says so itself.
    exporter.log.setLevel("ERROR")
    page, _ = exporter.from_notebook_node(notebook, {"report": _words(job, template, reads)})
    path.write_text(_tidy(page), encoding="utf-8")
    return path


def _words(job: Job, template: Template, reads: list[dict[str, Any]]) -> dict[str, Any]:
    day = dt.datetime.fromisoformat(job.started).astimezone().date()
    return {
        "heading": job.heading,
        "kind": template.title,
        "owner": template.owner,
        "day": f"{day.day} {day:%B %Y}",
        "style": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "sources": [_row(reading) for reading in sources(reads)],
        "receipt": RECEIPT,
        "notebook": NOTEBOOK,
        "limits": str(template.insight.get("limits", "")),
        "londata": londata.__version__,
        "template": template.name,
        "no_alt": _NO_ALT,
    }


def _row(reading: dict[str, Any]) -> dict[str, str]:
    shape = " × ".join(f"{size:,} {name}" for name, size in (reading.get("dimensions") or {}).items())
    rows = reading.get("rows")
    return {
        "title": reading["title"],
        "publisher": credit(reading.get("publisher", ""), reading.get("creators", ())),
        "licence": reading.get("licence") or "not stated",
        "access": reading.get("access") or "not stated",
        "version": reading.get("version") or "not stated",
        "sha256": reading["sha256"][:SHORT_HASH],
        "rows": shape if rows is None else f"{rows:,}",
    }


def _tidy(page: str) -> str:
    """Take out what could lead a reader away by itself, and lower headings where a cell has one of the first level."""
    from bs4 import BeautifulSoup, Tag

    soup = BeautifulSoup(page, "html.parser")
    main = cast(Tag, soup.main)
    for tag in main.find_all(_NEVER):
        tag.decompose()
    if main.h1:
        for tag in main.find_all(["h1", "h2", "h3", "h4", "h5"]):
            tag.name = f"h{int(tag.name[1]) + 1}"
    return str(soup)
