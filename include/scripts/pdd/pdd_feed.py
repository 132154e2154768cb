"""Pulls a period of each PDD shop from a feed of config/feeds.yaml into that feed's table.

`--feed ID` says which. A shop's rows of a period replace those that were there.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

try:
    from include.command_line import Parser, language_parser, parsed
    from include.errors import ConfigurationError
    from include.language import _
    from include.platforms.feed.dialect import FeedDialect, connection_of
    from include.platforms.feed.pages import rows_counted, rows_of
    from include.pulling import Assignment, Control, Replace, Window, of_scope, pull
    from include.registry.feeds import FEEDS_FILE, Blanks, Feed, load_feeds
    from include.running.environment import project_root
    from include.units.exit_codes import ExitCode
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run pdd_review'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement

    from include.gateways.client import GatewayClient
    from include.periods import Period
    from include.registry import Job, Shop
    from include.units.unit import Unit

SECONDS_BETWEEN_REPORTS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Pull what the environment asks for; return the exit code."""
    wanted = parsed(_parser, arguments).feed
    try:
        feed = load_feeds(project_root(os.environ)).get(wanted)
        job = Assignment.from_environment().job
        _check(feed, job)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    return pull(
        partial(FeedDialect, feed),
        partial(_fetch, feed, job.period),
        connection=lambda _shop: connection_of(feed),
        control=_control_of(feed, job.period) if feed.paging.total is not None else None,
    )


def _parser() -> Parser:
    text = _(
        "Lands what a feed of {file} serves for the run's period, for each shop: the runner starts "
        "it, and what it needs is in the environment.",
        file=FEEDS_FILE,
    )
    parser = Parser(description=text, parents=[language_parser()])
    parser.add_argument("--feed", required=True, help=_("an id of {file}", file=FEEDS_FILE))
    return parser


def _check(feed: Feed, job: Job) -> None:
    """Refuse a job whose periods the feed's table cannot keep.

    Raises:
        ConfigurationError: says which ones it can.
    """
    problem = feed.landing.misfit(job.period)
    if problem:
        raise ConfigurationError(
            _("job {job}, feed {feed}: {problem}", job=job.id, feed=feed.id, problem=problem)
        )


async def _fetch(
    feed: Feed, kind: str, client: GatewayClient, shop: Shop, window: Window
) -> Replace:
    """Bring a shop's rows of a period."""
    period = window.period
    blanks = Blanks(shop.platform_id, kind, period, feed.zone)
    rows, notice = await rows_of(client, feed, blanks, _reporter(shop))
    filled = feed.landing.filled_in(period)
    scope = feed.landing.scope_of(shop.id, kind, period)
    return Replace(feed.landing.table, [{**row, **filled} for row in rows], scope, notice)


def _control_of(feed: Feed, kind: str) -> Control:
    """Return how a feed that names a total is asked for it."""

    async def count(client: GatewayClient, shop: Shop, period: Period, *, other_way: bool) -> int:
        blanks = Blanks(shop.platform_id, kind, period, feed.zone)
        counted = await rows_counted(client, feed, blanks)
        if counted is None or (other_way and feed.within is not None):
            # It may count a row of the period's very end, which belongs to the next one.
            brought = await rows_of(client, feed, blanks, lambda _rows: None)
            return len(brought.rows)
        return counted

    def own(unit: Unit) -> Sequence[ColumnElement[bool]]:
        return of_scope(feed.landing.table, feed.landing.scope_of(unit.shop_id, kind, unit.period))

    return Control(count, own, feed.landing.table)


def _reporter(shop: Shop) -> Callable[[int], None]:
    """Return what prints how far a shop is, now and then."""
    said = time.monotonic()

    def report(rows: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_REPORTS:
            said = time.monotonic()
            print(_("{shop}: {rows} rows so far", shop=shop.id, rows=rows), flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
