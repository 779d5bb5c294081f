"""How papermill's engine of the name ``londata`` runs a notebook; papermill knows it by :mod:`papermill_engine`.

It is papermill's own, with three differences. A kernel of this Python is started by londata: forked from a warm process
where there is one. The notebook is not saved as a cell starts, only as it ends. And for londata's own reports it is not
saved whole at every cell: what a finished cell put out is added to a journal beside it.
"""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.execute import prepare_notebook_metadata, raise_for_execution_errors, remove_error_markers
from papermill.iorw import load_notebook_node
from papermill.log import logger
from papermill.parameterize import parameterize_notebook
from papermill.utils import chdir, merge_kwargs

from londata import settings
from londata.kernels import SameInterpreter, WarmProcess


class Keeper(Protocol):
    """Keeps a notebook while it runs; :class:`londata.reports.journal.Journal` is one."""

    def start(self, notebook: Any) -> None:
        """Keep the whole notebook, before its first cell."""

    def note(self, index: int, cell: Any) -> None:
        """Keep what one finished cell put out."""


class Manager(NotebookExecutionManager):  # type: ignore[misc]  # papermill has no types
    """papermill's records of a run, saved less often."""

    keeper: Keeper | None = None
    _quiet = False

    def save(self, **keywords: Any) -> None:
        """Save the notebook, unless this is no moment for it."""
        if not self._quiet and self.keeper is None:
            super().save(**keywords)

    def notebook_start(self, **keywords: Any) -> None:
        """Reset what is known of the cells."""
        super().notebook_start(**keywords)
        if self.keeper is not None:
            self.keeper.start(self.nb)

    def cell_start(self, cell: Any, cell_index: int | None = None, **keywords: Any) -> None:
        """Note when a cell starts."""
        self._quiet = True
        try:
            super().cell_start(cell, cell_index=cell_index, **keywords)
        finally:
            self._quiet = False

    def cell_complete(self, cell: Any, cell_index: int | None = None, **keywords: Any) -> None:
        """Note how a cell ended, and keep what it put out.

        papermill would read its own note of the start as a moment written in any way that people write one.
        """
        known, self._quiet = cell.metadata.papermill, True
        began = known.pop("start_time", None)
        try:
            super().cell_complete(cell, cell_index=cell_index, **keywords)
        finally:
            self._quiet = False
        if began:
            took = dt.datetime.fromisoformat(known.end_time) - dt.datetime.fromisoformat(began)
            known.update(start_time=began, duration=took.total_seconds())
        self.save()
        if self.keeper is not None and cell_index is not None:
            self.keeper.note(cell_index, cell)


class Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Papermill's own engine, with kernels from a warm process."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        keeper: Keeper | None = None,
        **keywords: Any,
    ) -> Any:
        """Run a notebook; papermill calls this.

        Parameters
        ----------
        nb, kernel_name, output_path, progress_bar, log_output, autosave_cell_every
            As papermill's own engines take them.
        keeper
            What keeps the notebook while it runs, instead of the file at ``output_path``.
        **keywords
            For :meth:`execute_managed_notebook`.

        Returns
        -------
        NotebookNode
            The notebook with its outputs.
        """
        manager = Manager(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.keeper = keeper
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **keywords)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        on_output: Callable[[str], None] | None = None,
        input_path: Any = None,
        **keywords: Any,
    ) -> None:
        """Run the cells, as papermill's own engine does.

        Parameters
        ----------
        nb_man, kernel_name, start_timeout, execution_timeout, input_path
            As papermill's own engines take them.
        on_output
            Told the type of each message before it is looked at.
        **keywords
            For nbclient.
        """
        if "kernel_manager_class" not in keywords and (kernel := _ours(kernel_name)):
            keywords["kernel_manager_class"] = kernel
        manager = keywords.get("kernel_manager_class")
        if isinstance(manager, type) and issubclass(manager, SameInterpreter):
            keywords.setdefault("ipython_hist_file", "")  # it keeps no history, and to be told so takes time
        keywords.pop("timeout", None)
        keywords.pop("startup_timeout", None)
        options = merge_kwargs(
            keywords,
            timeout=execution_timeout or None,
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
        )
        client = Client(nb_man, **options)
        client.on_output = on_output
        client.execute()


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, which lets somebody see what comes before it is kept."""

    on_output: Callable[[str], None] | None = None

    def process_message(self, message: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Process one message of the kernel.

        Parameters
        ----------
        message
            As the kernel sent it.
        cell, cell_index
            The cell that runs, and where it stands in the notebook.
        """
        if self.on_output is not None:
            self.on_output(message["msg_type"])
        if message["msg_type"].startswith("londata_"):  # between our kernel and us
            return None
        return super().process_message(message, cell, cell_index)


def run(path: Path, parameters: dict[str, Any], folder: Path, *, paths: tuple[str, str], **keywords: Any) -> None:
    """Do what ``papermill.execute_notebook`` does, in its parts, but leave reading and writing copies of it out.

    Parameters
    ----------
    path
        The notebook.
    parameters
        Their values, already checked.
    folder
        Where it runs.
    paths
        What papermill's records say of where the notebook came from and where it went.
    **keywords
        For :meth:`Engine.execute_notebook`.

    Raises
    ------
    PapermillExecutionError
        A cell failed.
    """
    notebook = load_notebook_node(str(path))
    if parameters:
        notebook = parameterize_notebook(notebook, parameters, kernel_name="python3", language="python")
    notebook = remove_error_markers(prepare_notebook_metadata(notebook, *paths))
    with chdir(str(folder)):
        done = Engine.execute_notebook(notebook, "python3", progress_bar=False, autosave_cell_every=0, **keywords)
    raise_for_execution_errors(done, None)


def _ours(kernel_name: str) -> type[SameInterpreter] | None:
    """Decide whether a kernel of that name is ipykernel in this very Python, which londata can fork."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(kernel_name)
    except NoSuchKernel:
        return None  # papermill says so
    python = spec.argv[0]
    here = python in {"python", "python3", f"python3.{sys.version_info[1]}"} or Path(python) == Path(sys.executable)
    if not here or "ipykernel_launcher" not in spec.argv or spec.env:
        return None
    path = settings.get("ZYGOTE") or _warm_from_the_second_on()
    return type("Kernel", (SameInterpreter,), {"zygote": path})


_asked = 0


def _warm_from_the_second_on() -> str:
    """Start a zygote when one process runs a second notebook; for one alone it would cost more than it saves."""
    global _asked
    _asked += 1
    return _own_zygote().path if _asked > 1 else ""


@functools.cache
def _own_zygote() -> WarmProcess:
    zygote = WarmProcess()
    atexit.register(zygote.close)
    return zygote
