"""Put the catalogue files of the repository into the register, when they differ from what is there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from londata import __version__, settings
from londata.records import Publisher
from londata_hub.harvest.importing import OWN_SOURCE
from londata_hub.harvest.publishers import Publishers
from londata_hub.store import RegisterStore, UpsertReport

_PATTERNS = (("catalogs", "*.yaml"), ("templates", "*/template.yaml"), ("voila-apps", "*/app.yaml"))


def prepare(store: RegisterStore, catalogs: Path | None = None) -> UpsertReport | None:
    """Load the catalogue files into the register; ``None`` when they are as they were the last time.

    Parameters
    ----------
    store
        The register.
    catalogs
        Folder with ``london.yaml``; the shipped one when not given.

    Raises
    ------
    CatalogFileError
        The files break their rules; nothing was changed.
    """
    folder = catalogs or settings.shipped("catalogs")
    fingerprint = _fingerprint(folder)
    if store.fact("seed") == fingerprint:
        return None
    from londata.catalog_files import load_catalog

    loaded = load_catalog(folder)
    report = store.upsert(loaded.entries, source=OWN_SOURCE, complete=True)
    publishers = {name: publisher.to_dict() for name, publisher in loaded.publishers.items()}
    store.note(themes=loaded.themes, aliases=loaded.aliases, publishers=publishers, seed=fingerprint)
    return report


def _fingerprint(catalogs: Path) -> str:
    """Hash every file that :func:`load_catalog` reads records from."""
    digest = hashlib.sha256(__version__.encode())
    for name, pattern in _PATTERNS:
        folder = _folder(name, catalogs)
        for file in sorted(folder.glob(pattern)):
            digest.update(f"\0{name}/{file.relative_to(folder)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _folder(name: str, catalogs: Path) -> Path:
    if name == "catalogs":
        return catalogs
    chosen = settings.get(name.upper().replace("-", "_"))
    return Path(chosen) if chosen else catalogs.parent / name


def publishers_known(store: RegisterStore) -> Publishers:
    """Give the publishers that the register knows by name since it was prepared."""
    records = store.fact("publishers") or {}
    known = {name: Publisher.from_dict(record) for name, record in records.items()}
    return Publishers(known, store.fact("aliases") or {})
