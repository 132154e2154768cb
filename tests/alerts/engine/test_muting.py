"""What is muted is not said, and not forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.answers import check_until
from include.errors import ConfigurationError
from include.registry.alerts import Mute
from tests.alerts.engine.alert_rounds import ONE_CHANNEL, late, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.alerts.engine.alert_rounds import Rounds

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MUTED = """\
mutes:
  - {job: pdd_a, until: 2026-11-29, reason: 装修}
  - {job: pdd_b, shop: pdd-1, until: 2026-11-29, reason: 停业, by: 林}
"""


def _mute(job: str, shop: str | None = None) -> Mute:
    return Mute(job=job, shop=shop, until="2026-11-30", reason="装修", by="林")  # type: ignore[arg-type]


def test_a_muted_job_is_not_said_until_its_mute_ends(rounds_of: Callable[..., Rounds]) -> None:
    """It counts as an alert all the same; after the last day it is said."""
    rounds = rounds_of(ONE_CHANNEL + MUTED)
    finding = late("pdd_a")
    rounds.round(finding)
    rounds.round(finding, after=DAY)
    assert rounds.said() == []
    (alert,) = rounds.store.alerts()
    assert (alert.opened, alert.silent) == (None, True)
    rounds.round(finding, after=DAY)
    assert rounds.said() == ["【数据迟到】任务pdd_a 2026-11-27"]


def test_a_mute_of_the_file_that_is_to_last_too_long_does_not_hold(
    rounds_of: Callable[..., Rounds],
) -> None:
    """As `check` says; the command refuses it."""
    rounds = rounds_of(ONE_CHANNEL + MUTED.replace("2026-11-29", "2027-01-09"))
    rounds.round(late("pdd_a"))
    assert rounds.said() == ["【数据迟到】任务pdd_a 2026-11-27"]


def test_a_muted_shop_is_left_out(rounds_of: Callable[..., Rounds]) -> None:
    """The others of its job are said, and what is no job's data is never muted."""
    rounds = rounds_of(ONE_CHANNEL + MUTED)
    rounds.round(late("pdd_b", "pdd-1", "pdd-2"), late("pdd_c", "pdd-1"), service("pdd_a"))
    texts = rounds.texts()
    assert len(texts) == 3
    (of_b,) = [text for text in texts if "pdd_b" in text]
    assert "店铺pdd-2" in of_b
    assert "店铺pdd-1" not in of_b
    rounds.round(late("pdd_b", "pdd-1"), after=MINUTE)
    rounds.round(late("pdd_b", "pdd-1"), after=10 * MINUTE)
    assert not any("pdd_b" in title for title in rounds.said())


def test_a_command_mutes_and_takes_it_back(rounds: Rounds) -> None:
    """Whatever was said before, nothing is while it lasts, not even that it is over."""
    finding = late("pdd_a")
    rounds.round(finding)
    assert len(rounds.said()) == 1
    rounds.store.mute(_mute("pdd_a"), rounds.now)
    rounds.store.mute(_mute("pdd_a"), rounds.now)
    assert len(rounds.store.mutes(rounds.now)) == 1
    rounds.round(finding, after=25 * timedelta(hours=1))
    assert rounds.said() == []
    assert rounds.store.unmute("pdd_a", None, rounds.now)
    assert not rounds.store.unmute("pdd_a", None, rounds.now)
    rounds.round(finding, after=MINUTE)
    assert len(rounds.said()) == 1
    rounds.store.mute(_mute("pdd_a"), rounds.now)
    rounds.round(after=MINUTE)
    rounds.round(after=6 * MINUTE)
    rounds.round(after=6 * MINUTE)
    assert rounds.said() == []
    assert rounds.store.alerts() == []


@pytest.mark.parametrize("until", [date(2026, 11, 27), date(2026, 12, 30)])
def test_a_mute_lasts_a_month_at_most(until: date) -> None:
    """What has passed, or is further away, is refused, with the last day that can be."""
    today = date(2026, 11, 28)
    with pytest.raises(ConfigurationError, match="between today and 2026-12-29"):
        check_until(until, today)
    assert check_until(date(2026, 12, 29), today) == date(2026, 12, 29)
