"""What a forked process does first: become a process of its own, then run its task and end."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from londata.kernels import processes


def become(request: dict[str, Any], files: Sequence[int]) -> NoReturn:
    """Run the task that was asked for, in this freshly forked process, and end with it.

    Parameters
    ----------
    request
        ``task`` (``package.module:name``), ``arguments``, ``environ``, ``folder``.
    files
        Standard input, output and error; and a lifeline, if there is a fourth.
    """
    status = 1
    try:
        os.setsid()
        processes.adopt_orphans()  # so that whatever it starts can be found below it, and goes with it
        for standard, file in enumerate(files[:3]):
            os.dup2(file, standard)
            os.close(file)
        for lifeline in files[3:]:
            processes.die_with(lifeline)
        _start_afresh(request["environ"], request["folder"])
        module, _, name = request["task"].partition(":")
        status = getattr(importlib.import_module(module), name)(*request["arguments"]) or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - this is the outermost frame: as the interpreter would, say it and end
        traceback.print_exc()
    finally:
        _end(status)


def _start_afresh(environ: dict[str, str], folder: str) -> None:
    """Have nothing in common with the other processes that are forked from the same one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    # Python's own random numbers and temporary names see to it themselves; hashes of text stay those of the zygote.
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if processes_of_python := sys.modules.get("multiprocessing.process"):
        processes_of_python.current_process().authkey = os.urandom(32)


def _end(status: int) -> NoReturn:
    """End as an interpreter does, without taking everything apart first: that would copy every shared page."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as at any end
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(status)
