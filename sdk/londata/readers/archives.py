"""Zip files, looked at before anything unpacks them."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from londata import settings
from londata.errors import ReadError, TooLargeError

MAX_MEMBERS = 100_000


def members(path: Path) -> list[str]:
    """List the files in a zip, having checked that it is whole, not too large unpacked, and stays in its place.

    Raises
    ------
    ReadError
        It is no zip file, or a name in it leads out of it.
    TooLargeError
        It unpacks to more than the setting ``MAX_DOWNLOAD``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ReadError(
            f"The zip file is broken or cut short: {error}.",
            hint="Fetch it again; if that does not help, tell the publisher.",
        ) from error
    limit = settings.get("MAX_DOWNLOAD")
    if (size := sum(info.file_size for info in infos)) > limit:
        raise TooLargeError(
            f"The file unpacks to {size:,} bytes, and the limit is {limit:,}.",
            hint="Raise LONDATA_MAX_DOWNLOAD if you trust it.",
        )
    if len(infos) > MAX_MEMBERS:
        raise TooLargeError(f"The zip file holds {len(infos):,} files, and the limit is {MAX_MEMBERS:,}.")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise ReadError("The zip file names a file twice, so what is checked might not be what is read.")
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
            raise ReadError(f"The zip file names a file outside itself ({name[:80]!r}).", hint="Do not unpack it.")
    return names
