"""Where the register is kept: a relational database with its history, and a search index derived from it."""

from londata_hub.store.register_store import RegisterStore
from londata_hub.store.reports import Change, Known, Original, Refusal, UpsertReport

__all__ = ["Change", "Known", "Original", "Refusal", "RegisterStore", "UpsertReport"]
