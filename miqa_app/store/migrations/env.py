"""What Alembic runs for every migration: in the transaction that `store.migrate` has opened."""

from __future__ import annotations

from alembic import context

from miqa_app.store.migrate import VERSION_TABLE
from miqa_app.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    # SQLite can undo the making of tables as well, and everything or nothing must happen
    transactional_ddl=True,
)
context.run_migrations()
