"""Folders as zip files, made on the fly: shapefiles and grids are kept unpacked and read packed."""

import zipfile


def zipped(folder, path, prefix=""):
    """Pack the files of a folder, each name with the prefix before it; returns the path of the zip file."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, prefix + str(file.relative_to(folder)))
    return path
