"""The papermill engine of the name ``londata``: ``papermill --engine londata`` runs a notebook as a report is run."""

from __future__ import annotations

from papermill.engines import NBClientEngine


class LondataEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Papermill's own engine, with kernels from a warm process."""
