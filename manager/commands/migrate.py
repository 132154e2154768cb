"""`migrate`: the newest tables, and the rows of a warehouse that is moved."""

import logging
from argparse import Namespace
from pathlib import Path

from include.errors import ConfigurationError
from include.language import _
from include.warehouse import connect
from include.warehouse.migrating import copy
from include.warehouse.migrating import migrate as migrate_warehouse
from manager import connections
from manager.airflow.tables import airflow_is_there
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.preparing import prepared_environment
from manager.lifecycle.settings import service_environment


def migrate(layout: Layout, arguments: Namespace) -> int:
    """Bring the warehouse of the connection to the newest version; say what was done."""
    layout.make_var()
    environment = service_environment(layout, remembered(layout))
    if airflow_is_there(environment):
        # Not prepared again: what is wrong with the warehouse is said here, in one sentence.
        connections.adopt(environment)
    else:
        connections.adopt(prepared_environment(layout))
    url = connections.warehouse_url()
    logging.getLogger("alembic").setLevel(logging.WARNING)  # Airflow has it tell each step
    done = migrate_warehouse(url)
    if done.before == done.after:
        print(
            _(
                "warehouse {where}: at version {after}, the newest: nothing to migrate",
                where=done.where,
                after=done.after,
            )
        )
    else:
        print(
            _(
                "warehouse {where}: migrated from {before} to {after}",
                where=done.where,
                before=done.before or _("nothing"),
                after=done.after,
            )
        )
    if arguments.copy_from:
        _copy(arguments.copy_from, url)
    return 0


def _copy(file: str, url: str) -> None:
    if not Path(file).is_file():
        raise ConfigurationError(
            "--copy-from {file!r} is no file: name a warehouse of SQLite", file=file
        )
    source, target = connect(f"sqlite:///{file}"), connect(url)
    try:
        for name, rows in copy(source, target).items():
            print(_("  {name}: {rows:,} rows copied", name=name, rows=rows))
    finally:
        source.dispose()
        target.dispose()
