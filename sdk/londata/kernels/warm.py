"""A zygote from the side of its owner: started when needed, started again when it has died, ended with its owner."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from londata.errors import warn

#: What a kernel needs, and what most notebooks import first.
FOR_KERNELS = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "pandas",
    "pandas.core.arrays.arrow._arrow_utils",
    "pandas.io.formats.string",
    "geopandas",
    "psutil",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pyogrio",
    "tornado.platform.asyncio",
    "zmq.utils.garbage",
    "londata",
    "londata.kernels.kernel_process",
    "londata.kernels.outputs",
)
#: Libraries that start threads when they are loaded have one each: a process with threads cannot be forked safely.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLIS_NUM_THREADS")
#: pyarrow's allocator would have one that tidies up.
_NO_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_MOST_DEATHS = 3
_END_S = 1.0


def available() -> bool:
    """Tell whether this system can have a zygote: it needs Linux, for its handles of processes."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


class WarmProcess:
    """A zygote and its lifeline. Can be used from several threads.

    Parameters
    ----------
    load
        Modules that it imports before it forks.
    warm
        Functions (``module:name``) that it calls after that, to fill caches.
    environ
        Its environment; that of this process when not given.
    """

    def __init__(
        self, load: Sequence[str] = FOR_KERNELS, warm: Sequence[str] = (), environ: dict[str, str] | None = None
    ) -> None:
        self._load, self._warm, self._environ = load, warm, environ
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._closed = False

    @property
    def path(self) -> str:
        """Where it answers; empty if there can be none, or if it died too often. Starting it does not wait for it."""
        with self._lock:
            if self._closed or not available():
                return ""
            if self._process is not None and self._process.poll() is not None:
                self._deaths += 1
                self._put_away()
                if self._deaths == _MOST_DEATHS:
                    warn(
                        f"The warm process ended {_MOST_DEATHS} times. Now all start from nothing, which takes longer."
                    )
            if self._process is None and self._deaths < _MOST_DEATHS:
                self._start()
            return str(self._folder / "zygote") if self._process is not None and self._folder is not None else ""

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End it. That is for when no task is under way; one that is may go on without it."""
        with self._lock:
            self._closed = True
            self._put_away()

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="londata-"))  # which only this user can enter
        environ = os.environ.copy() if self._environ is None else dict(self._environ)
        environ |= dict.fromkeys(_ONE_THREAD, "1") | _NO_THREAD
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._folder / "zygote"))
            listener.listen(64)
            command = [sys.executable, "-P", "-m", "londata.kernels.zygote", str(listener.fileno())]
            self._process = subprocess.Popen(
                [*command, "--load", *self._load, "--warm", *self._warm],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environ,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C is for its owner
            )

    def _put_away(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            self._process.kill()  # it was still loading, or holds a task that does not end
            self._process.wait()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
