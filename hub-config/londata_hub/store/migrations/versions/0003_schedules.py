"""Make the tables of schedules and of their runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SLUG = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "schedules",
        sa.Column("id", _SLUG, primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_run", sa.String(32)),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("schedules_by_next_run", "schedules", ["next_run"])
    op.create_index("schedules_by_owner", "schedules", ["owner", "id"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("schedule", _SLUG, sa.ForeignKey("schedules.id"), nullable=False),
        sa.Column("scheduled_for", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due", sa.String(32), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("seen", sa.String(32), nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("runs_by_schedule", "runs", ["schedule", "scheduled_for", "attempt"])
    op.create_index("runs_by_state", "runs", ["state", "due"])


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("runs")
    op.drop_table("schedules")
