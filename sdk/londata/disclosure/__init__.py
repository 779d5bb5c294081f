"""Disclosure control: what a table of counts may show, so that nobody in it can be picked out.

It is pure: counts go in as plain mappings, and what may be shown comes out. What is too small is hidden
(:data:`~londata.disclosure.tables.HIDDEN`), and so is as much besides as keeps it from being worked out; the rest is
rounded.
"""

from __future__ import annotations

from londata.disclosure.tables import BASE, HIDDEN, MINIMUM, OneWay, TwoWay, one_way, rounded, two_way

__all__ = ["BASE", "HIDDEN", "MINIMUM", "OneWay", "TwoWay", "one_way", "rounded", "two_way"]
