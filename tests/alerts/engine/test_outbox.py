"""Sending what is in the outbox."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.engine import judge
from include.alerts.findings import Observed
from include.alerts.outbox import deliver
from tests.alerts.engine.alert_rounds import (
    ONE_CHANNEL,
    TAKEN,
    TIMEOUT,
    TWO_CHANNELS,
    UNREACHED,
    late,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.alerts.messages import Message, Receipt
    from include.registry.alerts import Channel
    from tests.alerts.engine.alert_rounds import Rounds

MINUTE = timedelta(minutes=1)


def test_what_may_have_arrived_is_sent_again_with_a_mark(rounds: Rounds) -> None:
    """With the number of the alert, so that whoever gets both knows."""
    answers = [TIMEOUT]
    rounds.robots.answer = lambda _channel, _now: answers.pop(0) if answers else TAKEN
    rounds.robots.arrives = lambda _channel, _now: True
    rounds.round(service())
    rounds.round(service(), after=MINUTE)
    first, second = rounds.texts()
    assert first.endswith("处理：restart  #A1")
    assert second == first.replace("#A1", "(#A1 重发，可能重复)")


def test_what_was_never_sent_has_no_mark(rounds: Rounds) -> None:
    """After an outage of the network there is one message of what is wrong by then."""
    rounds.robots.answer = lambda _channel, _now: UNREACHED
    rounds.round(service())
    rounds.round(service(), late(), after=5 * MINUTE)
    rounds.robots.answer = lambda _channel, _now: TAKEN
    rounds.round(service(), late(), after=15 * MINUTE)
    (text,) = rounds.texts()
    assert text.startswith("【告警汇总】新告警 2 项")
    assert "重发" not in text


def test_a_fault_of_a_sender_stops_no_other(rounds_of: Callable[..., Rounds]) -> None:
    """Nor is what it says kept, which may hold a secret."""
    rounds = rounds_of(TWO_CHANNELS)

    async def send(channel: Channel, message: Message) -> Receipt:
        if channel.id == "ops":
            raise ValueError("https://oapi.dingtalk.com/robot/send?access_token=secret")
        return await rounds.robots.send(rounds.now, channel, message)

    _write(rounds)
    count = asyncio.run(deliver(rounds.store, rounds.configuration, send, lambda: rounds.now))
    assert count == 1
    assert len(rounds.said("boss")) == 1
    health = rounds.store.healths()["ops"]
    assert (health.code, health.answer) == ("error", "ValueError")
    assert b"secret" not in (rounds.root / "alerts.db").read_bytes()


def test_a_channel_that_hangs_keeps_no_other_waiting(rounds_of: Callable[..., Rounds]) -> None:
    """They are sent to side by side."""
    rounds = rounds_of(TWO_CHANNELS)
    released = asyncio.Event

    async def both() -> int:
        answered = released()

        async def send(channel: Channel, message: Message) -> Receipt:
            if channel.id == "ops":
                await answered.wait()
            else:
                answered.set()
            return await rounds.robots.send(rounds.now, channel, message)

        return await deliver(rounds.store, rounds.configuration, send, lambda: rounds.now)

    _write(rounds)
    assert asyncio.run(both()) == 3


def test_what_is_cut_off_is_doubtful(rounds: Rounds) -> None:
    """A round that is cancelled while it sends leaves what is to be sent again."""

    async def send(channel: Channel, message: Message) -> Receipt:
        del channel, message
        raise asyncio.CancelledError

    _write(rounds)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(deliver(rounds.store, rounds.configuration, send, lambda: rounds.now))
    assert [one.is_doubtful for one in rounds.store.waiting()] == [True, False]


def test_many_findings_take_milliseconds(rounds_of: Callable[..., Rounds]) -> None:
    """A round writes what has changed and no more."""
    rounds = rounds_of(ONE_CHANNEL)
    findings = [
        late(f"pdd_{number}", *(f"pdd-{shop}" for shop in range(60)), cause=f"c{number}")
        for number in range(11)
    ]
    assert len(rounds.round(*findings).alerts) == 11
    assert not rounds.round(*findings, after=MINUTE)


def _write(rounds: Rounds) -> None:
    observed, configuration = Observed((service(),)), rounds.configuration
    within = configuration.storm.budget.within
    rounds.store.update(
        lambda state: judge(state, observed, configuration, rounds.now), rounds.now, within
    )
