"""The page of a report: one HTML file without code, that needs nothing else and can run nothing.

Cells tagged ``notebook-only`` are left out; of the others the page shows text and outputs. It says in words what it
rests on, and links to the files beside it: notebook, receipt, the numbers behind the figures, PDF.
"""

from __future__ import annotations

import datetime as dt
import functools
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import londata
from londata.readlog import credit
from londata.reports import figure_data, receipts
from londata.reports.contained import Contained
from londata.reports.job import NOTEBOOK, PDF, RECEIPT, Job
from londata.reports.templates import Template

_PAGE = Path(__file__).with_name("page")
_NO_ALT = "Figure; its author gave no description"
#: Forms of an output that the page can show, best first; what needs a script to be seen is not among them.
_SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
_MARKED = re.compile(r"""<p class=["']kept["'] data-numbers=["']([a-z0-9-]+)["']>([^<]*)</p>""")


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

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ReportError
        What the figures left cannot be read.
    """
    exporter = compiled()
    exporter.register_filter("contained", Contained(_NO_ALT).contain)
    kept = figure_data.kept(job)
    page, _ = exporter.from_notebook_node(notebook, {"report": _words(job, template, reads, kept)})
    path.write_text(_linked(page, {each.path.stem: each.files(job) for each in kept}), encoding="utf-8")
    return path


@functools.cache
def compiled() -> Any:
    """Compile the template of the page; a zygote does it once for all that are forked from it."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
    from traitlets.config import Config

    class Page(HTMLExporter):  # type: ignore[misc]  # nbconvert has no types
        """nbconvert's, which does not read the finished page once more to mend what only its own pages have."""

        def from_notebook_node(self, nb: Any, resources: Any = None, **keywords: Any) -> Any:
            resources = self._init_resources(resources)
            shown = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources)
            self.register_filter("filter_data_type", shown)
            return TemplateExporter.from_notebook_node(self, nb, resources, **keywords)

    exporter = Page(
        config=Config(NbConvertBase={"display_data_priority": _SHOWN}),
        extra_template_basedirs=[str(_PAGE.parent)],
        template_name=_PAGE.name,
        exclude_anchor_links=True,
        optimistic_validation=True,  # at the end, not after each of eleven steps
    )
    # nbconvert counts images without alt text in its log; the page says so itself.
    exporter.log.setLevel("ERROR")
    return exporter


def _words(job: Job, template: Template, reads: list[dict[str, Any]], kept: list[figure_data.Kept]) -> dict[str, Any]:
    day = dt.datetime.fromisoformat(job.started).astimezone().date()
    joins, around = receipts.joins(job.read_log), receipts.around(job.read_log)
    return {
        "heading": job.heading,
        "kind": template.title,
        "owner": template.owner,
        "day": f"{day.day} {day:%B %Y}",
        "style": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "sentence": receipts.sentence(job, template, reads, "completed", joins=joins, around=around),
        "sources": [_row(reading) for reading in receipts.sources(reads)],
        "restricted": any(reading.get("agreement") for reading in reads),
        "joins": [_join(each) for each in joins],
        "around": [f"{each['what']} – {each['how']}" for each in around],
        "numbers": [_numbers(each, job) for each in kept if each.files(job)],
        "description": f"data/{figure_data.DESCRIPTION}" if "csv" in job.formats else "",
        "receipt": RECEIPT,
        "notebook": NOTEBOOK,
        "pdf": PDF if "pdf" in job.formats else "",
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
        "agreement": reading.get("agreement") or "none needed",
        "version": reading.get("version") or "not stated",
        "sha256": reading["sha256"][: receipts.SHORT_HASH],
        "rows": shape if rows is None else f"{rows:,}",
    }


def _join(join: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a join matched; a number that is not known is not zero."""
    said = {
        name: "not known" if join.get(name) is None else f"{join[name]:,}"
        for name in ("left_rows", "right_rows", "matched", "unmatched_left", "unmatched_right", "rows")
    }
    name = join["name"] or f"{join['how']} join"
    return said | {
        "name": name,
        "keys": ", ".join(join["keys"]) or "the index",
        "lost": bool(join.get("unmatched_left")),
    }


def _numbers(kept: figure_data.Kept, job: Job) -> dict[str, Any]:
    files = [(Path(name).suffix.removeprefix("."), name) for name in kept.files(job)]
    return {
        "title": kept.title,
        "unit": kept.unit,
        "rows": "1 row" if kept.rows == 1 else f"{kept.rows:,} rows",
        "files": [({"csv": "CSV", "parquet": "Parquet"}[kind], name) for kind, name in files],
    }


def _linked(page: str, files: Mapping[str, list[str]]) -> str:
    """Write behind each table of numbers where all of them are."""

    def line(found: re.Match[str]) -> str:
        name, said = found[1], found[2].partition(";")[0].strip().removesuffix(".")
        links = [f"<a href='{html.escape(each)}'>{html.escape(Path(each).name)}</a>" for each in files.get(name, ())]
        if not links:
            said = f"{said}; the others were not asked for, as csv or parquet." if said else ""
            return f"<p class='kept'>{said}</p>" if said else ""
        what = f"{said}; all of them are in" if said else "These numbers are in"
        return f"<p class='kept'>{what} {' and '.join(links)}.</p>"

    return _MARKED.sub(line, page)
