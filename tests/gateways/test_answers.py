"""An answer from before the end of a period, by the source's clock, is no answer about it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.client import GatewayClient, Patience, tallied
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import GatewayError, Temporary
from include.platforms.jushuitan.dialect import Jushuitan
from tests.gateways.asking import using
from tests.gateways.scripted_gateway import answer, scripted

if TYPE_CHECKING:
    from include.gateways.client import Tally

CALL = Call("/open/some/query", shop=10001)
SEVERAL = Patience(attempts=3, pause=timedelta(milliseconds=1))


def ask(*headers: str, over: datetime | None) -> tuple[Any, Tally]:
    """Ask for what is over at a moment, of a gateway that sends some headers."""
    with scripted(answer('{"code": 0, "data": 1}', 200, *headers)) as gateway:
        dialect = Jushuitan(Connection("erp", gateway.base_url, "key", "s3cret", "t0ken"))

        async def asking(client: GatewayClient) -> tuple[Any, Tally]:
            with tallied("a unit", over) as tally:
                try:
                    return await client.call(CALL), tally
                except GatewayError as error:
                    return error, tally

        found: tuple[Any, Tally] = using(dialect, asking, SEVERAL)
        return found


def date(ahead: float) -> str:
    """Write the header of a source whose clock is some seconds ahead of this machine's."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=ahead)
    return f"Date: {format_datetime(moment.replace(microsecond=0), usegmt=True)}"


def ago(seconds: float) -> datetime:
    """Return a moment before now."""
    return datetime.now(timezone.utc) - timedelta(seconds=seconds)


def test_a_period_that_is_not_over_at_the_source_is_temporary() -> None:
    """It says by how much the clocks differ, and is not asked again in the same run."""
    error, tally = ask(date(-600), over=ago(300))
    assert type(error) is Temporary
    assert tally.calls == 1
    assert str(error).startswith(f"shop 10001, {CALL.method}: the answer is of 20")
    said = int(str(error).partition("this machine's clock is ")[2].partition(" s ahead")[0])
    assert 600 <= said <= 610


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Date: yesterday",),
        ("Date:",),
        ("Date: Sun, 99 Nov 2026 01:02:03 GMT",),
        (-9000, -9000),
        (-301,),
        (-303,),
        (0,),
        (600,),
    ],
)
def test_without_a_date_or_with_a_good_one_nothing_is_claimed(
    headers: tuple[str | float, ...],
) -> None:
    """A clock a few seconds behind is no reason either; a number is seconds ahead of now."""
    sent = [one if isinstance(one, str) else date(one) for one in headers]
    assert ask(*sent, over=ago(300))[0] == 1
    assert ask(date(-9000), over=None)[0] == 1


def test_an_answer_of_a_cache_is_as_old_as_it_says() -> None:
    """It was made before the period was over: the cache is named, and no clock."""
    error, _ = ask(date(-600), "Age: 600", over=ago(300))
    assert type(error) is Temporary
    assert "a cache on the way has kept it for 600 s" in str(error)
    assert "this machine's clock" not in str(error)


def test_the_oldest_answer_is_known() -> None:
    """Up to that moment the source can have said everything."""
    _, tally = ask(date(-60), over=ago(300))
    assert tally.oldest is not None
    assert abs(tally.oldest - ago(60)) < timedelta(seconds=5)
