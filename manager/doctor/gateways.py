"""Every connection, asked the cheapest question that changes nothing; and the clock against theirs.

With the tokens that are kept now: nothing is refreshed, since that would be a change. The calls
keep the limits that all runs share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from include import MANAGER
from include.alerts.watching.clock import TOLERATED_SECONDS, difference_to
from include.errors import ConfigurationError, ExpectedError, missing_connection
from include.gateways.client import GatewayClient, Patience
from include.gateways.connection import EXAMPLE, Connection, base_url, read_fields
from include.gateways.dialect import Dialect, Tokens
from include.gateways.errors import AuthExpired
from include.gateways.tokens import TokenStore
from include.platforms.feed.dialect import EXAMPLE as FEED_EXAMPLE
from include.platforms.feed.dialect import FeedDialect, connection_of
from include.platforms.feed.pages import first_page
from include.platforms.jd import dialect as jd
from include.platforms.jushuitan import dialect as jushuitan
from include.platforms.pdd import dialect as pdd
from include.registry import Shop
from include.registry.checks import Checked, check_project
from include.registry.checks.project import feed_of
from include.registry.feeds import Blanks
from include.units.job_units import JobUnits
from include.warehouse import connect
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient
from manager.doctor.stored import ids_in_use, ids_of_gateways, variables_of
from manager.lifecycle.health import answers

# Somebody waits for the answer.
PATIENCE = Patience(
    timeout=timedelta(seconds=10),
    deadline=timedelta(seconds=40),
    attempts=2,
    pause=timedelta(seconds=1),
)
KEEP_TIME = "let the machine keep its time: `sudo timedatectl set-ntp true`"
START = f"`{MANAGER} start` starts it"
BY_ITSELF = "the next run refreshes it by itself; a refusal then fails that run with what to renew"


class Question(NamedTuple):
    """What one connection is asked.

    Attributes:
        id: the connection's.
        names: whom it concerns: shops, or a feed.
        connection: reads the connection.
        dialect: makes its dialect.
        ask: asks, and says in words what came; raises what is wrong.
    """

    id: str
    names: str
    connection: Callable[[], Connection]
    dialect: Callable[[Connection], Dialect]
    ask: Callable[[GatewayClient], Awaitable[str]]


def check_connections(patient: Patient) -> Iterator[Finding]:
    """Ask each connection that an enabled shop or a job's feed uses."""
    found = check_project(patient.layout.root)
    variables = variables_of(patient)
    enabled = [shop for shop in found.registry.shops.values() if shop.enabled]
    questions = [*shop_questions(enabled, variables), *feed_questions(found, variables)]
    yield from _still_of_the_sandbox(questions, variables)
    mute = _of_a_sandbox_that_is_down(patient, questions)
    if mute:
        about = f"connections {', '.join(dict.fromkeys(question.id for question in mute))}"
        text = f"were not asked: the sandbox at {patient.ports.sandbox_url} is not running"
        yield Finding(WARN, about, text, START)
    others = [question for question in questions if question not in mute]
    yield from asyncio.run(_all(others, variables["WAREHOUSE_URL"]))
    for conn_id in sorted(ids_in_use(found) - {question.id for question in questions}):
        yield _unasked(conn_id, variables)


def _still_of_the_sandbox(
    questions: list[Question], variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Name the connections as delivered where others lead to platforms: what they land is no data.

    The mark that they are delivered with is what makes them follow the sandbox's port.
    """
    delivered: dict[str, bool] = {}
    for question in questions:
        with suppress(ConfigurationError):  # said when it is asked
            fields = read_fields(question.id, variables, EXAMPLE)
            delivered[question.id] = fields.extra.get("sandbox") is True
    names = [conn_id for conn_id, is_so in delivered.items() if is_so]
    if names and len(names) < len(delivered):
        about = f"connections {', '.join(names)}"
        remedy = (
            f"`{MANAGER} connect {names[0]}` asks for the real ones, or write "
            "`enabled: false` into the jobs and shops that need them"
        )
        yield Finding(WARN, about, "still lead to the sandbox, whose rows are made up", remedy)


def _of_a_sandbox_that_is_down(patient: Patient, questions: list[Question]) -> list[Question]:
    """Return those that would ask our own sandbox, if it does not run."""
    if answers(patient.ports.sandbox):
        return []
    found = []
    for question in questions:
        with suppress(ConfigurationError):  # what is wrong with it is said when it is asked
            if question.connection().base_url == patient.ports.sandbox_url:
                found.append(question)
    return found


def questions_of(conn_id: str, found: Checked, variables: Mapping[str, str]) -> Iterator[Question]:
    """Return the questions for one connection; its shops need not be enabled yet."""
    shops = [shop for shop in found.registry.shops.values() if shop.connection == conn_id]
    yield from shop_questions(shops, variables)
    for question in feed_questions(found, variables):
        if question.id == conn_id:
            yield question


def ask_one(conn_id: str, found: Checked, variables: Mapping[str, str]) -> list[Finding]:
    """Ask one connection; empty when nothing of it is known that could be asked."""
    questions = [*questions_of(conn_id, found, variables)]
    return asyncio.run(_all(questions, variables["WAREHOUSE_URL"]))


def shop_questions(shops: Iterable[Shop], variables: Mapping[str, str]) -> Iterator[Question]:
    """Return a question for each connection of these shops: which shops it speaks for."""
    by_connection: dict[tuple[str, str], list[Shop]] = {}
    for shop in shops:
        by_connection.setdefault((shop.platform, shop.connection), []).append(shop)
    for (platform, conn_id), its in by_connection.items():
        if platform in PLATFORMS:
            dialect, ask = PLATFORMS[platform]
            names = ", ".join(shop.id for shop in its)
            connection = partial(Connection.from_env, conn_id, variables)
            yield Question(conn_id, names, connection, dialect, partial(ask, its))


def feed_questions(found: Checked, variables: Mapping[str, str]) -> Iterator[Question]:
    """Return a question for each feed that an enabled job reads: one shop's last period."""
    now, asked = datetime.now(timezone.utc), set()
    for job in found.registry.jobs.values():
        feed = found.feeds.by_id.get(feed_of(job) or "")
        if feed is None or not job.enabled or feed.id in asked:
            continue
        period = job.schedule.last_ended(now)
        mine = JobUnits(job, found.registry.shops.values())
        for shop_id in mine.of(period).covered[:1] if job.platform else ():
            shop = found.registry.shops[shop_id]
            asked.add(feed.id)
            blanks = Blanks(shop.platform_id, job.period, period, feed.zone)
            yield Question(
                feed.connection,
                f"feed {feed.id}",
                partial(connection_of, feed, variables),
                partial(FeedDialect, feed),
                partial(_ask_feed, partial(first_page, feed=feed, blanks=blanks), shop),
            )


def _unasked(conn_id: str, variables: Mapping[str, str]) -> Finding:
    """Find whether a job's own connection is there, of which no call is known."""
    about, name = f"connection {conn_id}", f"AIRFLOW_CONN_{conn_id.upper()}"
    if name in variables:
        return Finding(OK, about, "is there; no call of it is known here")
    return Finding(FAIL, about, str(missing_connection(conn_id)))


async def _all(questions: list[Question], warehouse: str) -> list[Finding]:
    engine = connect(warehouse)
    store = TokenStore(engine)
    try:
        return list(await asyncio.gather(*(_one(one, store) for one in questions)))
    finally:
        engine.dispose()


async def _one(question: Question, store: TokenStore) -> Finding:
    about = f"connection {question.id} ({question.names})"
    try:
        connection = question.connection()
    except ConfigurationError as error:
        return Finding(FAIL, about, str(error))
    kept = await asyncio.to_thread(store.read, connection)
    granted = Tokens(connection.access_token, connection.refresh_token, connection.expires_at)
    tokens = kept.tokens if kept else granted
    as_it_is = replace(
        connection, access_token=tokens.access_token, refresh_token="", expires_at=None
    )
    as_it_is.conceal(connection.access_token, connection.refresh_token, tokens.refresh_token)
    try:
        async with GatewayClient(question.dialect(as_it_is), PATIENCE) as client:
            return Finding(OK, about, await question.ask(client))
    except ExpectedError as error:
        if isinstance(error, AuthExpired) and tokens.refresh_token:
            return Finding(WARN, about, f"its token has expired: {error}", BY_ITSELF)
        return Finding(FAIL, about, str(error))


async def _ask_jushuitan(shops: list[Shop], client: GatewayClient) -> str:
    known = {str(info.shop_id) for info in await jushuitan.shops(client)}
    for shop in shops:
        _same_shop(shop, shop.platform_id in known, f"has {', '.join(sorted(known))}")
    return f"answers, and knows {len(shops)} of {len(known)} shops as ours"


async def _ask_owner(
    owner: Callable[[GatewayClient, int], Awaitable[Any]],
    number_and_name: Callable[[Any], tuple[int, str]],
    shops: list[Shop],
    client: GatewayClient,
) -> str:
    """Ask whose a token is; `owner` asks it for a shop, of whose answer two fields are read."""
    number, name = 0, ""
    for shop in shops:
        number, name = number_and_name(await owner(client, int(shop.platform_id)))
        _same_shop(shop, str(number) == shop.platform_id, f"is of {number} {name}")
    return f"answers as {number} {name}"


async def _ask_feed(
    ask: Callable[[GatewayClient], Awaitable[int]], shop: Shop, client: GatewayClient
) -> str:
    return f"answers with {await ask(client)} rows on its first page for {shop.id}"


def _same_shop(shop: Shop, same: bool, instead: str) -> None:  # noqa: FBT001 -- said in its name
    if not same:
        raise ConfigurationError(
            f"shop {shop.id} is {shop.platform_id} in config/shops.yaml, but the account of "
            f"connection {shop.connection} {instead}: fix platform_id there, or the connection"
        )


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Compare with the `Date` of each host's answer; one of them is enough to know."""
    hosts = sorted(_hosts(patient))
    asked = {host: difference_to(host) for host in hosts}
    differences = {host: seconds for host, seconds in asked.items() if seconds is not None}
    for host, seconds in differences.items():
        if abs(seconds) > TOLERATED_SECONDS:
            said = f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} {host}"
            yield Finding(WARN, "clock", f"is {said}", KEEP_TIME)
        else:
            yield Finding(OK, "clock", f"agrees with {host}")
    if not differences:
        text = f"could not be compared with a gateway's ({', '.join(hosts) or 'there is none'})"
        yield Finding(WARN, "clock", text, "see what the connections say")


def _hosts(patient: Patient) -> set[str]:
    variables, hosts = variables_of(patient), set()
    for conn_id in ids_of_gateways(check_project(patient.layout.root)):
        with suppress(ConfigurationError):  # its own check says so
            hosts.add(base_url(read_fields(conn_id, variables, FEED_EXAMPLE)))
    return hosts


PLATFORMS: dict[str, tuple[Callable[[Connection], Dialect], Callable[..., Awaitable[str]]]] = {
    "erp": (jushuitan.Jushuitan, _ask_jushuitan),
    "jd": (jd.Jd, partial(_ask_owner, jd.vender, attrgetter("vender_id", "shop_name"))),
    "pdd": (pdd.Pdd, partial(_ask_owner, pdd.mall, attrgetter("mall_id", "mall_name"))),
}
