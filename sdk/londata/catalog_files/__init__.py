"""Catalogue files: the register as YAML beside the data, for a laptop and for the first start of a hub.

A catalogue file is data, never a program: it is parsed to plain values, validated into records, and only then used.
"""

from londata.catalog_files.checks import check_bytes
from londata.catalog_files.file_register import FileRegister
from londata.catalog_files.loading import LoadedCatalog, load_catalog
from londata.catalog_files.local_files import local_file

__all__ = ["FileRegister", "LoadedCatalog", "check_bytes", "load_catalog", "local_file"]
