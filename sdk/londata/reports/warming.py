"""What a zygote does before the first report: all that every report would otherwise do again.

Its forked processes share the modules, and the caches that are filled here: fonts, compiled page templates, the
catalogue. Nothing here may start a thread.
"""

from __future__ import annotations

import contextlib
import io

#: Beside what kernels need: what the process of a run needs.
FOR_RUNS = (
    "papermill",  # first, for it imports its engines, londata's among them
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
    "londata.reports.papermill_engine",
    "nbconvert.exporters",
    "nbformat.v4",
)


def warm() -> None:
    """Fill the caches; what cannot be filled is left to the reports, which will say what is wrong."""
    for part in (_figures, _page, _kernels, _register, _environment):
        with contextlib.suppress(Exception):
            part()


def _figures() -> None:
    """Find the fonts, and draw once."""
    import matplotlib

    before = matplotlib.get_backend()
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    drawing, axes = plt.subplots()
    axes.plot([1, 2], label="a")
    axes.legend()
    for form in ("svg", "png"):
        drawing.savefig(io.BytesIO(), format=form)
    plt.close(drawing)
    matplotlib.use(before)


def _page() -> None:
    """Make a page once."""
    from nbformat import v4

    from londata.reports.export import compiled

    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# A\n\n**b**")])
    exporter = compiled()
    exporter.register_filter("contained", str)
    with contextlib.suppress(Exception):  # the words of a page are missing; its template is compiled by then
        exporter.from_notebook_node(notebook, {"report": {}})


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
