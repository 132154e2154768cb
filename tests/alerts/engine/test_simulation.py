"""Many days of many shops, with outages, robots that fail, and a clock that the test moves."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.findings import Kind
from include.alerts.records import What
from tests.alerts.engine.alert_rounds import BUSY, REFUSED, TAKEN, TIMEOUT, Rounds
from tests.alerts.engine.simulated_world import DAY, MINUTE, Span, World

if TYPE_CHECKING:
    from pathlib import Path

    from include.alerts.messages import Receipt
    from include.alerts.records import Alert

CHANNELS = """\
channels:
  - {id: ops, kind: dingtalk, connection: a}
  - {id: boss, kind: wecom, connection: b}
  - {id: night, kind: feishu, connection: c}
routes:
  - {to: ops}
  - {to: night}
  - {to: boss, on: [late], after: 60m}
digest: {to: [ops]}
repeat: 12h
"""
QUIET = 'quiet: {from: "22:30", until: "07:00"}\n'
WITHOUT_HOLDS = ("ops", "night")  # what is there at its deadline is said here, at once or later


class Simulation:
    """All rounds of a world, and what came of them.

    Args:
        world: what happens.
        root: where the store is.
        seed: of how the robots fail.
        step: how often there is a round beside those at which something changes.
        failing: how many times a channel fails for a while.
        content: what else config/alerts.yaml says.
    """

    def __init__(  # noqa: PLR0917 - a test reads them at once
        self,
        world: World,
        root: Path,
        seed: int,
        step: timedelta = 5 * MINUTE,
        failing: int = 0,
        content: str = "",
    ) -> None:
        self.world = world
        self.rounds = Rounds(root, CHANNELS + content)
        self.units: dict[int, set[str]] = {}
        self.missed: dict[tuple[str, str], set[str]] = {}
        self._chance = random.Random(seed)
        self._failures = [self._failure() for _ in range(failing)]
        robots = self.rounds.robots
        robots.answer = self._answer
        robots.arrives = lambda _channel, _now: self._chance.random() < 0.5
        self._run(step)

    def _run(self, step: timedelta) -> None:
        world, last = self.world, self.world.end + 3 * DAY
        moments = {world.begin + count * step for count in range((last - world.begin) // step)}
        waiting = list(world.occasions)
        for now in sorted({*moments, *world.edges()}):
            self.rounds.now = now
            observed = world.observed(now)
            if not observed.unseen_kinds:  # what is missing when it is first looked at
                while waiting and waiting[0].due <= now:
                    one = waiting.pop(0)
                    if missing := one.missing_at(now):
                        self.missed[one.job.id, one.key] = set(missing)
            self.rounds.observe(observed)

    def _failure(self) -> tuple[str, Span, Receipt]:
        start = self.world.begin + self._chance.random() * (self.world.end - self.world.begin)
        span = Span(start, start + self._chance.random() * 6 * timedelta(hours=1))
        channel = self._chance.choice(["ops", "boss", "night"])
        return channel, span, self._chance.choice([BUSY, REFUSED, TIMEOUT])

    def _answer(self, channel: str, now: datetime) -> Receipt:
        for failing, span, receipt in self._failures:
            if failing == channel and now in span:
                return receipt
        return TAKEN

    def alerts(self, kind: Kind) -> list[Alert]:
        """Return all alerts of a kind that ever were."""
        alerts = self.rounds.store.alerts(self.world.begin)
        return [alert for alert in alerts if alert.finding.kind is kind]


def _check_each_unit_is_in_one_opening(simulation: Simulation) -> None:
    """Every unit missing at its deadline is in exactly one delivered opening, in each channel."""
    openings: dict[tuple[str, str, str], list[Alert]] = defaultdict(list)
    for alert in simulation.alerts(Kind.LATE):
        for said in alert.said:
            if said.what is What.OPENING and said.delivered is not None:
                identity = alert.finding.identity
                openings[said.channel, identity.subject, identity.period_key].append(alert)
    for (job, key), shops in simulation.missed.items():
        for channel in WITHOUT_HOLDS:
            of_deadline = [
                alert
                for alert in openings[channel, job, key]
                if shops <= {unit.shop_id for unit in alert.missed}
                and alert.opened is not None
                and alert.opened < simulation.world.end
            ]
            first = min(openings[channel, job, key], key=lambda alert: alert.number)
            assert of_deadline[:1] == [first], (channel, job, key)
            assert shops == {unit.shop_id for unit in first.missed}, (channel, job, key)


def _check_each_fault_is_in_one_opening(simulation: Simulation) -> None:
    """The same of the service's faults: one alert each, said in each channel that gets them."""
    alerts = simulation.alerts(Kind.SERVICE)
    subjects = Counter(alert.finding.subject for alert in alerts)
    assert {subject: subjects[subject] for subject in simulation.world.faults} == dict.fromkeys(
        simulation.world.faults, 1
    )
    for alert in alerts:
        if alert.finding.subject in simulation.world.faults:
            openings = Counter(one.channel for one in alert.said if one.what is What.OPENING)
            assert openings == dict.fromkeys(WITHOUT_HOLDS, 1)


def _check_each_opening_has_one_recovery(simulation: Simulation) -> None:
    """In each channel in which the opening was delivered, and in no other; the order is right."""
    for alert in (*simulation.alerts(Kind.LATE), *simulation.alerts(Kind.SERVICE)):
        assert alert.closed is not None, alert.label
        whats: dict[str, Counter[What]] = defaultdict(Counter)
        for said in alert.said:
            assert said.delivered is not None, (alert.label, said)
            whats[said.channel][said.what] += 1
        for channel, counts in whats.items():
            assert (counts[What.OPENING], counts[What.RECOVERY]) == (1, 1), (alert.label, channel)


def _check_budget(simulation: Simulation) -> None:
    """No channel is asked more than six times in any ten minutes, whatever comes of it."""
    for moments in simulation.rounds.robots.asked.values():
        for first, seventh in zip(moments, moments[6:], strict=False):
            assert seventh - first > 10 * MINUTE


def _check_what_people_have_got(simulation: Simulation) -> None:
    """Each label comes first as what is wrong; a message comes twice only with a mark."""
    for channel in ("ops", "boss", "night"):
        texts = [message.plain() for _, message in simulation.rounds.robots.taken[channel]]
        plain = [text for text in texts if "重发" not in text]
        assert len(set(plain)) == len(plain)
        told: set[str] = set()
        for text in texts:
            labels = {word for word in text.replace("(", " ").split() if word.startswith("#A")}
            is_over = text.startswith("【已恢复】")
            assert not is_over or labels <= told, text
            told |= labels
        said = {
            alert.label
            for alert in (*simulation.alerts(Kind.LATE), *simulation.alerts(Kind.SERVICE))
            if any(one.channel == channel for one in alert.said)
        }
        assert said <= told


def _check(simulation: Simulation) -> None:
    _check_each_unit_is_in_one_opening(simulation)
    _check_each_fault_is_in_one_opening(simulation)
    _check_each_opening_has_one_recovery(simulation)
    _check_budget(simulation)
    _check_what_people_have_got(simulation)
    assert simulation.rounds.store.waiting() == []
    assert simulation.rounds.store.alerts() == []
    simulation.rounds.close()


@pytest.mark.parametrize("content", ["", QUIET], ids=["loud", "quiet"])
@pytest.mark.parametrize("seed", [3, 4])
def test_a_few_days_of_a_few_shops(tmp_path: Path, seed: int, content: str) -> None:
    """Every unit missing at its deadline is in one opening, each opening has one recovery."""
    world = World(seed, days=5, shops=9, trouble=15)
    simulation = Simulation(world, tmp_path, seed, 10 * MINUTE, failing=4, content=content)
    assert len(simulation.missed) > 4
    _check(simulation)


def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    """But a digest a day."""
    world = World(1, days=5, shops=9, trouble=0)
    simulation = Simulation(world, tmp_path, 1, 10 * MINUTE)
    taken = simulation.rounds.robots.taken
    assert [moment.time().isoformat("minutes") for moment, _ in taken["ops"]] == ["09:30"] * 8
    assert taken["boss"] == taken["night"] == []
    assert simulation.rounds.store.alerts(world.begin) == []


@pytest.mark.campaign
@pytest.mark.parametrize("content", ["", QUIET], ids=["loud", "quiet"])
@pytest.mark.parametrize("seed", range(3))
def test_ninety_days_of_sixty_shops(tmp_path: Path, seed: int, content: str) -> None:
    """The same, of all eleven jobs."""
    world = World(seed, days=90, shops=60, trouble=5)
    simulation = Simulation(world, tmp_path, seed, failing=40, content=content)
    assert len(simulation.missed) > 150
    _check(simulation)


@pytest.mark.campaign
def test_ninety_days_in_which_nothing_is_wrong(tmp_path: Path) -> None:
    """Ninety digests, and no other message."""
    world = World(1, days=90, shops=60, trouble=0)
    simulation = Simulation(world, tmp_path, 1)
    assert len(simulation.rounds.robots.taken["ops"]) == 93
    assert simulation.rounds.store.alerts(world.begin) == []
