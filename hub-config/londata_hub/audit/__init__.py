"""The log that proves it: append-only lines, each holding the hash of the one before."""

from londata_hub.audit.anchors import Anchor, Anchors, registers
from londata_hub.audit.chain import Appending, End, append, as_column, digest, end, hash_of, written
from londata_hub.audit.events import EVENTS, Event
from londata_hub.audit.history import HistoryDigest, take_over
from londata_hub.audit.readings import Asked, Counts, Denial, Reading, Tally, counts, denials, named, readings, refusals
from londata_hub.audit.verifying import Finding, lines, verify

__all__ = [
    "EVENTS",
    "Anchor",
    "Anchors",
    "Appending",
    "Asked",
    "Counts",
    "Denial",
    "End",
    "Event",
    "Finding",
    "HistoryDigest",
    "Reading",
    "Tally",
    "append",
    "as_column",
    "counts",
    "denials",
    "digest",
    "end",
    "hash_of",
    "lines",
    "named",
    "readings",
    "refusals",
    "registers",
    "take_over",
    "verify",
    "written",
]
