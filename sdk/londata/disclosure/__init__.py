"""Disclosure control: what a table may show, so that nobody in it can be picked out.

It is pure: counts and contributions go in as plain mappings, and what may be shown comes out. What tells too much is
hidden (:data:`~londata.disclosure.tables.HIDDEN`), and so is as much besides as keeps it from being worked out; counts
are rounded. :func:`audit` looks at a table that is to be released from the other end: what can be worked out from it.
"""

from __future__ import annotations

from londata.disclosure.auditing import audit, tighter
from londata.disclosure.protecting import (
    TOTAL,
    WHY,
    Number,
    Protected,
    only_counted,
    protect_counts,
    protect_sums,
)
from londata.disclosure.seeing import Released
from londata.disclosure.tables import BASE, HIDDEN, MINIMUM, OneWay, TwoWay, one_way, rounded, two_way

__all__ = [
    "BASE",
    "HIDDEN",
    "MINIMUM",
    "TOTAL",
    "WHY",
    "Number",
    "OneWay",
    "Protected",
    "Released",
    "TwoWay",
    "audit",
    "one_way",
    "only_counted",
    "protect_counts",
    "protect_sums",
    "rounded",
    "tighter",
    "two_way",
]
