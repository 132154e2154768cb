"""Moving a warehouse to another database: its tables, what can be wrong with it, its rows."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, inspect, make_url, select, text
from sqlalchemy.pool import NullPool

from include.errors import ConfigurationError, ExpectedError
from include.units.ledger import Ledger
from include.warehouse import connect, replace, upsert
from include.warehouse.migrating import copy, migrate
from include.warehouse.tables import metadata, pdd_refunds, pdd_reviews
from include.warehouse.versions import newest_version
from tests.units.test_ledger import UNITS
from tests.warehouse.test_loading import DAY, _refund
from tests.warehouses import KINDS, SQLITE, empty_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.database_servers import Server

SERVERS = [kind for kind in KINDS if kind != SQLITE]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, database_server: Callable[[str], Server]) -> Server:
    """Return a server of each kind."""
    return database_server(request.param)


@pytest.fixture
def empty(server: Server) -> Iterator[Engine]:
    """Return a database without tables."""
    url = server.create_database()
    engine = connect(url)
    yield engine
    engine.dispose()
    server.drop_database(url)


def _scalar(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def test_it_says_from_which_version_to_which(empty: Engine) -> None:
    """And where, without the password; the second time there is nothing to do."""
    first = migrate(empty)
    assert (first.before, first.after) == (None, newest_version())
    assert "127.0.0.1" in first.where
    assert "p@ss" not in first.where
    assert "%40" not in first.where
    again = migrate(empty)
    assert again.before == again.after == newest_version()


def test_what_a_team_has_built_on_a_view_stays(empty: Engine) -> None:
    """The view is made again below it."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("CREATE VIEW ours AS SELECT shop_id FROM completeness"))
        connection.execute(text("UPDATE warehouse_version SET version_num = '0013'"))
    assert migrate(empty).before == "0013"
    assert _scalar(empty, "SELECT COUNT(*) FROM ours") == 0
    with empty.begin() as connection:
        connection.execute(text("DROP VIEW ours"))


def test_several_processes_may_migrate_at_once(empty: Engine) -> None:
    """One does it, the others wait and find it done."""
    done = []
    url = empty.url.render_as_string(hide_password=False)
    threads = [threading.Thread(target=lambda: done.append(migrate(url).before)) for _ in "123"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, done)) == sorted([newest_version(), newest_version(), "None"])


def test_a_migration_that_was_interrupted_goes_on(empty: Engine) -> None:
    """MySQL commits every step: with some tables there and no version, the rest is made."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("DELETE FROM warehouse_version"))
        for view in ("pdd_kpi_monthly", "pdd_quality_daily"):
            connection.execute(text(f"DROP VIEW {view}"))
        for table in ("tokens", "pdd_kpi", "jd_orders"):
            connection.execute(text(f"DROP TABLE {table} CASCADE"))
        connection.execute(text("DROP VIEW IF EXISTS jd_store_daily"))
    assert migrate(empty).before is None
    there = inspect(empty)
    assert {*metadata.tables} <= {*there.get_table_names()}
    assert len(there.get_indexes("jd_orders")) == 2
    assert _scalar(empty, "SELECT COUNT(*) FROM jd_store_daily") == 0
    assert _scalar(empty, "SELECT COUNT(*) FROM pdd_kpi_monthly") == 0


def test_a_table_of_somebody_else_is_left_alone(empty: Engine) -> None:
    """The message names it, and what to do."""
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE tokens (id INTEGER, owner INTEGER)"))
    with pytest.raises(ConfigurationError, match="has a table 'tokens' that is not ours"):
        migrate(empty)
    assert [column["name"] for column in inspect(empty).get_columns("tokens")] == ["id", "owner"]


def test_newer_tables_than_the_code_knows_are_left_alone(empty: Engine) -> None:
    """The message says to update the project."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE warehouse_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"9999.*update the project"):
        migrate(empty)


def test_a_database_that_is_not_there_is_an_error_in_words(server: Server) -> None:
    """It names the database and has no password."""
    with pytest.raises(ExpectedError, match="nowhere") as raised:
        migrate(server.url("nowhere"))
    assert "docs/warehouse.md" in str(raised.value)
    assert "p@ss" not in str(raised.value)


def test_a_server_that_is_not_there_is_an_error_in_words(server: Server) -> None:
    """Nothing listens there."""
    url = make_url(server.url("x")).set(port=9)
    with pytest.raises(ExpectedError, match=r"cannot be migrated: .*check that the server is up"):
        migrate(url.render_as_string(hide_password=False))


def test_a_login_without_rights_is_an_error_in_words(server: Server, empty: Engine) -> None:
    """The database's own words, and where the needed rights are written."""
    quoted = "'reader'@'%'" if server.kind == "mariadb" else "reader"
    if server.kind == "mariadb":
        server.execute(f"CREATE USER {quoted} IDENTIFIED BY 'secret'")
        server.execute(f"GRANT SELECT ON {empty.url.database}.* TO {quoted}")
    else:
        server.execute(f"CREATE USER {quoted} PASSWORD 'secret'")
    url = empty.url.set(username="reader", password="secret")
    try:
        with pytest.raises(ExpectedError, match=r"denied.*docs/warehouse.md says which"):
            migrate(url.render_as_string(hide_password=False))
    finally:
        server.execute(f"DROP USER {quoted}")


def test_a_database_that_cannot_hold_every_text_is_refused(
    database_server: Callable[[str], Server],
) -> None:
    """PostgreSQL fixes it when the database is made."""
    server = database_server("postgresql")
    url = server.create_database("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(ConfigurationError, match=r"encoded in LATIN1.*ENCODING 'UTF8'"):
        migrate(url)
    server.drop_database(url)


def _review(number: str, content: str) -> dict[str, object]:
    return {"review_id": number, "score": 1, "content": content, "created_time": DAY}


@pytest.mark.every_warehouse
def test_texts_come_back_as_they_were_written(warehouse_url: str) -> None:
    """Any character, also where the database's own way is Latin-1; no two ids are taken for one."""
    engine = connect(warehouse_url)
    ids = ["a", "A", "á", "a ", "ａ", "评价1", "評價1", "😀", "😁", "'\"\\%"]
    reviews = [_review(number, f"质量差😡\n“{number}”\t\\n %s") for number in ids]
    scope = {"shop_id": "pdd-1", "business_day": DAY.date()}
    reasons = ["坏了", "坏了 ", "Broken", "broken"]
    refunds = [_refund(number, reason=reason) for number, reason in enumerate(reasons)]
    with engine.begin() as connection:
        assert replace(connection, pdd_reviews, reviews, scope) == len(ids)
        upsert(connection, pdd_refunds, refunds, version="updated_time")
        query = select(pdd_reviews.c.review_id, pdd_reviews.c.content)
        there = {row.review_id: row.content for row in connection.execute(query)}
        shown = text("SELECT reason FROM pdd_quality_reasons_daily WHERE shop_id = 'pdd-1'")
        assert sorted(connection.scalars(shown)) == sorted(reasons)
    assert there == {review["review_id"]: review["content"] for review in reviews}
    engine.dispose()


def test_a_warehouse_moves_with_all_its_rows(empty: Engine, tmp_path: Path) -> None:
    """From SQLite, in one piece, to the cent and the microsecond; into an empty one only."""
    source = connect(empty_file(tmp_path))
    refunds = [
        _refund(
            number, refund_amount=Decimal(number) / 100, updated_time=DAY.replace(microsecond=7)
        )
        for number in range(2500)
    ]
    ledger = Ledger(source, "a run")
    ledger.expect(UNITS)
    ledger.begin(UNITS[:1])
    with source.begin() as connection:
        upsert(connection, pdd_refunds, refunds, version="updated_time")
    with pytest.raises(ExpectedError, match="nothing was copied"):
        copy(source, empty)
    migrate(empty)
    copied = copy(source, empty)
    assert (copied["pdd_refunds"], copied["ledger"], copied["jd_orders"]) == (2500, 3, 0)
    for table in metadata.tables.values():
        query = select(table).order_by(*table.primary_key)
        with source.connect() as one, empty.connect() as other:
            assert one.execute(query).all() == other.execute(query).all()
    with pytest.raises(ConfigurationError, match=r"rows in .* already; copy into an empty one"):
        copy(source, empty)
    source.dispose()


def test_a_server_that_would_cut_off_a_text_is_told_not_to(
    database_server: Callable[[str], Server],
) -> None:
    """Whatever the mode that MySQL's configuration sets."""
    server = database_server("mariadb")
    url = server.create_database()
    server.execute("SET GLOBAL sql_mode = ''")
    try:
        engine = create_engine(url, poolclass=NullPool)
        assert _scalar(engine, "SELECT @@sql_mode") == ""
        engine = connect(url)
        assert "STRICT_ALL_TABLES" in str(_scalar(engine, "SELECT @@sql_mode"))
        engine.dispose()
    finally:
        server.execute("SET GLOBAL sql_mode = DEFAULT")
        server.drop_database(url)
