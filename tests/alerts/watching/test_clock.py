"""A clock that jumps, or that others contradict."""

from __future__ import annotations

import time
from datetime import timedelta

from include.alerts.watching.clock import ClockWatch, difference_to
from include.alerts.watching.scope import Scope
from tests.alerts.watched import at
from tests.sandbox.serving import serve

NOON = at("12:00")
HOSTS = ["https://api.jd.com"]


class Clocks:
    """A wall clock, a steady one, and what a host says of the difference."""

    def __init__(self, *, ahead: float | None = None) -> None:
        self.now, self.elapsed, self.ahead, self.asked = NOON, 0.0, ahead, 0
        self.watch = ClockWatch(lambda: self.elapsed, self._difference)

    def _difference(self, _host: str) -> float | None:
        self.asked += 1
        return self.ahead

    def look(self, wall: float = 30, steady: float = 30) -> list[str]:
        """Return what is said after both have gone on by so many seconds."""
        self.now += timedelta(seconds=wall)
        self.elapsed += steady
        return [one.facts["what"] for one in self.watch.look(Scope(self.now), HOSTS)]


def test_a_clock_that_keeps_its_time_is_well() -> None:
    """One that is corrected by seconds, too; others are asked once an hour."""
    clocks = Clocks(ahead=0.0)
    for _ in range(125):
        assert clocks.look(30.2, 30) == []
    assert clocks.asked == 2


def test_a_jump_is_told_until_it_is_taken_back() -> None:
    """Where nobody can say what is right."""
    clocks = Clocks()
    assert clocks.look() == []
    (said,) = clocks.look(3630, 30)
    assert said == "本机时间在 13:01（跳变后）向前跳了约 60 分钟，没有别的时钟可以核对"
    assert clocks.look() == [said]
    assert clocks.look(-3570, 30) == []


def test_a_jump_to_the_right_time_is_no_finding() -> None:
    """As others say at once; one away from it is one."""
    clocks = Clocks(ahead=0.0)
    clocks.look()
    assert clocks.look(3630, 30) == []
    clocks.ahead = -3600.0
    (said,) = clocks.look(3630, 30)
    assert said.startswith("本机时间比 api.jd.com 快了约 60 分钟：任务会在错误的时间运行")
    clocks.ahead = 0.0
    assert clocks.look(-3570, 30) == []


def test_a_clock_that_was_wrong_from_the_start_is_told() -> None:
    """By the hosts alone."""
    clocks = Clocks(ahead=400.0)
    (said,) = clocks.look()
    assert said.startswith("本机时间比 api.jd.com 慢了约 7 分钟")


def test_the_first_look_of_a_process_tells_nothing_of_a_jump_before() -> None:
    """Unless a host answers."""
    silent, told = Clocks(), Clocks(ahead=0.0)
    silent.look()
    told.look()
    assert not silent.watch.can_tell
    assert told.watch.can_tell
    silent.look()
    assert silent.watch.can_tell


def test_a_hosts_answer_has_its_time() -> None:
    """It tells whole seconds; one that cannot be reached says nothing."""
    with serve() as base_url:
        assert difference_to(base_url) == 0.0
        ahead = difference_to(base_url, lambda: time.time() + 3600)
        assert ahead is not None
        assert -3602 < ahead < -3598
    assert difference_to(base_url) is None
