"""The file of the limits says, whatever happens to its writers, what was written last."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import ConfigurationError
from include.gateways.limit_store import FIRST_PLACE, TICKET_BYTES, LimitFile, Records, State

ROOT = Path(__file__).resolve().parents[2]
LOST = State(shut_until=math.inf)


def ticket(number: int) -> bytes:
    """Return the ticket of a number."""
    return number.to_bytes(TICKET_BYTES, "big")


def fill(state: State, size: int) -> None:
    """Put so many of everything into a state."""
    state.ended[:] = type(state.ended)("d", [float(number) for number in range(size)])
    for records in (state.running, state.queue):
        records[:] = b""
        for number in range(size):
            records.put(ticket(number + 1), float(number))


def read(path: Path) -> State:
    """Read what a file says, and leave it alone."""
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    with LimitFile(copy).held() as state:
        return state


def read_new(path: Path) -> State:
    """Read a file as a process does that comes to it now."""
    with LimitFile(path).held() as state:
        return state


def test_a_state_comes_back_whatever_its_size(tmp_path: Path) -> None:
    """It grows and shrinks in one file, which does not grow with the number of writes."""
    path = tmp_path / "app.turns"
    file = LimitFile(path)
    sizes = [0, 1, 7, 3, 500, 499, 2, 300, 0, 4, 4, 4] * 20
    for size in sizes:
        with file.held() as state:
            fill(state, size)
            state.alive_until = size + 0.5
            state.paced_until = size + 0.25
            state.shut_until = size + 0.125
        assert read(path) == state
        with file.held() as known:
            assert known == state
    assert path.stat().st_size < 4 * 500 * (8 + 16 + 16)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (3, 4), (4, 3), (5, 5), (9, 0), (60, 61)])
def test_a_write_that_was_torn_leaves_the_state_before_or_after(
    before: int, after: int, tmp_path: Path
) -> None:
    """Wherever it breaks off, in the state or in the head."""
    path = tmp_path / "app.turns"
    for size in (2, 8, before):
        with LimitFile(path).held() as state:
            fill(state, size)
    old, known = path.read_bytes(), read(path)
    with LimitFile(path).held() as state:
        fill(state, after)
        state.alive_until = 7.0
    new, wanted = path.read_bytes(), read(path)
    old = old.ljust(len(new), b"\0")
    # The state is written before the head that names it.
    order = [*range(FIRST_PLACE, len(new)), *range(FIRST_PLACE)]
    changed = [place for place in order if old[place] != new[place]]
    torn, found = bytearray(old), []
    for place in changed:
        path.write_bytes(torn)
        found.append(read(path))
        torn[place] = new[place]
    assert bytes(torn) == new
    assert found.count(known) == len(changed)
    assert wanted != known


@given(junk=st.binary(max_size=400))
@pytest.mark.parametrize("keep", [0, 64, 128, 200])
def test_what_is_no_state_is_taken_for_one_that_is_lost(
    junk: bytes, keep: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file of something else, or of a part of a state, shuts all out, and is written over."""
    path = tmp_path_factory.mktemp("limits") / "app.turns"
    for size in (8, 9):
        with LimitFile(path).held() as state:
            fill(state, size)
    path.write_bytes(path.read_bytes()[:keep] + junk)
    with LimitFile(path).held() as state:
        assert state == (LOST if keep or junk else State())
        fill(state, 2)
    with LimitFile(path).held() as state:
        assert len(state.ended) == 2
        fill(state, 3)
    assert len(read(path).ended) == 3


def test_a_file_that_was_never_there_says_that_nobody_has_called(tmp_path: Path) -> None:
    """A fresh machine starts at once."""
    assert read_new(tmp_path / "app.turns") == State()
    (tmp_path / "empty.turns").touch()
    assert read_new(tmp_path / "empty.turns") == State()


@pytest.mark.parametrize("left", [0, 10, FIRST_PLACE])
def test_a_file_that_is_cut_off_while_it_is_in_use_is_lost(left: int, tmp_path: Path) -> None:
    """Whoever comes first finds it out, and the others heed what that one wrote."""
    path = tmp_path / "app.turns"
    one, other = LimitFile(path), LimitFile(path)
    for file in (one, other):
        _count(path, 1, file)
    with path.open("r+b") as opened:
        opened.truncate(left)
    with one.held() as state:
        assert state == LOST
        state.shut_until = 7.0
    with other.held() as state:
        assert state == State(shut_until=7.0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=30))
def test_whoever_holds_it_sees_what_others_have_written(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    """Also who has written the last but one state, and remembers it."""
    path = tmp_path_factory.mktemp("limits") / "app.turns"
    files, wanted = [LimitFile(path) for _ in range(3)], 0
    for who, size in steps:
        with files[who].held() as state:
            assert len(state.ended) == wanted
            fill(state, size)
        wanted = size


def test_who_holds_a_file_that_was_removed_meets_the_others_in_the_new_one(tmp_path: Path) -> None:
    """Nobody goes on in a file that no one else can see, and what it said is known there, once."""
    path = tmp_path / "app.turns"
    one, other = LimitFile(path), LimitFile(path)
    for file in (one, other, one):
        _count(path, 1, file)
    path.unlink()
    for file in (other, one, LimitFile(path), other):
        _count(path, 1, file)
    assert list(read(path).ended) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_what_a_removed_file_said_is_added_to_what_the_new_one_says(tmp_path: Path) -> None:
    """Calls in the order of their moments, and who waited before those who came since."""
    path = tmp_path / "a" / "app.turns"
    file = LimitFile(path)
    with file.held() as state:
        state.ended.extend([1.0, 4.0])
        state.running.put(ticket(1), 2.0)
        state.running.put(ticket(2), 6.0)
        state.queue.put(ticket(3), 9.0)
        state.alive_until, state.paced_until = 9.0, 4.0
    path.unlink()
    path.parent.rmdir()
    with LimitFile(path).held() as state:
        state.ended.append(3.0)
        state.running.put(ticket(4), 5.0)
        state.queue.put(ticket(5), 8.0)
        state.alive_until, state.shut_until = 8.0, 10.0
    with file.held() as state:
        assert list(state.ended) == [1.0, 3.0, 4.0]
        assert [state.running.ahead_of(ticket(number)) for number in (1, 4, 2)] == [0, 1, 2]
        assert [state.queue.ahead_of(ticket(number)) for number in (3, 5)] == [0, 1]
        assert (state.alive_until, state.paced_until, state.shut_until) == (8.0, 4.0, 10.0)


def test_a_removed_file_that_was_damaged_is_lost_in_the_new_one(tmp_path: Path) -> None:
    """And only once: who comes after the first finds it out no more."""
    path = tmp_path / "app.turns"
    one, other = LimitFile(path), LimitFile(path)
    for file in (one, other):
        _count(path, 1, file)
    path.write_bytes(b"something else")
    path.unlink()
    with one.held() as state:
        assert state == LOST
        state.shut_until = 7.0
    with other.held() as state:
        assert state == State(shut_until=7.0)


def test_a_removed_file_is_not_given_up_before_there_is_a_new_one(tmp_path: Path) -> None:
    """What it said is brought when a new one can be made; no lock is left till then."""
    path = tmp_path / "a" / "app.turns"
    one, other = LimitFile(path), LimitFile(path)
    for file in (one, other):
        _count(path, 1, file)
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()
    for file in (one, other):
        with pytest.raises(ConfigurationError, match=r"a/app\.turns"):
            _count(path, 1, file)
    path.parent.unlink()
    _count(path, 1, other)
    assert len(read(path).ended) == 3


def test_a_process_has_one_for_each_path(tmp_path: Path) -> None:
    """Clients of many shops share what they know of their app's file."""
    assert LimitFile.at(tmp_path / "a") is not LimitFile.at(tmp_path / "b")
    one = LimitFile.at(tmp_path / "a")
    assert LimitFile.at(tmp_path / "a") is one


def test_an_error_while_it_is_held_changes_nothing(tmp_path: Path) -> None:
    """And the next one gets the lock."""
    file = LimitFile(tmp_path / "app.turns")
    with file.held() as state:
        fill(state, 3)
    with pytest.raises(KeyError), file.held() as state:  # noqa: PT012 - the block is the point
        state.ended.append(9.0)
        raise KeyError
    with file.held() as state:
        assert len(state.ended) == 3


COUNTING = """
import sys, time
from pathlib import Path
from include.gateways.limit_store import LimitFile
file = LimitFile(Path(sys.argv[1]))
while True:
    with file.held() as state:
        state.ended.append(len(state.ended) + 1.0)
        if len(state.ended) > 700:
            del state.ended[1:]
    print(len(state.ended), flush=True)
"""


def test_writers_killed_at_any_moment_leave_what_they_wrote_last(tmp_path: Path) -> None:
    """The state is the one they told of, or the one after it; another goes on from there."""
    path = tmp_path / "app.turns"
    for number in range(12):
        program = subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(0.01 + 0.003 * number)
        program.kill()
        told = int(program.communicate()[0].split()[-1])
        there = list(read(path).ended)
        assert len(there) in {told, told + 1, 1}
        assert there == [float(place + 1) for place in range(len(there))]


def open_files() -> int:
    """Count what this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _count(path: Path, times: int, file: LimitFile | None = None) -> None:
    own = file or LimitFile(path)
    for _ in range(times):
        with own.held() as state:
            state.ended.append(float(len(state.ended)))


def test_a_forked_process_does_not_share_the_lock_of_its_parent(tmp_path: Path) -> None:
    """What was open before the fork is opened anew, so that no write of either is lost."""
    path = tmp_path / "app.turns"
    file = LimitFile(path)
    _count(path, 1, file)
    fork = get_context("fork")
    children = [fork.Process(target=_count, args=(path, 300, file)) for _ in range(2)]
    for child in children:
        child.start()
    _count(path, 300, file)
    for child in children:
        child.join()
    assert list(read(path).ended) == [float(number) for number in range(901)]


def test_a_file_is_closed_when_nobody_uses_it_any_more(tmp_path: Path) -> None:
    """A run that speaks for many shops leaves no descriptor behind."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("only Linux shows them")
    before = open_files()
    files = [LimitFile(tmp_path / f"{number}.turns") for number in range(60)]
    for file in files:
        _count(file.path, 1, file)
    assert open_files() == before + 60
    del files, file
    assert open_files() == before


@given(st.lists(st.tuples(st.sampled_from(["put", "drop"]), st.integers(1, 6)), max_size=30))
def test_records_keep_their_order(steps: list[tuple[str, int]]) -> None:
    """As a dictionary does: who is there keeps its place, who is new comes last."""
    records, wanted = Records(), dict[bytes, float]()
    for number, (step, name) in enumerate(steps):
        if step == "put":
            records.put(ticket(name), float(number))
            wanted[ticket(name)] = float(number)
        else:
            records.drop(ticket(name))
            wanted.pop(ticket(name), None)
    assert records.moments() == list(wanted.values())
    assert [records.ahead_of(one) for one in wanted] == list(range(len(wanted)))
