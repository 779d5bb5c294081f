"""What a zygote does before the first report: all that every report would otherwise do again.

Its forked processes share the modules, and the caches that are filled here: fonts, compiled page templates, the
catalogue. Nothing here may start a thread.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

#: Beside what kernels need: what the process of a run needs.
FOR_RUNS = (
    "papermill",
    "bs4",
    "dateutil.parser",
    "jupyter_client.asynchronous",
    "londata.catalog_files",
    "londata.geography.figures",
    "londata.geography.strips",
    "londata.intake_catalog.display.readings",
    "londata.kernels.provisioner",
    "londata.readers.archives",
    "londata.readers.delimited",
    "londata.readers.maps",
    "londata.reports.blocks",
    "londata.reports.child",
    "londata.reports.export",
    "londata.reports.papermill_run",
    "londata.reports.wording",
    "nbconvert.exporters",
    "nbformat.v4",
    "pandas.io.formats.csvs",
)


def warm() -> None:
    """Fill the caches; what cannot be filled is left to the reports, which will say what is wrong."""
    warm_for_hours()
    for part in (_register, _environment):
        with contextlib.suppress(Exception):
            part()


def warm_for_hours() -> None:
    """Fill those caches that are right for as long as the process lives, whatever files are changed meanwhile."""
    for part in (_page, _map, _kernels):
        with contextlib.suppress(Exception):
            part()


def _figures() -> str:
    """Draw once, and so find the fonts; returns the picture as it stands on a page."""
    import matplotlib

    before = matplotlib.get_backend()
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.backends.registry import backend_registry

    from londata.reports.blocks import figure

    backend_registry.list_all()  # looks through the entry points of all that is installed
    drawing, axes = plt.subplots()
    axes.plot([1, 2], [0, 1], marker="o", label="a")
    axes.legend()
    axes.set_title("b", weight="bold")
    drawing.savefig(io.BytesIO(), format="png")
    shown = figure(drawing, title="a", unit="b", source="c", alt="d", summary=["e"])
    plt.close(drawing)
    matplotlib.use(before)
    return shown._repr_html_()


def _map() -> None:
    """Draw a map of two squares and rows of dots: what is drawn once has its projections, and runs quicker."""
    import geopandas as gpd
    import pandas as pd
    from shapely.geometry import box

    from londata.geography.figures import Words, area_map, image, prepare
    from londata.geography.strips import Strip, strips

    squares = [box(-0.2, 51.4, -0.1, 51.5), box(-0.1, 51.4, 0.0, 51.5)]
    areas = gpd.GeoDataFrame({"code": ["a", "b"], "name": ["a", "b"]}, geometry=squares, crs=4326)
    words, values = Words("", "", ""), {"a": 1.0, "b": 2.0}
    row = Strip("a", "b", pd.Series(values), (1.0, "1"), (2.0, "2"))
    for drawing in (area_map(prepare(areas), values, words, chosen="a"), strips([row] * 3, words, chosen="a")):
        image(drawing, "a")


def _page() -> None:
    """Make a page once, with a heading, text, a figure and printed words."""
    from nbformat import v4

    from londata.reports.export import write_page
    from londata.reports.job import Job
    from londata.reports.templates import Template

    code = v4.new_code_cell("1")
    code.outputs = [
        v4.new_output("execute_result", {"text/html": _figures(), "text/plain": "1"}, execution_count=1),
        v4.new_output("stream", text="1"),
    ]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# A\n\n**b** [c](#d)\n\n- e\n\n|f|g|\n|-|-|\n|h|i|"), code])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = Template.model_validate(
            {"name": "a", "folder": folder, "title": "A", "purpose": "B", "owner": "C", "parameters": {}}
        )
        job = Job("a", name, "a", name, name, name, "A", {}, "b")
        job.report.mkdir()
        job.figure_data.mkdir()
        write_page(job, template, notebook, [], job.report / "report.html")


def _kernels() -> None:
    """Look up the entry points, and the parser of cells."""
    from IPython.core.inputtransformer2 import TransformerManager
    from jupyter_client.provisioning import KernelProvisionerFactory

    from londata.kernels.kernel_process import without_debugger

    without_debugger()
    KernelProvisionerFactory.instance()
    TransformerManager().transform_cell("%time 1\n")


def _register() -> None:
    """Load the catalogue, where it is made of files: what comes from a service is asked for by each report itself."""
    from londata import catalog, settings

    if not settings.get("REGISTER"):
        len(list(catalog))


def _environment() -> None:
    from londata.reports import receipts

    receipts.environment()
