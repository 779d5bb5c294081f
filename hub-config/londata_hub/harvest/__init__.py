"""How other portals' records come into the register: shape by shape, lossless, with what is odd about them flagged.

Reading a record is pure (:mod:`datapress`); files and the store are touched at the edge (:mod:`importing`,
:mod:`seeding`).
"""

from londata_hub.harvest.importing import ImportReport, import_file
from londata_hub.harvest.seeding import prepare, publishers_known

__all__ = ["ImportReport", "import_file", "prepare", "publishers_known"]
