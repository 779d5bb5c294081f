"""Where the register is kept: a relational database with its history, and a search index derived from it."""

from londata_hub.store.access_store import AccessStore
from londata_hub.store.holdings import Holding
from londata_hub.store.noticing import Notice
from londata_hub.store.publication_store import PublicationStore
from londata_hub.store.register_store import RegisterStore
from londata_hub.store.reports import Change, Known, Original, Refusal, UpsertReport
from londata_hub.store.run_store import RunStore
from londata_hub.store.schedule_store import ScheduleStore

__all__ = [
    "AccessStore",
    "Change",
    "Holding",
    "Known",
    "Notice",
    "Original",
    "PublicationStore",
    "Refusal",
    "RegisterStore",
    "RunStore",
    "ScheduleStore",
    "UpsertReport",
]
