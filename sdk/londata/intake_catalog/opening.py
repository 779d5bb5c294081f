"""Opening a register by its address, and the catalog over it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from londata import settings
from londata.register import Register

if TYPE_CHECKING:
    from londata.intake_catalog.catalog import RegisterCatalog


def open_catalog(address: str | None = None) -> RegisterCatalog:
    """Open the catalog of a register. Nothing is read until it is asked for something.

    Parameters
    ----------
    address
        ``http://…``, ``https://…`` or ``http+unix://…`` of a register service, or a folder of catalogue files.
        When not given: the setting ``REGISTER``, else the catalogue files that are shipped with londata.

    Returns
    -------
    RegisterCatalog
        A genuine ``intake.Catalog``.
    """
    from londata.intake_catalog.catalog import RegisterCatalog

    return RegisterCatalog(_open_register(address or settings.get("REGISTER")))


@lru_cache(maxsize=8)
def register_at(address: str) -> Register:
    """Open a register once per process; this is what pickled catalogs and entries come back to."""
    return _open_register(address)


def _open_register(address: str) -> Register:
    if address.startswith(("http://", "https://", "http+unix://")):
        from londata.client import RegisterClient

        return RegisterClient(address)
    from londata.catalog_files import FileRegister

    return FileRegister(address or None)
