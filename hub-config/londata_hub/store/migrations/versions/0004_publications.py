"""Make the tables of publications: of their versions, what these rest on, their releases, and how often they open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SLUG = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
#: Tables that are only ever added to, by triggers, too.
_ONLY_ADDED_TO = ("publication_inputs", "publication_releases")


def upgrade() -> None:
    """Make the tables, and let the database itself refuse what must not happen to them."""
    _make_publications()
    _make_versions()
    _make_releases()
    for name in _ONLY_ADDED_TO:
        _refuse(name, "UPDATE", "DELETE", why="is only ever added to")
    for name in ("publications", "publication_versions"):
        _refuse(name, "DELETE", why="is never deleted from")
    _keep_what_was_checked()


def _make_publications() -> None:
    op.create_table(
        "publications",
        sa.Column("slug", _SLUG, primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("current", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("publications_by_owner", "publications", ["owner", "slug"])
    op.create_table(
        "publication_usage",
        sa.Column("publication", _SLUG, sa.ForeignKey("publications.slug"), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("opened", sa.BigInteger, nullable=False),
    )


def _make_versions() -> None:
    op.create_table(
        "publication_versions",
        sa.Column("publication", _SLUG, sa.ForeignKey("publications.slug"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("publication_versions_by_state", "publication_versions", ["state"])
    op.create_table(
        "publication_inputs",
        sa.Column("entry", _SLUG, primary_key=True),
        sa.Column("publication", _SLUG, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _of_a_version(),
    )


def _make_releases() -> None:
    op.create_table(
        "publication_releases",
        sa.Column("publication", _SLUG, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        _of_a_version(),
    )


def _of_a_version() -> sa.ForeignKeyConstraint:
    there = ["publication_versions.publication", "publication_versions.number"]
    return sa.ForeignKeyConstraint(["publication", "number"], there)


def _refuse(name: str, *acts: str, why: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in acts:
            op.execute(
                f"CREATE TRIGGER {name}_refuses_{act.lower()} BEFORE {act} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{name} {why}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION londata_{name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{name} {why}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name}_refuses BEFORE {' OR '.join(acts)} OR TRUNCATE ON {name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION londata_{name}()"
    )


def _keep_what_was_checked() -> None:
    """Let a version be changed while it is checked, and never again."""
    name, why = "publication_versions", "publication_versions is not changed after its check"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name}_keeps BEFORE UPDATE ON {name} WHEN OLD.state <> 'checking' "
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION londata_{name}_keeps() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{why}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name}_keeps BEFORE UPDATE ON {name} FOR EACH ROW WHEN (OLD.state <> 'checking') "
        f"EXECUTE FUNCTION londata_{name}_keeps()"
    )


def downgrade() -> None:
    """Take the tables away, and the functions of their triggers."""
    for name in (
        "publication_releases",
        "publication_inputs",
        "publication_usage",
        "publication_versions",
        "publications",
    ):
        op.drop_table(name)
    if op.get_bind().dialect.name != "sqlite":
        for name in (*_ONLY_ADDED_TO, "publications", "publication_versions", "publication_versions_keeps"):
            op.execute(f"DROP FUNCTION londata_{name}()")
