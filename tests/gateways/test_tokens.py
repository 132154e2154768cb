"""Tokens are refreshed in time, once, by one process, and kept where only the connection reads."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import delete, select, update

from include.gateways.client import GatewayClient, Patience
from include.gateways.connection import Connection
from include.gateways.dialect import Call, Tokens
from include.gateways.errors import AuthExpired, GatewayError, Malformed, Temporary
from include.gateways.tokens import TokenStore, granted
from include.platforms.jd.dialect import Jd
from include.platforms.jushuitan.dialect import Jushuitan, shops
from include.platforms.pdd.dialect import Pdd
from include.warehouse import connect
from include.warehouse.tables import tokens as table
from sandbox.credentials import refresh_token_of
from tests.conftest import HTTP
from tests.database_servers import KINDS
from tests.gateways.asking import using
from tests.gateways.programs import Program, one_call
from tests.gateways.token_gateway import CALL, TokenGateway, access, refresh, token_gateway
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.gateways.dialect import Refreshing
    from tests.conftest import Sandbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUICK = Patience(attempts=2, pause=timedelta(milliseconds=1))


@pytest.fixture
def store(warehouse_url: str) -> Iterator[TokenStore]:
    """Keep tokens in an empty warehouse."""
    engine = connect(warehouse_url)
    yield TokenStore(engine)
    engine.dispose()


def ask(connection: Connection, store: TokenStore | None, times: int = 1) -> Any:
    """Ask so many times side by side; give the generations that were used, or the error."""

    async def asking(client: GatewayClient) -> Any:
        return await asyncio.gather(*(client.call(CALL) for _ in range(times)))

    try:
        answers = using(Jushuitan(connection), asking, QUICK, tokens=store)
    except GatewayError as error:
        return error
    return [answer["generation"] for answer in answers]


def row(store: TokenStore) -> Any:
    """Return the connection's row."""
    with store.engine.begin() as database:
        return database.execute(select(table)).one()


def change(store: TokenStore, **values: Any) -> None:
    """Change the connection's row."""
    with store.engine.begin() as database:
        database.execute(update(table).values(**values))


@pytest.mark.every_warehouse
def test_a_token_that_has_expired_is_refreshed_once_and_kept(store: TokenStore) -> None:
    """The call is answered all the same, and the next run begins with the new token."""
    with token_gateway(expired=True) as gateway:
        assert ask(gateway.connection(), store) == [1]
        assert (gateway.calls, gateway.refreshes) == (2, 1)
        assert ask(gateway.connection(), store) == [1]
        assert (gateway.calls, gateway.refreshes) == (3, 1)
    ends = datetime.now(timezone.utc) + 30 * DAY
    assert abs(row(store).expires_at - ends) < timedelta(minutes=1)
    assert row(store).held_by is None


def test_many_calls_of_one_client_share_one_refresh(store: TokenStore) -> None:
    """Calls that meet the expired token side by side wait for one new one."""
    with token_gateway(expired=True, slow=0.2) as gateway:
        assert ask(gateway.connection(), store, times=6) == [1] * 6
        assert gateway.refreshes == 1


def test_refreshed_tokens_are_refreshed_in_turn(store: TokenStore) -> None:
    """What the last refresh brought buys the next, over many runs."""
    with token_gateway() as gateway:
        for number in range(1, 4):
            gateway.expired = True
            assert ask(gateway.connection(), store) == [number]
        assert gateway.refreshes == 3


@pytest.mark.parametrize(
    ("ends_in", "generation"),
    [
        (None, 0),
        (4 * DAY, 0),
        (2 * DAY, 1),
        (timedelta(seconds=30), 1),
        (-DAY, 1),
    ],
    ids=["unknown", "far", "near", "now", "over"],
)
def test_a_token_that_ends_soon_is_refreshed_before_it_is_used(
    ends_in: timedelta | None, generation: int, store: TokenStore
) -> None:
    """A run that begins less than three days before makes no call with the old one."""
    with token_gateway() as gateway:
        assert ask(gateway.connection(ends_in), store) == [generation]
        assert (gateway.calls, gateway.refreshes) == (1, generation)


@pytest.mark.parametrize(("ago", "refreshes"), [(HOUR / 2, 1), (2 * HOUR, 2)])
def test_a_token_that_never_lives_for_days_is_not_refreshed_by_each_run(
    ago: timedelta, refreshes: int, store: TokenStore
) -> None:
    """What was refreshed within the last hour is used as it is."""
    with token_gateway(expired=True, lifetime=DAY) as gateway:
        ask(gateway.connection(), store)
        change(store, refreshed_at=datetime.now(timezone.utc) - ago)
        ask(gateway.connection(), store)
        assert gateway.refreshes == refreshes


def test_a_token_that_ends_while_its_client_works_is_refreshed(store: TokenStore) -> None:
    """A call that begins in the token's last minute gets a new one first, however old the run."""

    async def work(client: GatewayClient) -> int:
        await client.call(CALL)
        kept = client._token._kept
        soon = datetime.now(timezone.utc) + timedelta(seconds=50)
        tokens = Tokens(kept.tokens.access_token, kept.tokens.refresh_token, soon)
        client._token._kept = type(kept)(tokens, kept.refreshed_at, kept.secret)
        return int((await client.call(CALL))["generation"])

    with token_gateway() as gateway:
        dialect = Jushuitan(gateway.connection(4 * DAY))
        assert using(dialect, work, tokens=store) == 1
        assert (gateway.calls, gateway.refreshes) == (2, 1)


@pytest.mark.parametrize("refusal", [{"code": 150, "msg": ""}, b"<html>", {"code": 0, "data": 1}])
def test_failing_ahead_of_time_only_warns(
    refusal: Any, store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    """While the token is good the run goes on; the warning says by when a person must act."""
    with token_gateway(refusal=refusal) as gateway:
        assert ask(gateway.connection(2 * DAY), store, times=3) == [0, 0, 0]
    (said,) = [record.getMessage() for record in caplog.records if "ends at" in record.getMessage()]
    day = f"{datetime.now(timezone.utc) + 2 * DAY:%Y-%m-%d}"
    assert said.startswith(f"connection erp: its access token ends at {day}")
    assert "put the new access_token and refresh_token into the extra of connection erp" in said


def test_a_refresh_that_is_refused_says_who_must_do_what(store: TokenStore) -> None:
    """Shop, connection, the platform's own words, and what to renew; nothing is tried in vain."""
    with token_gateway(expired=True, refusal={"code": 150, "msg": "不支持"}) as gateway:
        error = ask(gateway.connection(), store)
        assert gateway.refreshes == 1
    assert type(error) is AuthExpired
    assert str(error).startswith("shop 7, /open/some/query: the access token has expired")
    assert "code 150 '不支持'" in str(error)
    assert "put the new token into extra.access_token of connection erp" in str(error)
    assert str(error).count("again") == str(error).count("shop 7") == 1
    assert row(store).held_by is None


def test_a_refresh_that_fails_for_now_is_temporary(store: TokenStore) -> None:
    """It is tried as often as any call, and the next run can try at once."""
    with token_gateway(expired=True, refusal=b"<html>busy</html>") as gateway:
        error = ask(gateway.connection(), store)
        assert type(error) is Temporary
        assert gateway.refreshes == QUICK.attempts
        gateway.refusal = None
        assert ask(gateway.connection(), store) == [1]


@pytest.mark.parametrize("odd", [{"code": 0, "data": 1}, {"code": 31337, "msg": "?"}, {"code": 0}])
def test_an_odd_answer_to_a_refresh_is_no_refusal(odd: Any, store: TokenStore) -> None:
    """Nobody has said no: it is temporary, and the next run tries again."""
    with token_gateway(expired=True, refusal=odd) as gateway:
        error = ask(gateway.connection(), store)
        assert type(error) is Temporary
        assert "run it again" in str(error)
        gateway.refusal = None
        assert ask(gateway.connection(), store) == [1]


def test_what_cannot_be_refreshed_has_expired(store: TokenStore) -> None:
    """Without a refresh token, or a place to keep new ones, the gateway's word stands."""
    with token_gateway(expired=True) as gateway:
        whole = gateway.connection()
        for connection, kept_in in ((replace(whole, refresh_token=""), store), (whole, None)):
            error = ask(connection, kept_in)
            assert type(error) is AuthExpired
            assert str(error).startswith("shop 7, /open/some/query: code 100")
        assert gateway.refreshes == 0


def test_a_new_token_that_is_refused_costs_one_refresh_and_is_temporary(store: TokenStore) -> None:
    """No refresh was refused, so the next run may succeed; a person is needed if it does not."""
    with token_gateway(expired=True) as gateway:
        gateway.refusal = {
            "code": 0,
            "data": {"access_token": "other", "refresh_token": refresh(0), "expires_in": 9},
        }
        error = ask(gateway.connection(), store)
        assert (gateway.calls, gateway.refreshes) == (2, 1)
        assert type(error) is Temporary
        assert "refuses an access token that it has just given" in str(error)
        assert "run it again; if it stays so, authorise the app again" in str(error)
        gateway.refusal = None
        assert ask(gateway.connection(), store) == [1]


def test_new_tokens_in_the_connection_win(store: TokenStore) -> None:
    """When a person has put new ones in, the stored ones do not count, and are not brought back."""
    with token_gateway(expired=True) as gateway:
        assert ask(gateway.connection(), store) == [1]
        gateway.generation = 9
        assert ask(gateway.connection(generation=9), store) == [9]
        gateway.expired = True
        assert ask(gateway.connection(generation=9), store) == [10]


def test_a_run_with_older_tokens_costs_the_newer_ones_nothing(store: TokenStore) -> None:
    """One that began before the connection was changed ends, and all others go on."""
    with token_gateway(generation=5, expired=True) as gateway:
        assert ask(gateway.connection(generation=5), store) == [6]
        assert type(ask(gateway.connection(generation=0), store)) is AuthExpired
        assert ask(gateway.connection(generation=5), store) == [6]
        gateway.expired = True
        assert ask(gateway.connection(generation=5), store) == [7]


def test_tokens_that_were_removed_while_a_run_used_them_are_begun_again(store: TokenStore) -> None:
    """Who empties the table stops no more than the runs of that moment."""

    async def work(client: GatewayClient) -> None:
        await client.call(CALL)
        with store.engine.begin() as database:
            database.execute(delete(table))
        gateway.expired = True
        with pytest.raises(Temporary, match="have been removed since this run began: run it again"):
            await client.call(CALL)

    with token_gateway() as gateway:
        using(Jushuitan(gateway.connection()), work, QUICK, tokens=store)
        assert gateway.refreshes == 0
        assert ask(gateway.connection(), store) == [1]


@pytest.mark.parametrize("secret", ["not encrypted at all", "gAAAAABo", ""])
def test_what_cannot_be_decrypted_is_as_good_as_nothing(secret: str, store: TokenStore) -> None:
    """The connection's own tokens count then, and what they are exchanged for is kept again."""
    with token_gateway() as gateway:
        assert ask(gateway.connection(), store) == [0]
        change(store, secret=secret)
        assert ask(gateway.connection(), store) == [0]
        gateway.expired = True
        assert ask(gateway.connection(), store) == [1]
        assert ask(gateway.connection(), store) == [1]


def test_another_app_secret_cannot_read_them(store: TokenStore) -> None:
    """The key comes from the app secret: with another one the rows tell nothing."""
    with token_gateway(expired=True) as gateway:
        ask(gateway.connection(), store)
        connection = gateway.connection()
    origin = row(store).origin
    other = replace(connection, app_secret="other")
    assert store.open(other).tokens.access_token == access(0)
    with store.engine.begin() as database:
        origins = set(database.scalars(select(table.c.origin)))
    assert len(origins - {origin}) == 1


def test_the_warehouse_holds_no_token_in_clear(tmp_path: Path) -> None:
    """No file of the database has a token in it, nor has what was logged."""
    store = TokenStore(connect(empty_file(tmp_path)))
    with token_gateway(expired=True) as gateway:
        ask(gateway.connection(2 * DAY), store)
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        assert database.execute("select count(*) from tokens where secret <> ''").fetchone() == (1,)
    files = list(tmp_path.glob("warehouse.db*"))
    assert files
    for file in files:
        for clear in (b"acc3ss", b"r3fresh", b"s3cret"):
            assert clear not in file.read_bytes()


@pytest.mark.parametrize(
    "refusal",
    [
        None,
        {"code": 0, "data": {"refresh_token": refresh(1), "expires_in": access(1)}},
        {"code": 0, "data": [access(1), refresh(1)]},
        {"code": 100, "msg": f"no {refresh(0)}"},
        f'{{"code": 0, "data": {{"access_token": "{access(1)}", "refresh'.encode(),
    ],
    ids=["good", "a field missing", "another shape", "an echo", "cut"],
)
def test_no_token_is_logged_or_shown(
    refusal: Any, store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a refresh is answered with, and when the gateway then refuses the new token."""
    caplog.set_level(logging.DEBUG)
    with token_gateway(expired=True, refusal=refusal) as gateway:
        shown = [str(ask(gateway.connection(2 * DAY), store))]
        gateway.generation, gateway.refusal = 5, {"code": 190, "msg": f"for {refresh(0)}"}
        shown.append(str(ask(gateway.connection(2 * DAY), store)))
    assert "has expired" in shown[1]
    for text in (caplog.text, *shown):
        assert "acc3ss" not in text
        assert "r3fresh" not in text


@pytest.mark.every_warehouse
def test_four_processes_refresh_once(store: TokenStore, tmp_path: Path) -> None:
    """All are told at once that it has expired; one exchanges it, all go on with the new one."""
    with token_gateway(expired=True, slow=0.5, together=4) as gateway:
        url = store.engine.url.render_as_string(hide_password=False)
        asked = one_call, url, gateway.connection(), CALL
        programs = [Program(*asked, var=tmp_path) for _ in range(4)]
        assert [program.told() for program in programs] == [[1]] * 4
        assert (gateway.calls, gateway.refreshes) == (8, 1)


def test_a_process_killed_while_it_refreshes_holds_up_the_others_for_its_lease(
    store: TokenStore, tmp_path: Path
) -> None:
    """Killed before the platform has answered: when its lease has run out, the next refreshes."""
    with token_gateway(expired=True, slow=1) as gateway:
        url = store.engine.url.render_as_string(hide_password=False)
        program = Program(one_call, url, gateway.connection(), CALL, var=tmp_path)
        while gateway.refreshes == 0:
            assert program.process.is_alive()
            time.sleep(0.01)
        program.kill()
        left = row(store).held_until - datetime.now(timezone.utc)
        assert timedelta(seconds=50) < left <= timedelta(seconds=60)
        _forget(gateway)
        change(store, held_until=datetime.now(timezone.utc) + timedelta(seconds=1))
        began = time.monotonic()
        assert ask(gateway.connection(), store) == [1]
        assert time.monotonic() - began >= 1


@pytest.mark.parametrize("warehouse_url", KINDS, indirect=True)
def test_a_clock_that_is_ahead_takes_no_lease(store: TokenStore) -> None:
    """Machines that share a server go by its clock; on one machine there is only one."""
    with token_gateway() as gateway:
        connection = gateway.connection()
    kept = store.open(connection)
    assert store.take_lease(connection, kept, "one")
    with time_machine.travel(datetime.now(timezone.utc) + timedelta(minutes=10)):
        assert not store.take_lease(connection, kept, "two")
    assert store.extend_lease(connection, "one")
    store.end_lease(connection, "one")
    assert store.take_lease(connection, kept, "two")


def _forget(gateway: TokenGateway) -> None:
    """Fail the refresh that nobody waits for."""
    with gateway._lock:
        gateway.generation, gateway.expired, gateway.slow = 0, True, 0


def test_a_pull_goes_on_over_an_expired_token(sandbox: Sandbox, store: TokenStore) -> None:
    """The sandbox's token office takes what we send it; the second run asks it for nothing."""
    connection = replace(sandbox.connection, refresh_token=refresh_token_of("erp", 0))
    HTTP.post(f"{sandbox.base_url}/sandbox/tokens/expire", json={"platform": "erp"})
    for _ in range(2):
        assert len(using(Jushuitan(connection), shops, tokens=store)) == 3
        office = HTTP.get(f"{sandbox.base_url}/sandbox/tokens").json()["erp"]
        assert (office["refreshes"], office["refused"]) == ({"0": 1}, 0)
    sandbox.arm("expired_token")
    assert len(using(Jushuitan(connection), shops, tokens=store)) == 3
    assert HTTP.get(f"{sandbox.base_url}/sandbox/tokens").json()["erp"]["refreshes"] == {"0": 2}


REFRESH = Call("refresh")
CONNECTION = Connection("c", "http://127.0.0.1:1", "key", "s3cret", "token")
NOW = datetime(2025, 10, 9, 12, tzinfo=timezone.utc)
IN_AN_HOUR = int((NOW + HOUR).timestamp())
ENVELOPES: list[tuple[Refreshing, Any]] = [
    (Jd(CONNECTION), lambda data: data),
    (Jushuitan(CONNECTION), lambda data: {"code": 0, "data": data}),
    (Pdd(CONNECTION), lambda data: {"pop_auth_token_refresh_response": data}),
]
ODD = [10**15, -1, 0, "", "soon", None, True, [], {}, Decimal("NaN"), Decimal("1E+999"), "9" * 400]


@pytest.mark.parametrize(
    "expiry",
    [
        {"expires_in": 3600},
        {"expires_in": "3600"},
        {"expires_in": Decimal("3600.0")},
        {"expires_at": IN_AN_HOUR},
        {"expires_at": str(IN_AN_HOUR), "expires_in": 60},
        {"expires_at": IN_AN_HOUR * 1000, "expires_in": 3600},
        {"expires_at": None, "expires_in": 3600},
    ],
)
def test_the_end_is_read_however_it_is_written(expiry: dict[str, Any]) -> None:
    """A moment counts before a length of time, and no milliseconds are taken for seconds."""
    with time_machine.travel(NOW, tick=False):
        tokens = granted({"access_token": "new", "refresh_token": "next", **expiry}, REFRESH)
    assert tokens.expires_at == NOW + HOUR


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["expires_in", "expires_at"])
def test_an_odd_end_is_unknown_and_costs_no_token(name: str, value: Any) -> None:
    """The refresh token that bought them is spent: they are all there is."""
    tokens = granted({"access_token": "new", "refresh_token": "next", name: value}, REFRESH)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "next")
    assert tokens.expires_at is None


@pytest.mark.parametrize(("dialect", "envelope"), ENVELOPES)
@pytest.mark.parametrize("more", [{}, {"refresh_token": None}, {"expires_in": 10**15}])
def test_all_platforms_need_an_access_token_only(
    dialect: Refreshing, envelope: Any, more: dict[str, Any]
) -> None:
    """Without a refresh token in it, the answer leaves the old one as it is."""
    tokens = dialect.refreshed(REFRESH, envelope({"access_token": "new", **more}))
    assert (tokens.access_token, tokens.refresh_token) == ("new", "")
    assert tokens.expires_at is None


@pytest.mark.parametrize(("dialect", "envelope"), ENVELOPES)
@pytest.mark.parametrize("data", [{}, {"access_token": ""}, {"access_token": None}])
def test_without_an_access_token_nothing_was_granted(
    dialect: Refreshing, envelope: Any, data: dict[str, Any]
) -> None:
    """An answer that has none is not as documented."""
    with pytest.raises(Malformed, match="field access_token"):
        dialect.refreshed(REFRESH, envelope({"refresh_token": "next", **data}))
