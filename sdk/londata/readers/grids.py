"""NetCDF-4 and zipped Zarr as xarray datasets: opened lazily from a file, read at once from memory."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import xarray as xr

from londata.errors import ReadError
from londata.readers import archives
from londata.readers.in_memory import is_in_memory
from londata.readers.wanted import Wanted, positions

#: Codecs that only compress or rearrange numbers and text. A pickle codec, which runs code, is not among them.
CODECS = frozenset(
    """
    adler32 astype bitround blosc bytes bz2 crc32 crc32c delta fixedscaleoffset fletcher32 gzip jenkins_lookup3 lz4
    lzma packbits pcodec quantize sharding_indexed shuffle transpose vlen-array vlen-bytes vlen-utf8 zfpy zlib zstd
    """.split()
)
_ROOTS = ("zarr.json", ".zgroup", ".zmetadata")
_METADATA = (*_ROOTS, ".zarray")
_BROKEN = (OSError, ValueError, KeyError, TypeError, RecursionError, zipfile.BadZipFile)


def read_netcdf(path: Path, wanted: Wanted) -> Any:
    """Open a NetCDF-4 file. Nothing is read before it is used."""
    import h5netcdf  # noqa: F401 - xarray would say only that the engine is unknown
    import h5py

    # HDF5 looks for the real path of a file, which one in memory does not have, unless it takes it in whole; and it
    # may block for ever on a file object that several threads read from.
    whole: dict[str, Any] = {"driver": "core", "backing_store": False} if is_in_memory(path) else {}
    try:
        with h5py.File(path, "r", **whole) as file:
            _check_contained(file)
    except _BROKEN as error:
        raise _broken(error) from error
    driver = {"driver": "core", "driver_kwds": {"backing_store": False}} if whole else {}
    return _open(path, path, wanted, engine="h5netcdf", group=wanted.more.get("group"), **driver)


def read_zarr(path: Path, wanted: Wanted) -> Any:
    """Open a Zarr store (version 2 or 3) in a zip file, at its top or in one folder; lazy like NetCDF."""
    from zarr.storage import ZipStore

    names = archives.members(path)
    roots = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name in _ROOTS]
    if not roots:
        raise ReadError("The zip file holds no Zarr store.", hint="Tell the publisher.")
    _check_metadata(path, names)
    root = min(roots, key=lambda folder: len(folder.parts))
    group = str(root / str(wanted.more.get("group") or ""))
    return _open(
        path,
        ZipStore(path, mode="r"),
        wanted,
        engine="zarr",
        group=None if group == "." else group,
        consolidated=False,  # in a file on this machine that saves nothing, and xarray looks for it at the top only
    )


def _open(path: Path, source: Any, wanted: Wanted, **arguments: Any) -> Any:
    """Open a grid; one that is only in memory is read at once, because it cannot be opened again later."""
    chunks = wanted.more.get("chunks", {} if wanted.kind == "dask" else None)
    try:
        if not is_in_memory(path):
            return _chosen(xr.open_dataset(source, chunks=chunks, **arguments), wanted)
        with xr.open_dataset(source, **arguments) as grid:
            read = _chosen(grid, wanted).load()
        return read if chunks is None else read.chunk(chunks)
    except _BROKEN as error:
        raise _broken(error) from error


def _chosen(grid: Any, wanted: Wanted) -> Any:
    if wanted.columns is not None:
        names = [str(name) for name in grid.variables]
        positions(wanted.columns, names)
        grid = grid[list(wanted.columns)]
    return grid if wanted.rows is None else grid.head(wanted.rows)


def _broken(error: Exception) -> ReadError:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return ReadError(
        f"The grid cannot be opened: {reason}.", hint="Fetch it again; if that does not help, tell the publisher."
    )


def _check_contained(group: Any) -> None:
    """Refuse HDF5 that takes its data from other files, by a link or by a variable that is stored elsewhere."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        item = None if isinstance(link, h5py.ExternalLink | h5py.SoftLink) else group[name]
        if isinstance(link, h5py.ExternalLink) or (
            isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        ):
            raise ReadError(
                f"The grid takes {name!r} from another file, which londata does not open.",
                hint="Ask the publisher for a file that holds all its data.",
            )
        if isinstance(item, h5py.Group):
            _check_contained(item)


def _check_metadata(path: Path, names: list[str]) -> None:
    """Refuse codecs that are not on the list."""
    with zipfile.ZipFile(path) as archive:
        for name in names:
            if PurePosixPath(name).name not in _METADATA:
                continue
            try:
                metadata = json.loads(archive.read(name))
            except (ValueError, RecursionError) as error:
                raise ReadError(f"{name} in the Zarr store is not JSON.", hint="Tell the publisher.") from error
            if strange := _codecs(metadata) - CODECS:
                raise ReadError(
                    f"The Zarr store is packed with {', '.join(sorted(strange))}, which londata does not unpack.",
                    hint="Tell the publisher; a codec can run code, so only known ones are used.",
                )


def _codecs(value: Any) -> set[str]:
    """Collect the names of codecs anywhere in metadata, of version 2 (``id``) and of version 3 (``name``)."""
    if isinstance(value, list):
        return set().union(*map(_codecs, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_codecs, value.values()))
    listed = [*_as_list(value.get("filters")), *_as_list(value.get("compressor"))]
    found |= {str(item["id"]).lower() for item in listed if isinstance(item, dict) and "id" in item}
    for key in ("codecs", "index_codecs"):
        for item in _as_list(value.get(key)):
            name = item.get("name") if isinstance(item, dict) else item
            found.add(str(name).lower().removeprefix("numcodecs."))
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
