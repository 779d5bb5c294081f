"""The process that is a kernel: ``python -m londata.kernels.kernel_process -f FILE``, or forked from a zygote.

It is ipykernel as it stands, started within its limits, and with one change: what its cells put out is counted, and
beyond the limit dropped where it arises, so that no process down the line has to hold it.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import itertools
import os
import sys
from typing import Any

from ipykernel import ipkernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core import shellapp
from jupyter_client.session import Session
from traitlets import DottedObjectName, Float, default
from traitlets.config import Config

from londata import around
from londata.kernels import inherited, processes
from londata.kernels.limits import Limits
from londata.kernels.outputs import CountingSession, CountingStream, KeepsNothing

#: How matplotlib is told to draw for a page.
PICTURES = "module://matplotlib_inline.backend_inline"


class KernelProcess(IPKernelApp):
    """ipykernel whose outputs are counted."""

    most_bytes = Float(float("inf"))
    outstream_class = DottedObjectName(f"{CountingStream.__module__}.{CountingStream.__qualname__}")

    def log_connection_info(self) -> None:
        """Say nothing: nobody else is to connect."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read ipykernel's options, if there are any: to be ready for all of them takes a sixth of the start."""
        if argv:
            super().parse_command_line(argv)

    def init_kernel(self) -> None:
        """Make the kernel: around the shell that ran a notebook before the fork, where there is one.

        It lists the files of all modules for its debugger, which it has not; to look at each takes a third of the start
        of a forked kernel, for whatever is looked at is copied.
        """
        ipkernel.sys = _NoModules()  # type: ignore[assignment, attr-defined]
        try:
            super().init_kernel()  # type: ignore[no-untyped-call]
        finally:
            ipkernel.sys = sys  # type: ignore[attr-defined]
        if self.kernel.shell.kernel is not self.kernel:
            self.kernel.shell.kernel = self.kernel
        self.kernel.shell.history_manager.outputs = KeepsNothing()
        read_once(self.kernel.shell)

    def init_code(self) -> None:
        """Run what was asked for before the first cell: nothing, unless there are options of ipykernel.

        Then it notes the names of all modules, for ``%reset --aggressive``. After a fork that copies a page for almost
        every name, so it takes those that were noted before the fork, and adds what has come since.
        """
        shellapp.sys = _NoModules()
        try:
            super().init_code()
        finally:
            shellapp.sys = sys
        note_modules()
        self.kernel.shell._sys_modules_keys = _noted

    @default("session")  # type: ignore[untyped-decorator]
    def _counting(self) -> Session:
        return CountingSession(parent=self, most_bytes=self.most_bytes)


def main(*arguments: str) -> None:
    """Start a kernel, and serve it until it is shut down.

    Parameters
    ----------
    *arguments
        As on the command line: ``-f`` connection file, ``--limits`` as written by
        :meth:`~londata.kernels.limits.Limits.to_text`; others are ipykernel's.
    """
    options = argparse.ArgumentParser(prog="londata.kernels.kernel_process", allow_abbrev=False)
    options.add_argument("-f", dest="connection_file", required=True)
    options.add_argument("--limits", type=Limits.from_text, default=Limits())
    options.add_argument("--forked", action="store_true")
    chosen, rest = options.parse_known_args(arguments)
    processes.adopt_orphans()  # so that all that its cells start is found below it
    if problem := chosen.limits.apply():
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - for the log of whoever started this process
    without_debugger()
    if chosen.forked:
        # What the zygote would tidy up at its end, temporary folders for instance, is the zygote's.
        atexit._clear()
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        inherited.read_for_itself()
        processes.show_as([sys.executable, "-m", "londata.kernels.kernel_process", "-f", chosen.connection_file])
    # A forked kernel has the zygote as its parent, and another lifeline: it must not end because that process has.
    app = KernelProcess.instance(
        connection_file=chosen.connection_file,
        most_bytes=chosen.limits.output_mb * 1e6 or float("inf"),
        parent_handle=0 if chosen.forked else os.getppid(),
    )
    app.update_config(Config({"HistoryManager": {"enabled": False}}))  # a run leaves nothing behind
    app.initialize(rest)
    # At its end ipykernel waits for a thread that may wait for one that has ended: ten seconds. This one ends.
    atexit.unregister(app.close)
    show_pictures()
    know_widgets()
    around.start()
    app.start()


def read_once(shell: Any) -> None:
    """Have a kernel's shell take each cell apart once: ipykernel looks whether it waits, then IPython runs it.

    What was made of a cell is kept for the one other time that the same request asks, which follows before any code of
    the notebook can run. Only this shell is changed.
    """
    read, last = shell.transform_cell, list[tuple[str, str, str]]()

    def transform(raw_cell: str) -> str:
        request = ((shell.get_parent() or {}).get("header") or {}).get("msg_id", "")
        of, raw, made = last.pop() if last else ("", "", "")
        if request and (of, raw) == (request, raw_cell):
            return made
        made = str(read(raw_cell))
        last[:] = [(request, raw_cell, made)]
        return made

    shell.transform_cell = transform


#: The names of all modules that were loaded when somebody last noted them.
_noted: set[str] = set()


def note_modules() -> None:
    """Note the names of all modules; the newest stand last, so those that are noted already are not looked at."""
    _noted.update(itertools.takewhile(lambda name: name not in _noted, reversed(sys.modules)))


class _NoModules:
    """Is :mod:`sys`, but that no modules are loaded."""

    modules: dict[str, Any] = {}  # noqa: RUF012 - as in sys

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(sys, name, value)


def show_pictures() -> None:
    """Have matplotlib draw for this kernel: where it was loaded before the fork, it has not seen that there is one."""
    if (inline := sys.modules.get("matplotlib_inline.backend_inline")) is None:
        return  # it will be loaded by this kernel, and see it then
    import matplotlib

    matplotlib.use(os.environ["MPLBACKEND"], force=False)  # ipykernel has set it, if nobody has
    inline._enable_matplotlib_integration()  # what loading it does


def know_widgets() -> None:
    """Have widgets answer a page's questions: where they were loaded before there was a shell, nobody listens yet."""
    if (widgets := sys.modules.get("ipywidgets")) is not None:
        widgets.register_comm_target()


def without_debugger() -> None:
    """Load ipykernel's support of debuggers without the debugger, which would take a third of the start of a kernel."""
    if "ipykernel.debugger" not in sys.modules and "debugpy" not in sys.modules:
        sys.modules["debugpy"] = None  # type: ignore[assignment]  # Python's own way to say that it cannot be imported
        importlib.import_module("ipykernel.debugger")
        del sys.modules["debugpy"]


if __name__ == "__main__":
    main(*sys.argv[1:])
