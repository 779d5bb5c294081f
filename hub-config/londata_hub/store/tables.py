"""The tables. Their first version is made by ``migrations/versions``; a test compares the two.

Times are ISO 8601 in UTC as text, and documents are JSON text, so that every database keeps exactly what was written.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

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
    Index("entries_by_generation", "generation"),
    Index("entries_by_source", "source", "source_id", unique=True),
)

#: One row per change of an entry, only ever added to. ``fields`` is JSON: field → [old, new].
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
