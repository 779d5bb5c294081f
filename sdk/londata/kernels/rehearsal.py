"""Running a notebook once, in a process from which kernels are forked afterwards, each as it is after the run.

The zygote calls :func:`perform` before it takes requests. The cells run in IPython's own shell for kernels, without
sockets and without threads; their outputs are taken down and told to whoever asked. A kernel that is forked then
finds that shell, with everything in it, and makes itself around it.

Not every notebook can be shared like this: a thread, a task that waits, a process or an open file of the run would
not be there, or would be there for all, in each fork. Then that is what is told, and nobody forks.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import struct
import sys
import threading
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from londata.kernels.first_view import first_views
from londata.kernels.inherited import open_files, why_alone

#: Which notebook to run, and the socket at which somebody waits to be told what came of it.
NOTEBOOK, TOLD = "LONDATA_REHEARSE", "LONDATA_REHEARSE_TOLD"
LENGTH = struct.Struct("!Q")


@dataclass
class Rehearsed:
    """What came of a run.

    ``cells`` holds the outputs of each cell, ``views`` what a page shows of them before they are alive. ``failed`` says
    which cell did not run, ``alone`` why it cannot be shared; both are empty if all is well. ``modules`` are those that
    the run has loaded, in that order.
    """

    cells: list[list[dict[str, Any]]] = field(default_factory=list)
    views: list[list[str]] = field(default_factory=list)
    failed: str = ""
    alone: str = ""
    modules: list[str] = field(default_factory=list)


def perform() -> None:
    """Run the notebook that the environment names, and tell the outcome."""
    notebook, told = Path(os.environ.pop(NOTEBOOK)), os.environ.pop(TOLD)
    outcome = Rehearsed()
    try:
        os.chdir(notebook.parent)
        outcome = rehearse(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    except BaseException as problem:  # noqa: BLE001 - whatever a notebook raises or exits with, it is told
        traceback.print_exc()
        outcome.failed = f"it ended with {type(problem).__name__}"
    text = json.dumps(asdict(outcome)).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
        waiting.connect(told)
        waiting.sendall(LENGTH.pack(len(text)) + text)


def rehearse(cells: list[dict[str, Any]]) -> Rehearsed:
    """Run cells in this process, and find out whether it can be forked afterwards."""
    loaded, files = set(sys.modules), open_files()
    shell, recorder = _shell()
    outcome = Rehearsed(cells=recorder.cells)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        outcome.failed = loop.run_until_complete(_run(shell, recorder, cells))
        loop.run_until_complete(asyncio.sleep(0))  # what was ready to be done anyway
        outcome.alone = _waiting_in(loop)
    finally:
        loop.close()
        asyncio.set_event_loop_policy(None)
    outcome.alone = outcome.alone or why_alone(files)
    outcome.views = first_views(outcome.cells)
    outcome.modules = [name for name in sys.modules if name not in loaded and not name.startswith("__")]
    shell.set_parent({})
    shell.kernel = None
    return outcome


async def _run(shell: Any, recorder: Any, cells: list[dict[str, Any]]) -> str:
    """Run each cell as a kernel would; says which one failed."""
    for number, cell in enumerate(cells, start=1):
        recorder.begin()
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.strip():
            continue
        shell.set_parent({"header": {"msg_id": f"cell-{number}", "msg_type": "execute_request"}, "metadata": {}})
        problem, transformed = None, source
        try:
            transformed = shell.transform_cell(source)
        except Exception:  # noqa: BLE001 - IPython shows it where it runs the cell
            problem = sys.exc_info()
        done = await shell.run_cell_async(
            source, store_history=False, transformed_cell=transformed, preprocessing_exc_tuple=problem
        )
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", done)
        error = done.error_before_exec or done.error_in_exec
        if error is not None and "raises-exception" not in cell.get("metadata", {}).get("tags", ()):
            traceback.print_exception(error, file=sys.__stderr__)
            return f"cell {number} does not run ({type(error).__name__})"
    return ""


def _shell() -> tuple[Any, Any]:
    """Make the shell of a kernel without the kernel."""
    from ipykernel.zmqshell import ZMQInteractiveShell
    from traitlets.config import Config

    from londata.kernels import kernel_process
    from londata.kernels.outputs import KeepsNothing
    from londata.kernels.recording import Recorder, RecordingComm, RecordingStream

    ipykernel: Any = importlib.import_module("ipykernel.ipkernel")  # puts its comms in place
    shell = ZMQInteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.history_manager.outputs = KeepsNothing()
    recorder = Recorder()
    shell.display_pub.session = shell.displayhook.session = recorder
    shell.kernel = _NoKernel(shell, recorder)
    RecordingComm.recorder = recorder
    ipykernel.comm.create_comm = RecordingComm
    sys.stdout, sys.stderr = RecordingStream("stdout", recorder), RecordingStream("stderr", recorder)
    sys.path.insert(0, "")
    # Else the first bar of any cell starts a thread and makes a lock between processes: nothing could be forked.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    os.environ.setdefault("MPLBACKEND", kernel_process.PICTURES)
    if "matplotlib" in sys.modules:
        importlib.import_module(kernel_process.PICTURES.partition("//")[2])
    kernel_process.show_pictures()
    kernel_process.know_widgets()
    return shell, recorder


class _NoKernel:
    """What stands for the kernel while there is none: widgets ask it which request is being answered."""

    iopub_socket = None

    def __init__(self, shell: Any, session: Any) -> None:
        self._shell, self.session = shell, session

    def get_parent(self, *_: Any) -> Any:
        return self._shell.get_parent()


def _waiting_in(loop: asyncio.AbstractEventLoop) -> str:
    """Tell whether something in a loop still waits to be done."""
    inner: Any = loop  # of its timers and callbacks a loop says nothing
    scheduled = [each for each in inner._scheduled if not each.cancelled()]
    if any(not task.done() for task in asyncio.all_tasks(loop)) or scheduled or inner._ready:
        return "it leaves tasks waiting"
    return ""
