"""What is true of the feeds: every row of a shop's period, as a pull must bring it.

A pure function of shop, period and seed; it knows nothing of how the feeds write it down.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.catalogue import PRODUCTS
from sandbox.chance import between, pick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_REVIEWS = 40
FEWEST_AGENTS, MOST_AGENTS = 3, 8
SECONDS_OF_A_DAY = 86_400
AGENT_NAMES = ("小鱼", "阿泽", "糖糖", "木木", "店小二", "晚风", "七七", "大白")
COMPLAINTS = (
    "收到就是坏的，联系客服半天没人回",
    "和图片差太多了，色差很大 😡",
    "用了两天就开胶，质量太差",
    'It broke after one day, "premium" they said',
    "少发了一件；补发等了一个星期",
    "味道很重，\n洗了三遍还有",
    "物流慢，包装破损",
    "",
)
MONTH, WEEK = "month", "week"
IDS = {"reviews": "review_id", "chat": "agent_id", "kpi": "agent_id"}


def rows_on(
    feed: str, number: int, period: str, first_day: date, seed: int
) -> list[dict[str, Any]]:
    """Return all rows of a shop's period, with the names of the warehouse's columns.

    Args:
        feed: reviews, chat or kpi.
        number: of the shop, 20001 to 20006.
        period: day, week or month; reviews and chat have days only.
        first_day: of the period.
        seed: of the sandbox.
    """
    return ROWS[feed](number, period, first_day, seed)


def last_day_of(period: str, first_day: date) -> date:
    """Return the last day of a period that starts on a day."""
    days = {WEEK: 7, MONTH: monthrange(first_day.year, first_day.month)[1]}.get(period, 1)
    return first_day + timedelta(days=days - 1)


def _reviews(number: int, _period: str, day: date, seed: int) -> list[dict[str, Any]]:
    random = Random(f"review {seed} {number} {day}")  # noqa: S311 - sample data
    midnight = datetime.combine(day, datetime.min.time())
    return [
        _review(random, number, day, place, midnight)
        for place in range(between(random, 0, MOST_REVIEWS))
    ]


def _review(
    random: Random, number: int, day: date, place: int, midnight: datetime
) -> dict[str, Any]:
    product = between(random, 0, len(PRODUCTS) - 1)
    # The first of a day comes at its first instant, where an inclusive end doubles it.
    second = 0 if place == 0 else between(random, 0, SECONDS_OF_A_DAY - 1)
    return {
        "review_id": f"{number}{day:%y%m%d}{place:04}",
        "order_sn": f"{day:%y%m%d}-{between(random, 10**14, 10**15 - 1)}",
        "goods_id": 500_000_000_000 + number * 100 + product,
        "goods_name": PRODUCTS[product].name,
        "score": between(random, 1, 3),
        "content": pick(random, COMPLAINTS) if random.random() < 0.9 else None,  # noqa: PLR2004 - one in ten gives stars only
        "created_time": midnight + timedelta(seconds=second),
    }


def _agents(number: int, seed: int) -> list[tuple[str, str | None]]:
    """Return the agents of a shop; one of them has no nickname."""
    random = Random(f"agents {seed} {number}")  # noqa: S311 - sample data
    count = between(random, FEWEST_AGENTS, MOST_AGENTS)
    return [
        (f"cs{number}{place:02}", None if place == 1 else AGENT_NAMES[place])
        for place in range(count)
    ]


def _chat(number: int, _period: str, day: date, seed: int) -> list[dict[str, Any]]:
    rows = []
    for agent_id, name in _agents(number, seed):
        random = Random(f"chat {seed} {number} {day} {agent_id}")  # noqa: S311 - sample data
        sessions = between(random, 0, 180)
        replied = sessions - between(random, 0, sessions // 10)
        in_time = between(random, replied // 2, replied)
        rows.append(
            {
                "agent_id": agent_id,
                "agent_name": name,
                "sessions": sessions,
                "replied_sessions": replied,
                "reply_rate_3min": _share(in_time, sessions),
                "average_reply_seconds": Decimal(between(random, 40, 3000)) / 10,
            }
        )
    return rows


def _kpi(number: int, period: str, first_day: date, seed: int) -> list[dict[str, Any]]:
    days = (last_day_of(period, first_day) - first_day).days + 1
    rows = []
    for agent_id, name in _agents(number, seed):
        random = Random(f"kpi {seed} {number} {period} {first_day} {agent_id}")  # noqa: S311 - sample data
        sessions = between(random, 0, 180 * days)
        orders = between(random, 0, sessions // 3)
        rows.append(
            {
                "agent_id": agent_id,
                "agent_name": name,
                "sessions": sessions,
                "orders": orders,
                "sales_amount": Decimal(orders * between(random, 990, 26_900)) / 100,
                "conversion_rate": _share(orders, sessions),
                "satisfaction_rate": _share(between(random, 80, 100), 100) if sessions else None,
            }
        )
    return rows


def _share(part: int, whole: int) -> Decimal | None:
    """Return a share of 1 with four decimals; none of nothing."""
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else None


ROWS: dict[str, Callable[[int, str, date, int], list[dict[str, Any]]]] = {
    "reviews": _reviews,
    "chat": _chat,
    "kpi": _kpi,
}


class Entry(NamedTuple):
    """A row, and what tells it from all others of the sandbox."""

    key: tuple[object, ...]
    row: dict[str, Any]


class FeedBook:
    """The rows of the feeds of one sandbox."""

    def __init__(self, seed: int) -> None:
        """Begin with all rows of a seed."""
        self._seed = seed
        self._gone: set[tuple[object, ...]] = set()

    def entries(self, feed: str, number: int, period: str, first_day: date) -> list[Entry]:
        """Return the rows of a shop's period that are there; arguments as those of `rows_on`."""
        rows = rows_on(feed, number, period, first_day, self._seed)
        found = [Entry((feed, number, period, first_day, row[IDS[feed]]), row) for row in rows]
        return [entry for entry in found if entry.key not in self._gone]

    def leave(self, entries: Iterable[Entry]) -> None:
        """Take rows away: a review is hidden, an agent is taken off the list."""
        self._gone.update(entry.key for entry in entries)
