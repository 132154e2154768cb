"""The rate limits are met from our side, by all processes together, and nearly used up."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.gateways.limit_store import LimitStore
from include.gateways.limiter import Limit, RateLimiter
from tests.conftest import HTTP, Sandbox
from tests.gateways.programs import TIMEOUT, Program, listed_shops, simulated_calls
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def limiter(folder: Path, *limits: tuple[int, float]) -> RateLimiter:
    """Share limits through a file in the folder."""
    some = [Limit(*limit) for limit in limits]
    return RateLimiter(folder / "calls.sqlite", "app", some, TIMEOUT)


def simulate(
    folder: Path, limits: list[tuple[int, float]], coroutines: int, times: int, delay: float
) -> Program:
    """Start a process that makes calls to nobody."""
    return Program(simulated_calls, folder / "calls.sqlite", limits, (coroutines, times), delay)


def stored(folder: Path, query: str) -> list[float]:
    """Return the first column of what a query finds in the file."""
    store = LimitStore(folder / "calls.sqlite")
    found: list[float] = store.transact(
        lambda db: [row[0] for row in db.execute(query, (time.monotonic(),) * query.count("?"))]
    )
    return found


def running(folder: Path) -> list[float]:
    """Return when the calls that have not ended were sent."""
    ends = stored(folder, "SELECT ended FROM calls WHERE ended > ?")
    return [end - TIMEOUT.total_seconds() for end in ends]


def ended(folder: Path) -> list[float]:
    """Return when calls ended."""
    return stored(folder, "SELECT ended FROM calls WHERE ended <= ?")


def waiting(folder: Path) -> int:
    """Return how many wait for their turn."""
    return len(stored(folder, "SELECT ticket FROM waiting"))


def most_in_any_window(stamps: list[float], seconds: float) -> int:
    """Return how many stamps lie in the fullest stretch of so many seconds."""
    stamps = sorted(stamps)
    return max(
        sum(first <= stamp < first + seconds for stamp in stamps[place:])
        for place, first in enumerate(stamps)
    )


def took(work: float) -> float:
    """Return the seconds since a moment."""
    return time.monotonic() - work


async def turns(shared: RateLimiter, count: int) -> None:
    """Take so many turns, one after the other, for calls that end at once."""
    for _ in range(count):
        async with shared.turn(None):
            pass


async def held(shared: RateLimiter, count: int = 1) -> AsyncExitStack:
    """Take so many turns for calls that end when the stack is closed."""
    calls = AsyncExitStack()
    for _ in range(count):
        await calls.enter_async_context(shared.turn(None))
    return calls


def test_a_turn_is_free_again_one_window_after_the_answer(tmp_path: Path) -> None:
    """What counts is when the answer came: the gateway may have counted the call that late."""

    async def scene() -> None:
        shared = limiter(tmp_path, (3, 0.5))
        began = time.monotonic()
        calls = await held(shared, 3)
        assert took(began) < 0.25
        await asyncio.sleep(0.3)
        answered = time.monotonic()
        await calls.aclose()
        await turns(shared, 3)
        assert 0.5 <= took(answered) < 0.75

    asyncio.run(scene())


def test_every_limit_is_kept(tmp_path: Path) -> None:
    """The tighter of two limits decides, whichever that is just now."""

    async def scene() -> None:
        shared = limiter(tmp_path, (2, 1.0), (5, 4.0))
        began = time.monotonic()
        moments = []
        for _ in range(6):
            await turns(shared, 1)
            moments.append(took(began))
        assert moments[1] < 1.0 <= moments[2]
        assert moments[4] < 4.0 <= moments[5]

    asyncio.run(scene())


def test_processes_never_exceed_a_limit_together(tmp_path: Path) -> None:
    """Whatever the delays on the wire, no window of the gateway holds one call too many."""
    limits = [(5, 0.3), (20, 2.0)]
    programs = [simulate(tmp_path, limits, 4, 6, 0.05) for _ in range(3)]
    stamps = [stamp for program in programs for stamp in program.told()]
    assert len(stamps) == 72
    for calls, seconds in limits:
        assert most_in_any_window(stamps, seconds) <= calls


def test_no_call_is_forgotten_when_many_write_at_once(tmp_path: Path) -> None:
    """The file holds every call of processes that are as quick as they can be."""
    programs = [simulate(tmp_path, [(1000, 60.0)], 4, 25, 0) for _ in range(3)]
    for program in programs:
        program.told()
    assert len(ended(tmp_path)) == 300
    assert not running(tmp_path)


def test_a_run_heeds_the_calls_of_the_run_before(tmp_path: Path) -> None:
    """The file outlives the process: two runs in a row share one window."""
    limits = [(4, 2.0)]
    stamps = []
    for _ in range(2):
        stamps += simulate(tmp_path, limits, 1, 3, 0).told()
    assert most_in_any_window(stamps, 2.0) <= 4


def test_calls_of_a_killed_process_count_until_they_must_have_ended(tmp_path: Path) -> None:
    """Killed in mid-call, it leaves turns that expire by themselves, and not too early."""
    program = simulate(tmp_path, [(3, 0.5)], 3, 1, 60)
    sent = running(tmp_path)
    while len(sent) < 3:
        time.sleep(0.01)
        sent = running(tmp_path)
    program.kill()
    asyncio.run(turns(limiter(tmp_path, (3, 0.5)), 1))
    expiry = min(sent) + TIMEOUT.total_seconds() + 0.5
    assert expiry <= time.monotonic() < expiry + 0.5


def test_a_killed_process_that_waited_is_passed_over(tmp_path: Path) -> None:
    """Its place in the queue is given up after seconds."""

    async def scene() -> None:
        shared = limiter(tmp_path, (1, 1.0))
        call = await held(shared)
        program = simulate(tmp_path, [(1, 1.0)], 3, 1, 0)
        while waiting(tmp_path) < 3:  # noqa: ASYNC110 - another process writes the file
            await asyncio.sleep(0.01)
        program.kill()
        await call.aclose()
        began = time.monotonic()
        await turns(shared, 1)
        assert took(began) < 5

    asyncio.run(scene())


def test_those_who_wait_are_served_in_the_order_of_their_coming(tmp_path: Path) -> None:
    """Nobody overtakes, also not the process that is quickest to ask again."""

    async def scene() -> None:
        shared, other = limiter(tmp_path, (2, 0.2)), limiter(tmp_path, (2, 0.2))
        served: list[int] = []

        async def wait(number: int) -> None:
            own = shared if number % 2 else other
            await turns(own, 1)
            served.append(number)

        tasks = []
        for number in range(12):
            tasks.append(asyncio.create_task(wait(number)))
            await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)
        assert served == list(range(12))

    asyncio.run(scene())


def test_waiting_costs_no_processor_time(tmp_path: Path) -> None:
    """Who waits sleeps until it can be its turn."""

    async def scene() -> None:
        shared = limiter(tmp_path, (1, 1.5))
        await turns(shared, 1)
        began = time.process_time()
        await turns(shared, 1)
        assert time.process_time() - began < 0.05

    asyncio.run(scene())


def test_a_turn_that_would_come_too_late_is_declined_at_once(tmp_path: Path) -> None:
    """Who has a deadline hears of it before, and leaves the queue to others."""

    async def scene() -> None:
        shared = limiter(tmp_path, (1, 1.0))
        await turns(shared, 1)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with shared.turn(None, latest=time.monotonic() + 0.5):
                pytest.fail("it came too late")
        assert took(began) < 0.3
        await turns(shared, 1)
        assert took(began) < 1.3

    asyncio.run(scene())


def test_who_stops_waiting_leaves_the_queue(tmp_path: Path) -> None:
    """A cancelled wait holds nobody up."""

    async def scene() -> None:
        shared = limiter(tmp_path, (1, 60.0))
        await held(shared)
        one = asyncio.create_task(turns(shared, 1))
        await asyncio.sleep(0.05)
        assert waiting(tmp_path) == 1
        one.cancel()
        await asyncio.wait([one])
        assert waiting(tmp_path) == 0

    asyncio.run(scene())


@pytest.mark.parametrize("content", [b"something else", b"\0" * 400, None])
def test_after_a_lost_file_nothing_is_sent_until_what_may_have_been_counts_no_more(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """That is, the time of a call and the longest window; from then on all is as ever."""

    async def scene() -> None:
        shared = limiter(tmp_path, (3, 0.2), (4, 0.5))
        call = await held(shared)
        if content is None:
            (tmp_path / "calls.sqlite").unlink()
        else:  # a process that comes to it finds it out; this one had it open
            LimitStore.at(tmp_path / "calls.sqlite").close()
            (tmp_path / "calls.sqlite").write_bytes(content)
        await call.aclose()
        found = time.monotonic()
        await asyncio.gather(*[turns(one, 1) for one in (shared, limiter(tmp_path, (3, 0.5)))])
        await turns(shared, 1)
        assert TIMEOUT.total_seconds() + 0.5 <= took(found) + 0.01

    asyncio.run(scene())
    (warning,) = caplog.messages
    assert "calls.sqlite does not say which calls were made before" in warning
    assert "the next call is made in 2 s" in warning


def test_processes_whose_file_is_removed_exceed_no_limit(tmp_path: Path) -> None:
    """They meet in the new one, and wait until the calls of the old one count no more."""
    limits = [(10, 1.0)]
    programs = [simulate(tmp_path, limits, 4, 5, 0.02) for _ in range(2)]
    while len(ended(tmp_path)) < 8:
        time.sleep(0.01)
    (tmp_path / "calls.sqlite").unlink()
    stamps = [stamp for program in programs for stamp in program.told()]
    assert len(stamps) == 40
    assert most_in_any_window(stamps, 1.0) <= 10


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO calls VALUES (1, 'app', NULL, :later)",
        "INSERT INTO waiting VALUES (1, 'app', NULL, 0, :later)",
        "INSERT INTO lost VALUES (1, :later)",
    ],
    ids=["call", "waiting", "lost"],
)
def test_what_another_boot_has_left_is_dropped(row: str, tmp_path: Path) -> None:
    """Moments that the clock has not reached hold nobody up."""
    later = {"later": time.monotonic() + 10**6}

    def leave(db: sqlite3.Connection) -> None:
        db.execute(row, later)
        db.execute("INSERT INTO apps VALUES ('app', :later, :later)", later)

    LimitStore(tmp_path / "calls.sqlite").transact(leave)
    began = time.monotonic()
    asyncio.run(turns(limiter(tmp_path, (1, 30.0)), 1))
    assert took(began) < 1


def test_the_file_stays_small(tmp_path: Path) -> None:
    """Calls that count no more are not kept."""
    asyncio.run(turns(limiter(tmp_path, (10, 0.01)), 200))
    assert len(ended(tmp_path)) <= 10
    assert not waiting(tmp_path)


def test_a_turn_costs_little_also_when_many_wait(tmp_path: Path) -> None:
    """500 calls a second take two limits each: a turn must cost far less than the call."""

    async def scene() -> float:
        shared = limiter(tmp_path, (500, 60.0))
        began = time.process_time()
        await (await held(shared, 500)).aclose()
        waiters = [asyncio.create_task(turns(shared, 1)) for _ in range(200)]
        await asyncio.sleep(0)
        cost = (time.process_time() - began) / 1200
        for one in waiters:
            one.cancel()
        await asyncio.wait(waiters)
        return cost

    assert asyncio.run(scene()) < 0.0006  # on a busy machine, too; a call takes two such steps


def test_an_answer_after_the_time_of_a_call_counts_from_when_it_came(tmp_path: Path) -> None:
    """Who was taken for dead, and was only slow, is counted a window longer."""

    async def scene() -> None:
        shared = limiter(tmp_path, (1, 0.3))
        slow = await held(shared)
        await turns(shared, 1)  # after the second that a call may take, and a window
        answered = time.monotonic()
        await slow.aclose()
        await turns(shared, 1)
        assert took(answered) >= 0.3

    asyncio.run(scene())


def test_turns_of_a_high_limit_come_evenly(tmp_path: Path) -> None:
    """Hundreds at once would keep each other waiting, and count for all of that time."""

    async def scene() -> None:
        shared = limiter(tmp_path, (200, 1.0))
        began = time.monotonic()
        moments = []
        for _ in range(150):
            await turns(shared, 1)
            moments.append(took(began))
        assert most_in_any_window(moments, 0.1) <= 40
        assert moments[-1] < 0.75 * 1.3

    asyncio.run(scene())


def test_apps_of_platforms_are_apart_and_show_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All processes of the service meet in `SCHEDULER_VAR`; each app has limits of its own."""
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    for name, app_key in (("erp", "app-one"), ("erp", "app-two"), ("jd", "app-one")) * 2:
        shared = RateLimiter.of_app(name, app_key, [Limit(5, 1)], TIMEOUT)
        asyncio.run(turns(shared, 1))
    store = LimitStore(tmp_path / "limits" / "calls.sqlite")
    query = "SELECT app, count(*) FROM calls GROUP BY app"
    found = dict(store.transact(lambda db: db.execute(query).fetchall()))
    assert list(found.values()) == [2, 2, 2]
    assert not any("app-" in name for name in found)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message says which file and how to repair it."""
    (tmp_path / "file").touch()
    shared = RateLimiter(tmp_path / "file" / "calls.sqlite", "app", [Limit(5, 1)], TIMEOUT)
    with pytest.raises(ConfigurationError, match=r"file/calls\.sqlite.*SCHEDULER_VAR"):
        asyncio.run(turns(shared, 1))


@pytest.mark.campaign
def test_two_processes_share_the_platforms_limits_and_never_exceed_them(tmp_path: Path) -> None:
    """130 calls under 5 a second and 100 a minute: no one turned away, and no minute sat out."""
    with serve() as base_url:
        began = time.monotonic()
        connection = Sandbox(base_url).connection
        programs = [Program(listed_shops, connection, 5, 13, var=tmp_path) for _ in range(2)]
        for program in programs:
            program.told()
        seconds = took(began)
        counted = HTTP.get(f"{base_url}/sandbox/calls").json()
    assert [program.process.exitcode for program in programs] == [0, 0]
    assert (counted["calls"], counted["over_limit"]) == (130, 0)
    # Calls 1 to 5 at 0 s, 96 to 100 at 19 s, 101 to 105 at 60 s, 126 to 130 at 65 s; a window too
    # many would be 125 s. How much of a limit is used is `benchmarks/pull.py`'s to say.
    assert seconds < 65 + 60
