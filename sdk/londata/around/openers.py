"""Libraries that open files by themselves, out of Python's sight: their entries tell the watch what they are given.

Each is told of only when somebody imports the library; what it does stays what it was.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from londata.around.watching import DATABASE, FILE, Watch

#: Module → its functions, or classes, whose first argument is what they open.
OPENERS: dict[str, tuple[str, ...]] = {
    "fiona": ("open",),
    "h5py": ("File",),
    "netCDF4": ("Dataset",),
    "polars": tuple(f"{how}_{kind}" for how in ("read", "scan") for kind in ("parquet", "csv", "ipc", "ndjson")),
    "pyarrow": ("memory_map", "OSFile", "input_stream"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.json": ("read_json",),
    "pyarrow.orc": ("ORCFile", "read_table"),
    "pyarrow.parquet": ("ParquetFile", "ParquetDataset", "read_table", "read_metadata", "read_schema"),
    "pyogrio": ("read_dataframe", "read_arrow", "open_arrow", "read_info", "list_layers"),
    "pyogrio.raw": ("read", "read_arrow", "open_arrow"),
    "rasterio": ("open",),
}
#: Module → its functions that open a database somewhere.
DATABASES: dict[str, tuple[str, ...]] = {"psycopg": ("connect",), "psycopg2": ("connect",), "pyodbc": ("connect",)}
#: Module → functions that take SQL, in which files can be named.
QUERIES: dict[str, tuple[str, ...]] = {"duckdb": ("sql", "query", "execute", "from_query")}
_TABLES = {"duckdb": ("read_parquet", "read_csv", "read_json", "from_parquet", "from_csv_auto", "connect")}
_WRAPPED = {*OPENERS, *DATABASES, *QUERIES}
#: What that argument is called, where it is given by name.
_NAMES = (
    *("source", "path", "where", "path_or_paths", "path_or_dataset", "path_or_buffer", "input_file", "path_or_file"),
    *("name", "filename", "filepath", "file_path", "file_glob", "path_or_buf", "fp", "query", "database", "conninfo"),
)
_QUOTED = re.compile(r"'([^'\n]+)'")
_LIKE_A_FILE = re.compile(r"://|/|\.(?:parquet|csv|tsv|json|ndjson|db|duckdb|xlsx|gpkg|geojson|shp)\b", re.IGNORECASE)


def wrap_openers(watch: Watch) -> None:
    """Have the openers of every library tell a watch: of those that are imported now, and of others when they are."""
    for name in _WRAPPED & sys.modules.keys():
        _wrap(sys.modules[name], watch)
    sys.meta_path.insert(0, _WhenImported(watch))


def _wrap(module: ModuleType, watch: Watch) -> None:
    name = module.__name__
    with contextlib.suppress(Exception):  # a library of another version has other entries
        for entry in (*OPENERS.get(name, ()), *_TABLES.get(name, ())):
            _replace(module, entry, lambda given: watch.reads(given, FILE))
        for entry in DATABASES.get(name, ()):
            _replace(module, entry, lambda _: watch.notes(name, DATABASE))
        for entry in QUERIES.get(name, ()):
            _replace(module, entry, lambda query: watch.reads(files_in(query), FILE))


def files_in(query: Any) -> list[str]:
    """Name what looks like a file or an address in an SQL query."""
    return [text for text in _QUOTED.findall(query) if _LIKE_A_FILE.search(text)] if isinstance(query, str) else []


def _replace(module: ModuleType, entry: str, tell: Callable[[Any], None]) -> None:
    """Put a function that tells in the place of one, wherever the library has it; of a class, before it is made."""
    original = getattr(module, entry, None)
    if original is None or hasattr(original, "_told_by_londata"):
        return
    if isinstance(original, type):
        with contextlib.suppress(TypeError):  # a class of C, which keeps its own
            original.__init__ = _telling(original.__init__, tell, place=1)  # type: ignore[misc]
            return
    telling = _telling(original, tell)
    home = sys.modules.get(getattr(original, "__module__", "") or "")
    for where in (module, home):
        if where is not None and getattr(where, entry, None) is original:
            setattr(where, entry, telling)


def _telling(original: Any, tell: Callable[[Any], None], place: int = 0) -> Any:
    if hasattr(original, "_told_by_londata"):
        return original

    @functools.wraps(original)
    def opener(*arguments: Any, **keywords: Any) -> Any:
        named = (keywords[name] for name in _NAMES if name in keywords)
        tell(arguments[place] if len(arguments) > place else next(named, None))
        return original(*arguments, **keywords)

    opener._told_by_londata = True  # type: ignore[attr-defined]
    return opener


class _WhenImported(importlib.abc.MetaPathFinder):
    """Lets the usual finders find a module, and wraps its openers when it has been loaded."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._looking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _WRAPPED or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._watch)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads as another one does, and wraps what it loaded."""

    def __init__(self, loader: Any, watch: Watch) -> None:
        self._loader, self._watch = loader, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _wrap(module, self._watch)
