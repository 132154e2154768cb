"""`migrate`: the newest tables, and the rows of a warehouse that is moved."""

import logging
from argparse import Namespace
from pathlib import Path

from include.errors import ConfigurationError
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
        print(f"warehouse {done.where}: at version {done.after}, the newest: nothing to migrate")
    else:
        print(f"warehouse {done.where}: migrated from {done.before or 'nothing'} to {done.after}")
    if arguments.copy_from:
        _copy(arguments.copy_from, url)
    return 0


def _copy(file: str, url: str) -> None:
    if not Path(file).is_file():
        raise ConfigurationError(f"--copy-from {file!r} is no file: name a warehouse of SQLite")
    source, target = connect(f"sqlite:///{file}"), connect(url)
    try:
        for name, rows in copy(source, target).items():
            print(f"  {name}: {rows:,} rows copied")
    finally:
        source.dispose()
        target.dispose()
