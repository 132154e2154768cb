"""Airflow's database and the warehouse: do they open, are they whole and up to date."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient
from manager.doctor.stored import variables_of

BUSY_MS = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
BRING_UP_TO_DATE = N_("`{manager} restart` brings it up to date")
BRING_BACK = N_("stop the service and bring back a backup: `{manager} restore FILE`")
REACH = N_("check that its server is up, and that the connection says how to reach it")


def check_database(patient: Patient) -> Iterator[Finding]:
    """Look at Airflow's database."""
    engine = create_engine(patient.environment[METADATA_URL])
    with _opened("database", engine) as (connection, problem):
        if connection is None:
            yield problem
            return
        yield from _whole("database", connection)
        yield _version_of_airflow(connection)


def check_warehouse(patient: Patient) -> Iterator[Finding]:
    """Look at the warehouse, and write into it what is not kept."""
    engine = connect(variables_of(patient)["WAREHOUSE_URL"])
    with _opened("warehouse", engine) as (connection, problem):
        if connection is None:
            yield problem
            return
        yield from _whole("warehouse", connection)
        yield _version_of_warehouse(connection)
        yield _writable(connection)


@contextmanager
def _opened(about: str, engine: Engine) -> Iterator[tuple[Connection | None, Finding]]:
    where = engine.url.render_as_string(hide_password=True)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        remedy = _("`{manager} start` makes it, `restore` brings one back")
        if about == "warehouse":  # which `start` makes but once
            remedy = _(
                "put it back, or bring a backup back with `{manager} restore FILE`; where it is to "
                "begin empty: `{manager} migrate`"
            )
        yield None, Finding(FAIL, about, _("{file} is not there", file=file), remedy)
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
        remedy = _(BRING_BACK) if is_damaged else _(REACH)
        yield None, Finding(FAIL, about, said, remedy)
        return
    try:
        yield connection, Finding(OK, about, _("{where} opens", where=where))
    finally:
        connection.close()
        engine.dispose()


def _whole(about: str, connection: Connection) -> Iterator[Finding]:
    """Have SQLite check its own file; servers look after theirs."""
    where = connection.engine.url.render_as_string(hide_password=True)
    if connection.dialect.name != "sqlite":
        yield Finding(OK, about, _("{where} opens", where=where))
        return
    try:
        said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except SQLAlchemyError as error:
        said = _cause(error)
    if said == "ok":
        yield Finding(OK, about, _("{where} opens and is whole", where=where))
    else:
        yield Finding(
            FAIL,
            about,
            _("{where} is damaged: {said}", where=where, said=said),
            _(BRING_BACK),
        )


def _version_of_airflow(connection: Connection) -> Finding:
    about, migrations = "database", migrations_of_airflow()
    newest = str(migrations.get_current_head())
    try:
        found = schema_version(connection)
    except SQLAlchemyError:
        return Finding(FAIL, about, _("has no tables"), _(BRING_UP_TO_DATE))
    if found == newest:
        return Finding(OK, about, _("its tables are up to date ({newest})", newest=newest))
    known = {revision.revision for revision in migrations.walk_revisions()}
    remedy = _(BRING_UP_TO_DATE)
    if found not in known:
        back = _(BRING_BACK)
        remedy = _("a newer Airflow has made it: {bring_back}", bring_back=back)
    return Finding(
        FAIL,
        about,
        _("its tables are of version {found}, not {newest}", found=found, newest=newest),
        remedy,
    )


def _version_of_warehouse(connection: Connection) -> Finding:
    try:
        check_version(connection)
    except ConfigurationError as error:  # says what repairs it
        return Finding(FAIL, "warehouse", str(error))
    return Finding(OK, "warehouse", _("its tables are up to date"))


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
            return Finding(
                WARN, "warehouse", _("is being written to ({cause})", cause=cause), remedy
            )
        remedy = _("give the user of the connection 'warehouse' the right to write, or make room")
        return Finding(FAIL, "warehouse", _("cannot be written to: {cause}", cause=cause), remedy)
    finally:
        connection.rollback()
    return Finding(OK, "warehouse", _("can be written to"))


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
