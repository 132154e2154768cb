"""The file of the limits says, whatever happens to its writers, what was written last."""

from __future__ import annotations

import gc
import sqlite3
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.gateways.limit_store import LimitStore
from tests.gateways.programs import Program, add, calls, written_calls


def is_lost(store: LimitStore) -> bool:
    """Return whether the file says that calls of before are not known."""
    found = store.transact(lambda db: db.execute("SELECT moment FROM lost").fetchall())
    assert len(found) <= 1
    return bool(found) and 0 <= time.monotonic() - found[0][0] < 60


def damage(path: Path, content: bytes) -> None:
    """Write something over a file."""
    with path.open("r+b") as opened:
        opened.write(content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet, in a folder that is not."""
    return tmp_path / "limits" / "calls.sqlite"


def test_a_file_that_was_never_there_says_that_nobody_has_called(path: Path) -> None:
    """A fresh machine starts at once; others may not read the file."""
    store = LimitStore(path)
    assert not calls(store)
    assert not is_lost(store)
    assert path.stat().st_mode & 0o777 == 0o600
    empty = path.with_name("empty")
    empty.touch()
    assert not is_lost(LimitStore(empty))


def test_what_raises_changes_nothing(path: Path) -> None:
    """And the next one can write."""
    store, other = LimitStore(path), LimitStore(path)
    add(store)

    def work(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM calls")
        raise KeyError

    with pytest.raises(KeyError):
        store.transact(work)
    add(other)
    assert calls(store) == [1, 2]


@pytest.mark.parametrize(
    "content", [b"something else", b"\0" * 5000, b"limits 3", "another version"], ids=repr
)
def test_a_file_that_is_no_such_database_is_lost(path: Path, content: bytes | str) -> None:
    """A new one takes its place, and says so to all; what is written then is kept."""
    path.parent.mkdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        sqlite3.connect(path).executescript("CREATE TABLE calls (ticket); PRAGMA user_version = 9")
    store = LimitStore(path)
    assert is_lost(store)
    add(store)
    assert is_lost(LimitStore(path))
    assert calls(LimitStore(path)) == [1]


def test_damage_that_is_met_in_the_middle_is_met_once(path: Path) -> None:
    """The work is done again with a new file, where those who hold the old one follow."""
    one, other = LimitStore(path), LimitStore(path)
    add(one, 3)
    assert calls(other) == [1, 2, 3]
    one.close()
    other.close()
    damage(path, path.read_bytes()[:100] + b"\xff" * 5000)  # the head is whole, the tables are not
    add(one)
    assert calls(one) == [1]
    assert is_lost(one)
    assert is_lost(other)
    assert calls(other) == [1]


@pytest.mark.parametrize("also", [[], ["-wal"], ["-shm"], ["-wal", "-shm"]], ids=str)
def test_who_holds_a_file_that_was_removed_meets_the_others_in_the_new_one(
    path: Path, also: list[str]
) -> None:
    """Nobody goes on in a file that no one else can see, whoever makes the new one."""
    for first in (0, 1):
        stores = [LimitStore(path), LimitStore(path)]
        for store in stores:
            add(store)
        path.unlink()
        for suffix in also:
            Path(f"{path}{suffix}").unlink()
        if first:
            stores.insert(0, LimitStore(path))  # it has not known the old one
        for number, store in enumerate(stores, start=1):
            add(store)
            assert calls(store) == list(range(1, number + 1))
        assert all(map(is_lost, stores))
        for store in stores:
            store.close()
        path.unlink()


def test_a_file_that_is_emptied_while_it_is_in_use_is_lost(path: Path) -> None:
    """Also to one who comes to it then."""
    store = LimitStore(path)
    add(store, 2)
    with path.open("wb"):
        pass
    new = LimitStore(path)
    assert is_lost(new)
    add(store)
    assert calls(new) == [1]


def test_a_removed_file_is_replaced_when_that_can_be_done(path: Path) -> None:
    """Until then it is an error; afterwards the calls of before are still not known."""
    store = LimitStore(path)
    add(store)
    for one in path.parent.iterdir():
        one.unlink()
    path.parent.rmdir()
    path.parent.touch()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"limits/calls\.sqlite: .*SCHEDULER_VAR"):
            add(store)
    path.parent.unlink()
    add(store)
    assert is_lost(store)


def test_a_process_has_one_for_each_path(tmp_path: Path) -> None:
    """Clients of many shops share one open file."""
    one = LimitStore.at(tmp_path / "a")
    assert LimitStore.at(tmp_path / "b") is not one
    assert LimitStore.at(tmp_path / "a") is one


def test_writers_killed_at_any_moment_leave_what_they_wrote_last(path: Path) -> None:
    """All that they told of is there, and at most what they were writing; others go on from there.

    The first are killed while they make the file.
    """
    for number in range(12):
        program, told = Program(written_calls, path), [0]
        if number < 4:
            while not path.exists():
                time.sleep(0.0001)
            time.sleep(0.0007 * number)
        else:
            told.append(program.first())
            time.sleep(0.01 + 0.003 * number)
        program.kill()
        told += program.told()
        store = LimitStore(path)
        there = calls(store)
        assert there == list(range(1, len(there) + 1))
        assert told[-1] <= len(there)
        assert not is_lost(store)
        if number < 4:
            store.close()
            path.unlink()
        else:
            assert len(there) <= told[-1] + 1


def test_a_forked_process_opens_the_file_itself(path: Path) -> None:
    """No write of either is lost, and none is taken for a loss."""
    store = LimitStore(path)
    add(store)
    fork = get_context("fork")
    children = [fork.Process(target=add, args=(store, 100)) for _ in range(2)]
    for child in children:
        child.start()
    add(store, 100)
    for child in children:
        child.join()
    assert calls(store) == list(range(1, 302))
    assert not is_lost(store)


def test_a_file_is_closed_when_nobody_uses_it_any_more(tmp_path: Path) -> None:
    """No descriptor is left behind."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("only Linux shows them")
    gc.collect()  # what other tests have left is none of these
    before = len(list(folder.iterdir()))
    stores = [LimitStore(tmp_path / str(number)) for number in range(20)]
    for store in stores:
        add(store)
    assert len(list(folder.iterdir())) > before
    del stores, store
    assert len(list(folder.iterdir())) <= before
