"""Make what sharing needs: agreements, projects, grants, requests, holdings, the log, and who may see an entry."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SLUG = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_VERSIONED = ("agreements", "projects", "accounts")
#: Tables that are only ever added to, by triggers, too.
_ONLY_ADDED_TO = ("audit", "history", *_VERSIONED, "grants", "grant_ends", "requests", "request_decisions")


def upgrade() -> None:
    """Make the tables, and fill the new columns from what is there."""
    _make_audit()
    for name in _VERSIONED:
        _make_versioned(name)
    _make_grants()
    _make_requests()
    _make_holdings()
    _add_listing()
    _add_content_to_history()
    for name in _ONLY_ADDED_TO:
        _fence(name)


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("audit_by_agreement", "audit", ["agreement", "seq"])
    op.create_index("audit_by_what", "audit", ["what", "subject"])


def _make_versioned(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index(f"{name}_by_line", name, ["line"], unique=True)


def _make_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "grant_ends",
        sa.Column("grant_id", sa.String(60), sa.ForeignKey("grants.id"), primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    for name in ("grants", "grant_ends"):
        op.create_index(f"{name}_by_line", name, ["line"], unique=True)


def _make_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("entry", _SLUG, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "request_decisions",
        sa.Column("request_id", sa.String(60), sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    for name in ("requests", "request_decisions"):
        op.create_index(f"{name}_by_line", name, ["line"], unique=True)
    op.create_index("requests_by_subject", "requests", ["subject", "entry"])


def _make_holdings() -> None:
    op.create_table(
        "holdings",
        sa.Column("entry", _SLUG, primary_key=True),
        sa.Column("distribution", sa.Text, primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )


def _add_listing() -> None:
    op.add_column("entries", sa.Column("listing", sa.String(16), nullable=False, server_default="public"))
    op.create_index("entries_by_listing", "entries", ["listing"])
    entries = sa.table("entries", sa.column("slug"), sa.column("document"), sa.column("listing"))
    connection = op.get_bind()
    marked = sa.select(entries.c.slug, entries.c.document).where(entries.c.document.like('%"listing"%'))
    for slug, document in connection.execute(marked).all():
        listing = json.loads(document).get("listing", "public")
        connection.execute(entries.update().where(entries.c.slug == slug).values(listing=listing))


def _add_content_to_history() -> None:
    """Let each line of history say which document it made; of older lines, the newest of each entry can say it."""
    op.add_column("history", sa.Column("content_hash", sa.String(64)))
    op.execute(
        "UPDATE history SET content_hash = (SELECT content_hash FROM entries WHERE entries.slug = history.slug) "
        "WHERE id IN (SELECT max(id) FROM history GROUP BY slug)"
    )


def _fence(name: str) -> None:
    """Let the database itself refuse to change or delete rows."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_refuses_{act.lower()} BEFORE {act} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is only ever added to'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION londata_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name}_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION londata_only_added_to()"
    )


def downgrade() -> None:
    """Take the tables and columns away."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER history_refuses_{act}")
    else:
        op.execute("DROP FUNCTION londata_only_added_to() CASCADE")
    for name in ("holdings", "request_decisions", "requests", "grant_ends", "grants", *_VERSIONED, "audit"):
        op.drop_table(name)
    op.drop_index("entries_by_listing", "entries")
    op.drop_column("entries", "listing")
    op.drop_column("history", "content_hash")
