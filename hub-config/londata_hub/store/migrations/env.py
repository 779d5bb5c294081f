"""Run by Alembic: apply the steps on the connection that :mod:`londata_hub.store.database` hands over."""

from __future__ import annotations

from alembic import context

from londata_hub.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
