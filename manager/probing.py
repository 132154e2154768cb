"""Asking a connection who we are there: what `probe`, `connect` and `doctor` have in common.

The cheapest questions, none of which changes anything: the tokens are those that are kept now, and
nothing is refreshed, since that would be a change. The calls keep the limits that all runs share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple

from include.errors import ConfigurationError, ExpectedError, TemporaryError
from include.gateways.client import GatewayClient, Patience, tallied
from include.gateways.connection import Connection
from include.gateways.dialect import Dialect, Tokens
from include.gateways.errors import AuthExpired
from include.gateways.limiter import Limit
from include.gateways.tokens import TokenStore
from include.language import _
from include.platforms.all_platforms import PLATFORMS
from include.platforms.feed.dialect import FeedDialect, connection_of
from include.platforms.feed.pages import first_page
from include.registry import Shop
from include.registry.checks import Checked
from include.registry.checks.project import feed_of
from include.registry.feeds import Blanks, Feed
from include.registry.platforms import PLATFORMS as FACTS
from include.registry.platforms import host_of
from include.units.job_units import JobUnits
from include.warehouse import connect
from manager.warehouse import in_words

FEED = "feed"
# Somebody waits for the answer.
PATIENCE = Patience(
    timeout=timedelta(seconds=10),
    deadline=timedelta(seconds=40),
    attempts=2,
    pause=timedelta(seconds=1),
)
# Rows of the last day, up to where the platform's lists are whole.
SAMPLED, UNSURE = timedelta(days=1), timedelta(minutes=1)

Row = dict[str, Any]


class Said(NamedTuple):
    """What came of a question.

    Attributes:
        text: in words.
        shops: the number of each shop that the account has, with its name there.
        rows: some, as they would land; None where none were asked for.
        table: where they would land.
    """

    text: str
    shops: Mapping[str, str]
    rows: Sequence[Row] | None
    table: str


class Question(NamedTuple):
    """What one connection is asked.

    Attributes:
        id: the connection's.
        names: whom it concerns: shops, or a feed.
        platform: whose gateway, or `feed`.
        connection: reads the connection.
        dialect: makes its dialect.
        ask: asks; with `True` also for rows. Raises what is wrong.
    """

    id: str
    names: str
    platform: str
    connection: Callable[[], Connection]
    dialect: Callable[[Connection], Dialect]
    ask: Callable[[GatewayClient, bool], Awaitable[Said]]


@dataclass(frozen=True)
class Answer:
    """How a question went.

    Attributes:
        question: which.
        address: where the gateway is, and `app_key` who we are there; empty when that is not known.
        limits: what the platform allows, as it is kept here.
        calls: how many requests were sent.
        said: what came; None after an error.
        error: what is wrong.
        renews_itself: whether the error is a token that the next run refreshes by itself.
    """

    question: Question
    address: str = ""
    app_key: str = ""
    limits: Sequence[Limit] = ()
    calls: int = 0
    said: Said | None = None
    error: ExpectedError | None = None
    renews_itself: bool = False


def answers_to(
    questions: Sequence[Question], warehouse: str, *, with_rows: bool = False
) -> list[Answer]:
    """Ask all at once; `warehouse` is the URL of the one that keeps tokens.

    Raises:
        TemporaryError: it does not answer, so that nobody is asked.
    """
    with in_words(TemporaryError):
        return asyncio.run(_all(questions, warehouse, with_rows=with_rows))


def questions_of(conn_id: str, found: Checked, variables: Mapping[str, str]) -> list[Question]:
    """Return the questions for one connection; its shops need not be enabled yet."""
    shops = [shop for shop in found.registry.shops.values() if shop.connection == conn_id]
    feeds = [one for one in feed_questions(found, variables) if one.id == conn_id]
    return [*shop_questions(shops, variables), *feeds]


def shop_questions(shops: Iterable[Shop], variables: Mapping[str, str]) -> Iterator[Question]:
    """Return a question for each connection of these shops: which shops it speaks for."""
    by_connection: dict[tuple[str, str], list[Shop]] = {}
    for shop in shops:
        by_connection.setdefault((shop.platform, shop.connection), []).append(shop)
    for (platform, conn_id), its in by_connection.items():
        if platform in PLATFORMS:
            names = ", ".join(shop.id for shop in its)
            connection = partial(Connection.from_env, conn_id, variables, host_of(platform))
            dialect, ask = PLATFORMS[platform].dialect, partial(_ask_shops, its)
            yield Question(conn_id, names, platform, connection, dialect, ask)


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
            asked.add(feed.id)
            shop = found.registry.shops[shop_id]
            blanks = Blanks(shop.platform_id, job.period, period, feed.zone)
            yield Question(
                feed.connection,
                _("feed {feed}", feed=feed.id),
                FEED,
                partial(connection_of, feed, variables),
                partial(FeedDialect, feed),
                partial(_ask_feed, feed, shop, blanks),
            )


async def _all(questions: Sequence[Question], warehouse: str, *, with_rows: bool) -> list[Answer]:
    engine = connect(warehouse)
    store = TokenStore(engine)
    try:
        return list(await asyncio.gather(*(_one(one, store, with_rows) for one in questions)))
    finally:
        engine.dispose()


async def _one(question: Question, store: TokenStore, with_rows: bool) -> Answer:  # noqa: FBT001 -- of `_all` alone
    try:
        connection = question.connection()
    except ConfigurationError as error:
        return Answer(question, error=error)
    kept = await asyncio.to_thread(store.read, connection)
    granted = Tokens(connection.access_token, connection.refresh_token, connection.expires_at)
    tokens = kept.tokens if kept else granted
    as_it_is = replace(
        connection, access_token=tokens.access_token, refresh_token="", expires_at=None
    )
    as_it_is.conceal(connection.access_token, connection.refresh_token, tokens.refresh_token)
    answer = Answer(question, connection.base_url, connection.app_key)
    with tallied() as tally:
        try:
            dialect = question.dialect(as_it_is)
            answer = replace(answer, limits=dialect.limits)
            async with GatewayClient(dialect, PATIENCE) as client:
                answer = replace(answer, said=await question.ask(client, with_rows))
        except ExpectedError as error:
            renews = isinstance(error, AuthExpired) and bool(tokens.refresh_token)
            answer = replace(answer, error=error, renews_itself=renews)
    return replace(answer, calls=tally.calls)


async def _ask_shops(shops: list[Shop], client: GatewayClient, with_rows: bool) -> Said:  # noqa: FBT001 -- as `Question.ask` says
    """Ask which shops an account has, and hold ours against them."""
    known: Mapping[str, str] = {}
    platform = PLATFORMS[shops[0].platform]
    for shop in shops:
        if shop.platform_id not in known:
            known = await platform.shops(client, shop)
        if known and shop.platform_id not in known:
            there = [f"{number} {name}".strip() for number, name in known.items()]
            raise ConfigurationError(
                "shop {shop} is {number} in config/shops.yaml, but the account of connection "
                "{connection} is of {there}: fix platform_id there, or the connection",
                shop=shop.id,
                number=shop.platform_id,
                connection=shop.connection,
                there=there,
            )
    if len(known) == 1:
        text = _("answers as {name}", name=" ".join(*known.items()).strip())
    elif not known:
        text = _("answers, and does not say for which shop")
    else:
        text = _(
            "answers, and knows {ours} of {known} shops as ours",
            ours=len(shops),
            known=len(known),
        )
    rows = None
    if with_rows:
        end = datetime.now(timezone.utc).replace(microsecond=0)
        end -= FACTS[shops[0].platform].lag + UNSURE
        rows = await platform.sample(client, shops[0], end - SAMPLED, end)
    return Said(text, known, rows, platform.table)


async def _ask_feed(
    feed: Feed,
    shop: Shop,
    blanks: Blanks,
    client: GatewayClient,
    with_rows: bool,  # noqa: ARG001, FBT001 -- as `Question.ask` says; they come all the same
) -> Said:
    rows = await first_page(client, feed, blanks)
    scope = feed.landing.scope_of(shop.id, blanks.kind, blanks.period)
    filled = feed.landing.filled_in(blanks.period)
    text = _(
        "answers with {count} rows on its first page for {shop}", count=len(rows), shop=shop.id
    )
    return Said(text, {}, [{**scope, **row, **filled} for row in rows], feed.landing.table.name)
