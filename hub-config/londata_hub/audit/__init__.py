"""The log that proves it: append-only lines, each holding the hash of the one before."""

from londata_hub.audit.anchors import Anchor, Anchors
from londata_hub.audit.chain import Appending, End, append, digest, end, hash_of, written
from londata_hub.audit.events import EVENTS, Event

__all__ = ["EVENTS", "Anchor", "Anchors", "Appending", "End", "Event", "append", "digest", "end", "hash_of", "written"]
