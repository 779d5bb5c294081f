"""What Python tells of itself (its audit events), and which of it is a read around the register."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from londata import readlog, settings

FILE, DATABASE = "a file was opened", "a database was opened"
ADDRESS, PROGRAM = "an address was asked", "a program was started"
#: What is noted of one run; beyond that one line says that there is more.
_MOST = 200
_MOST_KNOWN = 100_000
#: Code is no data: it is imported, or shown in a traceback.
_CODE = (".py", ".pyc", ".pyi", ".so", ".pth", ".dylib", ".pyd")
#: Parts of londata that read for the register. Its readers alone do not: they read whatever path they are given.
_REGISTER = (
    *("londata.intake_catalog", "londata.client", "londata.catalog_files", "londata.fetch", "londata.cache"),
    *("londata.sharing", "londata.search_index", "londata.settings", "londata.readlog", "londata.reports"),
)
#: What starts programs, or opens files and connections, for itself.
_MACHINERY = frozenset({"ctypes.util", "distributed", "matplotlib", "platform", "tzlocal", "uuid", "zmq"})
_KERNEL = frozenset({"IPython", "ipykernel"})
_SYSTEM = ("/bin/", "/dev/", "/etc/", "/lib/", "/lib64/", "/proc/", "/sbin/", "/sys/", "/usr/", "/Library/", "/System/")


class Watch:
    """Notes what went around the register, each thing once.

    Parameters
    ----------
    log
        The read log; the files of a run lie beside it.
    """

    def __init__(self, log: str) -> None:
        self._of_others = _folders_of_others()
        self._of_the_run = tuple(_as_folder(each) for each in _folders_of_the_run(log))
        self._known: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._here = threading.local()
        self._hears: dict[str, Callable[..., None]] = {
            "open": self.opened,
            "os.exec": self._command,
            "os.posix_spawn": self._command,
            "os.system": self._command,
            "socket.connect": self._connected,
            "socket.getaddrinfo": self._resolved,
            "sqlite3.connect": self._database,
            "subprocess.Popen": self._program,
        }

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event. It comes from everywhere, so nothing may go wrong here that anybody notices."""
        hear = self._hears.get(event)
        if hear is None or (event == "open" and self._is_of_others(arguments)) or getattr(self._here, "busy", False):
            return
        with self._quietly():
            hear(*arguments)

    def reads(self, source: Any, how: str = FILE) -> None:
        """Take what a library opens by itself, out of sight of Python: a path, or several."""
        if getattr(self._here, "busy", False):
            return
        with self._quietly():
            for each in source if isinstance(source, list | tuple) else [source]:
                text = os.fspath(each) if isinstance(each, str | bytes | os.PathLike) else None
                if text is not None and os.fsdecode(text).startswith(":"):  # a database in memory
                    continue
                if text is not None and "://" in os.fsdecode(text):
                    self._address(os.fsdecode(text))
                elif text is not None:
                    self._file(text, how)

    def notes(self, what: str, how: str) -> None:
        """Note something that is no path, unless the register does it."""
        if not getattr(self._here, "busy", False):
            with self._quietly():
                self._note(what, how)

    def opened(self, path: Any, mode: Any, flags: Any) -> None:
        """Take the opening of a file: what this process wrote itself may be read again.

        Parameters
        ----------
        path, mode, flags
            As Python's audit event ``open`` has them.
        """
        if not isinstance(path, str | bytes):
            return
        fresh = (set(mode) & set("wxa")) if isinstance(mode, str) else flags & (os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        if fresh:
            if len(self._known) < _MOST_KNOWN:
                self._known.add(os.path.realpath(os.fsdecode(path)))
            return
        self._file(path, FILE)

    def _is_of_others(self, arguments: tuple[Any, ...]) -> bool:
        """Tell at a glance that a file is code, or of Python and its libraries: nearly all that are opened are."""
        path = arguments[0] if arguments else None
        return isinstance(path, str) and (
            path.endswith(_CODE) or (path.startswith(self._of_others) and "/../" not in path)
        )

    def _file(self, path: str | bytes, how: str) -> None:
        text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - runs at every opening
        if text.endswith(_CODE) or text.startswith(self._of_others):
            return
        if self._is_known(text):
            return
        doer = _doer(sys._getframe(1))
        if doer == "register" and len(self._known) < _MOST_KNOWN:
            self._known.add(text)  # a table in parts is opened again when it is computed
        if doer:
            return
        real = os.path.realpath(text)
        if not (real + os.sep).startswith((*self._of_the_run, *self._of_others)) and not self._is_known(real):
            self._note(_short(real), how)

    def _is_known(self, path: str) -> bool:
        """Tell whether the register handed out a file or the folder that it is in, or this process wrote it."""
        return path in self._known or any(folder in self._known for folder in _above(path))

    def _database(self, database: Any) -> None:
        name = os.fsdecode(database) if isinstance(database, str | bytes | os.PathLike) else ""
        if not name or name.startswith((":memory:", "file::memory:")):
            return
        path = name.removeprefix("file:").partition("?")[0]
        if Path(path).exists():
            self._file(path, DATABASE)
        else:
            self._known.add(os.path.realpath(path))

    def _resolved(self, host: Any, *_: Any) -> None:
        self._here.resolved = True
        if host:
            self._note(host.decode("ascii", "replace") if isinstance(host, bytes) else str(host), ADDRESS)

    def _connected(self, _: Any, address: Any) -> None:
        """Take a connection to a number; that of a name has been taken when the name was looked up."""
        resolved, self._here.resolved = getattr(self._here, "resolved", False), False
        if isinstance(address, tuple) and not resolved:
            self._note(str(address[0]), ADDRESS)

    def _address(self, address: str) -> None:
        scheme, _, rest = address.partition("://")
        if scheme == "file":
            self._file(rest, FILE)
        elif scheme not in ("londata", "memory"):
            self._note(rest.partition("/")[0].rpartition("@")[2] or scheme, ADDRESS)

    def _program(self, program: Any, arguments: Any, *_: Any) -> None:
        first = arguments[0] if isinstance(arguments, list | tuple) and arguments else arguments or program
        self._command(first)

    def _command(self, command: Any, *_: Any) -> None:
        """Note the name of a program alone: its arguments may hold what is nobody's business."""
        words = os.fsdecode(command).split()
        self._note(Path(words[0]).name if words else "", PROGRAM)

    def _note(self, what: str, how: str) -> None:
        if (what, how) in self._told or _doer(sys._getframe(1)):
            return
        self._told.add((what, how))
        if len(self._told) <= _MOST:
            readlog.note(readlog.AROUND, {"what": what, "how": how})
        elif len(self._told) == _MOST + 1:
            readlog.note(
                readlog.AROUND, {"what": "others", "how": f"more than {_MOST} things went around the register"}
            )

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Do not listen to oneself, and never fail: an error here would be one of the notebook's."""
        self._here.busy = True
        try:
            with contextlib.suppress(Exception):
                yield
        finally:
            self._here.busy = False


def _doer(frame: FrameType | None) -> str:
    """Say who does what happens now: the register, some machinery, or (empty) the notebook itself.

    What a cell calls stands below the cell on the stack; what has no cell above it is the kernel's, or a thread's.
    """
    kernel = False
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name == "__main__":
            return ""
        if name.startswith(_REGISTER):
            return "register"
        top = name.partition(".")[0]
        if top in _MACHINERY or name in _MACHINERY:
            return "machinery"
        kernel = kernel or top in _KERNEL
        frame = frame.f_back
    return "kernel" if kernel else ""


def _above(path: str) -> Iterator[str]:
    """Give the folders above a path: who was handed a folder may open what is in it."""
    while (folder := os.path.dirname(path)) != path:  # noqa: PTH120 - runs at every opening
        yield folder
        path = folder


def _folders_of_others() -> tuple[str, ...]:
    """Name the folders of the system, of Python and of libraries, which hold no data of anybody's."""
    home = Path.home()
    named: list[str | Path] = [
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        *sysconfig.get_paths().values(),
        Path(__file__).parents[1],
    ]
    named += [home / ".config" / each for each in ("dask", "fontconfig", "intake", "matplotlib")]
    named += [home / ".cache" / each for each in ("fontconfig", "matplotlib")]
    named += [home / each for each in (".fonts", ".local/share/fonts", ".ipython", ".jupyter", ".local/share/jupyter")]
    named += [os.environ[name] for name in ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR") if name in os.environ]
    return (*_SYSTEM, *dict.fromkeys(_as_folder(each) for each in named if str(each) != "/"))


def _folders_of_the_run(log: str) -> Iterator[str | Path]:
    """Name the folders in which a run does its own work; a temporary one of its own counts, the common one does not."""
    yield Path(log).parent
    if folder := settings.get("FIGURE_DATA"):
        yield folder
    temporary = Path(tempfile.gettempdir())
    if temporary.is_relative_to(Path(log).parent):
        yield temporary


def _as_folder(path: str | Path) -> str:
    return os.path.realpath(path).rstrip(os.sep) + os.sep


def _short(path: str) -> str:
    """Write a path of one's home as people do: a receipt travels, and names of accounts need not."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path
