"""What Alembic runs for every migration command; the connection comes from `migrating.py`."""

from alembic import context

from include.warehouse.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Airflow's own tables may share the database and have a version table of their own.
    version_table="warehouse_version",
)
with context.begin_transaction():
    context.run_migrations()
