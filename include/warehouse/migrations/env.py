"""What Alembic runs for every migration command; the connection comes from `migrating.py`."""

from alembic import context

from include.warehouse.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
