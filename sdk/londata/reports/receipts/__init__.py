"""The receipt of a run: who ran what, with which parameters, on which data, and what came out.

It is an RO-Crate with the profile Process Run Crate 0.5, so that other tools read it, too.

>>> from londata.reports import receipts
>>> receipts.load("reports/borough-profile-camden-2026-11-22").sentence            # doctest: +SKIP
"""

from __future__ import annotations

from londata.reports.receipts.lineage import lineage, lineage_lines
from londata.reports.receipts.noted import around, joins, readings, sources
from londata.reports.receipts.quoting import sentence
from londata.reports.receipts.record import Receipt, UsedTemplate, load
from londata.reports.receipts.surroundings import environment
from londata.reports.receipts.telling import told
from londata.reports.receipts.verifying import Source, Verification, verify
from londata.reports.receipts.writing import SHORT_HASH, series, write

__all__ = [
    "SHORT_HASH",
    "Receipt",
    "Source",
    "UsedTemplate",
    "Verification",
    "around",
    "environment",
    "joins",
    "lineage",
    "lineage_lines",
    "load",
    "readings",
    "sentence",
    "series",
    "sources",
    "told",
    "verify",
    "write",
]
