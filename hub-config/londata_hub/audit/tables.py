"""The table of the log, and the family of tables that the register's database has."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

#: All tables of the database belong to it; the log is the lowest of them.
metadata = MetaData()

#: One row per line, only ever added to. ``line`` is what counts; the columns beside it repeat it for questions.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("what", String(40), nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_by_agreement", "agreement", "seq"),
    Index("audit_by_what", "what", "subject"),
)
