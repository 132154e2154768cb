"""Airflow's database and the warehouse: do they open, are they whole and up to date."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, insert, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from include import METADATA_URL
from include.errors import ConfigurationError
from include.language import N_, _
from include.warehouse import connect
from include.warehouse.tables import ledger
from include.warehouse.versions import check_version
from manager.airflow.tables import migrations_of_airflow, schema_version
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at
from manager.doctor.stored import variables_of

BUSY_MS = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
BRING_UP_TO_DATE = N_("`{manager} restart` brings it up to date")
BRING_BACK = N_("stop the service and bring back a backup: `{manager} restore FILE`")
# A file that is gone; that of the warehouse `start` makes but once.
MAKE_IT = N_("`{manager} start` makes it, `restore` brings one back")
PUT_IT_BACK = N_(
    "put it back, or bring a backup back with `{manager} restore FILE`; where it is to begin "
    "empty: `{manager} migrate`"
)
REACH = N_("check that its server is up, and that the connection says how to reach it")


@looks_at(N_("database"))
def check_database(patient: Patient) -> Iterator[Finding]:
    """Look at Airflow's database."""
    engine = create_engine(patient.environment[METADATA_URL])
    return _look_at(engine, MAKE_IT, _version_of_airflow)


@looks_at(N_("warehouse"))
def check_warehouse(patient: Patient) -> Iterator[Finding]:
    """Look at the warehouse, and write into it what is not kept."""
    engine = connect(variables_of(patient)["WAREHOUSE_URL"])
    return _look_at(engine, PUT_IT_BACK, _version_of_warehouse, _writable)


def _look_at(
    engine: Engine, if_gone: str, *looks: Callable[[Connection], Finding]
) -> Iterator[Finding]:
    """Open a database, see whether it is whole, and look at it further.

    Args:
        engine: of it.
        if_gone: what repairs a file that is not there.
        looks: further looks.
    """
    where = engine.url.render_as_string(hide_password=True)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        yield Finding(FAIL, _("{file} is not there", file=file), _(if_gone))
        return
    try:
        if file:
            # The next connection is this one again, and does not wait a minute for a writer.
            raw = engine.raw_connection()
            raw.cursor().execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            raw.close()
        connection = engine.connect()
        connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, sqlite3.Error) as error:
        is_damaged = file and not isinstance(error, (OperationalError, sqlite3.OperationalError))
        said = _("{where} does not open: {cause}", where=where, cause=_cause(error))
        yield Finding(FAIL, said, _(BRING_BACK) if is_damaged else _(REACH))
        return
    try:
        yield _whole(connection, where)
        for look in looks:
            yield look(connection)
    finally:
        connection.close()
        engine.dispose()


def _whole(connection: Connection, where: str) -> Finding:
    """Have SQLite check its own file; servers look after theirs."""
    if connection.dialect.name != "sqlite":
        return Finding(OK, _("{where} opens", where=where))
    try:
        said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except SQLAlchemyError as error:
        said = _cause(error)
    if said == "ok":
        return Finding(OK, _("{where} opens and is whole", where=where))
    return Finding(FAIL, _("{where} is damaged: {said}", where=where, said=said), _(BRING_BACK))


def _version_of_airflow(connection: Connection) -> Finding:
    migrations = migrations_of_airflow()
    newest = str(migrations.get_current_head())
    try:
        found = schema_version(connection)
    except SQLAlchemyError:
        return Finding(FAIL, _("has no tables"), _(BRING_UP_TO_DATE))
    if found == newest:
        return Finding(OK, _("its tables are up to date ({newest})", newest=newest))
    known = {revision.revision for revision in migrations.walk_revisions()}
    remedy = _(BRING_UP_TO_DATE)
    if found not in known:
        back = _(BRING_BACK)
        remedy = _("a newer Airflow has made it: {bring_back}", bring_back=back)
    return Finding(
        FAIL,
        _("its tables are of version {found}, not {newest}", found=found, newest=newest),
        remedy,
    )


def _version_of_warehouse(connection: Connection) -> Finding:
    try:
        check_version(connection)
    except ConfigurationError as error:  # says what repairs it
        return Finding(FAIL, str(error))
    return Finding(OK, _("its tables are up to date"))


def _writable(connection: Connection) -> Finding:
    """Write a row of the ledger, and take it back."""
    moment = {"period_start": _EPOCH, "period_end": _EPOCH, "state": "pending", "attempts": 0}
    row = {"job_id": "doctor", "shop_id": "-", "period_key": "doctor", **moment}
    try:
        connection.execute(insert(ledger), row)
    except SQLAlchemyError as error:
        cause = _cause(error)
        if "locked" in cause:
            remedy = _("run doctor again; if it stays so, see which task writes for so long")
            return Finding(WARN, _("is being written to ({cause})", cause=cause), remedy)
        remedy = _("give the user of the connection 'warehouse' the right to write, or make room")
        return Finding(FAIL, _("cannot be written to: {cause}", cause=cause), remedy)
    finally:
        connection.rollback()
    return Finding(OK, _("can be written to"))


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
