"""The entries of the catalogue that comes along, and which of them the demonstration holds."""

from __future__ import annotations

from pathlib import Path

from londata.catalog_files import load_catalog
from londata_hub.demonstration import holders

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = {entry.id: entry for entry in load_catalog(ROOT / "catalogs").entries}
HELD = {each.entry: each for each in holders.SETS}
