"""The papermill engine of the name ``londata``: ``papermill --engine londata`` runs a notebook as a report is run.

papermill loads this as it is imported itself, so nothing of papermill is imported here, and nothing that takes long.
"""

from __future__ import annotations

from typing import Any


class LondataEngine:
    """What papermill asks of an engine; :mod:`londata.reports.papermill_run` does it."""

    @staticmethod
    def execute_notebook(notebook: Any, kernel_name: str, **keywords: Any) -> Any:
        """Run a notebook; papermill calls this.

        Parameters
        ----------
        notebook, kernel_name
            As papermill's own engines take them.
        **keywords
            For :meth:`londata.reports.papermill_run.Engine.execute_notebook`.

        Returns
        -------
        NotebookNode
            The notebook with its outputs.
        """
        from londata.reports.papermill_run import Engine

        return Engine.execute_notebook(notebook, kernel_name, **keywords)

    @staticmethod
    def nb_kernel_name(notebook: Any, name: str | None = None) -> str:
        """Tell the name of a notebook's kernel."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(notebook, name))

    @staticmethod
    def nb_language(notebook: Any, language: str | None = None) -> str:
        """Tell the language of a notebook."""
        from papermill.utils import nb_language

        return str(nb_language(notebook, language))
