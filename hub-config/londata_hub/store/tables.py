"""The tables. They are made by ``migrations/versions``; a test compares the two.

Times are ISO 8601 in UTC as text, and documents are JSON text, so that every database keeps exactly what was written.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from londata_hub.audit.tables import audit, metadata

__all__ = [
    "accounts",
    "agreements",
    "audit",
    "entries",
    "facts",
    "grant_ends",
    "grants",
    "history",
    "holdings",
    "metadata",
    "originals",
    "projects",
    "publication_inputs",
    "publication_releases",
    "publication_usage",
    "publication_versions",
    "publications",
    "request_decisions",
    "requests",
    "runs",
    "schedules",
    "sources",
]

#: Slugs sort by their bytes in every database, as they do in the index, whatever language the server speaks.
_SLUG = String(120).with_variant(String(120, collation="C"), "postgresql")

#: One row per entry that the register ever had. ``withdrawn_at`` is set when its source no longer has it.
#: ``generation`` counts the writes to the register: the one that last changed this row.
entries = Table(
    "entries",
    metadata,
    Column("slug", _SLUG, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("publisher", String(200), nullable=False),
    Column("access", String(16), nullable=False),
    Column("source", String(120), ForeignKey("sources.name"), nullable=False),
    Column("source_id", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("first_seen", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("withdrawn_at", String(32)),
    Column("listing", String(16), nullable=False, server_default="public"),
    Index("entries_by_generation", "generation"),
    Index("entries_by_listing", "listing"),
    Index("entries_by_source", "source", "source_id", unique=True),
)

#: One row per change of an entry, only ever added to. ``fields`` is JSON: field → [old, new]. ``content_hash`` is of
#: the document that the change left; older lines may lack it.
history = Table(
    "history",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("slug", _SLUG, ForeignKey("entries.slug"), nullable=False),
    Column("at", String(32), nullable=False),
    Column("source", String(120), nullable=False),
    Column("what", String(16), nullable=False),
    Column("fields", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("content_hash", String(64)),
    Index("history_by_slug", "slug", "id"),
)

#: One row per source, with the time of its last upsert.
sources = Table(
    "sources",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("last_seen", String(32), nullable=False),
)

#: One row per version of a source's own record, kept whole and only ever added to.
originals = Table(
    "originals",
    metadata,
    Column("slug", _SLUG, ForeignKey("entries.slug"), primary_key=True),
    Column("content_hash", String(64), primary_key=True),
    Column("seen_at", String(32), nullable=False),
    Column("record", Text, nullable=False),
)

#: One row per thing that is known of the register as a whole; ``value`` is JSON.
facts = Table(
    "facts",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)


def _versioned(name: str) -> Table:
    """Describe a table of records: one row per version, only ever added to. ``line`` is the log's line about it."""
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("line", BigInteger, nullable=False),
        Column("recorded_at", String(32), nullable=False),
        Column("recorded_by", Text, nullable=False),
        Column("document", Text, nullable=False),
        Index(f"{name}_by_line", "line", unique=True),
    )


agreements = _versioned("agreements")
projects = _versioned("projects")
accounts = _versioned("accounts")

#: One row per grant, only ever added to, and one per grant that was ended before its time.
grants = Table(
    "grants",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("grants_by_line", "line", unique=True),
)
grant_ends = Table(
    "grant_ends",
    metadata,
    Column("grant_id", String(60), ForeignKey("grants.id"), primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("grant_ends_by_line", "line", unique=True),
)

#: One row per request, and one per request that was decided; its primary key lets nobody decide twice.
requests = Table(
    "requests",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("entry", _SLUG, nullable=False),
    Column("project", Text, nullable=False),
    Column("document", Text, nullable=False),
    Index("requests_by_line", "line", unique=True),
    Index("requests_by_subject", "subject", "entry"),
)
request_decisions = Table(
    "request_decisions",
    metadata,
    Column("request_id", String(60), ForeignKey("requests.id"), primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("request_decisions_by_line", "line", unique=True),
)

#: Where the bytes of a distribution are that is served by the gateway; replaced when they move.
holdings = Table(
    "holdings",
    metadata,
    Column("entry", _SLUG, primary_key=True),
    Column("distribution", Text, primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

#: One row per schedule, as it stands. ``next_run`` is the next occurrence that has no run yet; empty while it is paused
#: and after it was ended.
schedules = Table(
    "schedules",
    metadata,
    Column("id", _SLUG, primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("next_run", String(32)),
    Column("document", Text, nullable=False),
    Index("schedules_by_next_run", "next_run"),
    Index("schedules_by_owner", "owner", "id"),
)

#: One row per attempt at an occurrence. Its id is made of the schedule, the moment and the attempt, so that nobody can
#: make it twice. ``due`` is when it may begin; ``seen`` is the last sign of life of the worker that holds it.
runs = Table(
    "runs",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("schedule", _SLUG, ForeignKey("schedules.id"), nullable=False),
    Column("scheduled_for", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due", String(32), nullable=False),
    Column("worker", Text, nullable=False),
    Column("seen", String(32), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("runs_by_schedule", "schedule", "scheduled_for", "attempt"),
    Index("runs_by_state", "state", "due"),
)

#: One row per publication, as it stands; it is never deleted, so that nobody gets the name of another's.
publications = Table(
    "publications",
    metadata,
    Column("slug", _SLUG, primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("current", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("publications_by_owner", "owner", "slug"),
)

#: One row per version. It is changed once, when its check ends, and never again.
publication_versions = Table(
    "publication_versions",
    metadata,
    Column("publication", _SLUG, ForeignKey("publications.slug"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("line", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("document", Text, nullable=False),
    Index("publication_versions_by_state", "state"),
)

#: What each version that passed its check rests on, only ever added to; the same is in the version's document.
publication_inputs = Table(
    "publication_inputs",
    metadata,
    Column("entry", _SLUG, primary_key=True),
    Column("publication", _SLUG, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(
        ["publication", "number"], ["publication_versions.publication", "publication_versions.number"]
    ),
)

#: One row per step of a release, with the whole of it as it was after the step; only ever added to. Its primary key
#: lets nobody take the same step twice.
publication_releases = Table(
    "publication_releases",
    metadata,
    Column("publication", _SLUG, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("line", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("document", Text, nullable=False),
    ForeignKeyConstraint(
        ["publication", "number"], ["publication_versions.publication", "publication_versions.number"]
    ),
)

#: How often a publication was opened on a day, and nothing about by whom.
publication_usage = Table(
    "publication_usage",
    metadata,
    Column("publication", _SLUG, ForeignKey("publications.slug"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("opened", BigInteger, nullable=False),
)
