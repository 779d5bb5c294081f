"""Make the register: entries, their history, sources, originals and facts."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Sorted by bytes, as in the index.
_SLUG = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _make_sources_and_facts()
    _make_entries()
    _make_history_and_originals()


def _make_sources_and_facts() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("last_seen", sa.String(32), nullable=False),
    )
    facts = op.create_table(
        "facts",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.bulk_insert(
        facts,
        [{"name": "identity", "value": f'"{uuid.uuid4().hex}"'}, {"name": "generation", "value": "0"}],
    )


def _make_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("slug", _SLUG, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("publisher", sa.String(200), nullable=False),
        sa.Column("access", sa.String(16), nullable=False),
        sa.Column("source", sa.String(120), sa.ForeignKey("sources.name"), nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("first_seen", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.Column("withdrawn_at", sa.String(32)),
    )
    op.create_index("entries_by_generation", "entries", ["generation"])
    op.create_index("entries_by_source", "entries", ["source", "source_id"], unique=True)


def _make_history_and_originals() -> None:
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("slug", _SLUG, sa.ForeignKey("entries.slug"), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("source", sa.String(120), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_index("history_by_slug", "history", ["slug", "id"])
    op.create_table(
        "originals",
        sa.Column("slug", _SLUG, sa.ForeignKey("entries.slug"), primary_key=True),
        sa.Column("content_hash", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Take the tables away."""
    for table in ("originals", "history", "entries", "facts", "sources"):
        op.drop_table(table)
