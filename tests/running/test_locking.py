"""One lock per job and period."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from include.errors import TemporaryError
from include.running.locking import Holder, LockHeldError, UnitLock, place_of

KEY = "2025-10-02T14:00+08:00"
CONTENDER = """
import os, sys, time
from pathlib import Path
from include.running.locking import Holder, UnitLock
folder, record = Path(sys.argv[1]), sys.argv[2]
out = os.open(record, os.O_WRONLY | os.O_APPEND)
for _ in range(40):
    lock = UnitLock(folder, "erp_store", "2025-10-02")
    lock.acquire(Holder(os.getpid(), "r", "now"), 60)
    with lock:
        os.write(out, b"in ")
        time.sleep(0.001)
        os.write(out, b"out ")
"""


def me(run_id: str = "manual__1") -> Holder:
    """Describe this process as a holder."""
    return Holder(os.getpid(), run_id, "2025-10-03 08:00:00+08:00")


def test_the_files_name_is_safe_and_tells_the_unit(tmp_path: Path) -> None:
    """A key with a colon and a plus is written so that any file system takes it."""
    lock = UnitLock(tmp_path / "locks", "erp_store", KEY)
    lock.acquire(me(), 0)
    with lock:
        assert lock.path.name == "erp_store__2025-10-02T14%3A00%2B08%3A00.lock"
        assert lock.path.exists()
    assert not lock.path.exists()


def test_a_second_start_is_told_who_holds_it(tmp_path: Path) -> None:
    """The message names the holder's pid and run, and since when."""
    first = UnitLock(tmp_path, "erp_store", KEY)
    first.acquire(me(), 0)
    started = time.monotonic()
    with first, pytest.raises(LockHeldError) as caught:
        UnitLock(tmp_path, "erp_store", KEY).acquire(me("other"), 0.3)
    assert time.monotonic() - started >= 0.3
    expected = f"erp_store {KEY} is already running (pid {os.getpid()}, run manual__1, since 2025-"
    assert str(caught.value).startswith(expected)


def test_a_holder_in_another_container_is_named_with_its_host(tmp_path: Path) -> None:
    """Its pid means nothing here, so nothing is said of whether it is alive."""
    first = UnitLock(tmp_path, "erp_store", KEY)
    first.acquire(Holder(2**22 - 1, "manual__1", "now", host="worker-2"), 0)
    with first, pytest.raises(LockHeldError, match="on worker-2, run manual__1, since now"):
        UnitLock(tmp_path, "erp_store", KEY).acquire(me(), 0)


def test_another_period_is_another_lock(tmp_path: Path) -> None:
    """Two periods of one job may run at once."""
    first, second = (UnitLock(tmp_path, "erp_store", f"2025-10-0{day}") for day in (1, 2))
    first.acquire(me(), 0)
    second.acquire(me(), 0)
    with first, second:
        assert len(list(tmp_path.iterdir())) == 2


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    """A run that is told to end while it waits does not wait on."""
    first = UnitLock(tmp_path, "erp_store", KEY)
    first.acquire(me(), 0)
    started = time.monotonic()
    with first, pytest.raises(LockHeldError):
        UnitLock(tmp_path, "erp_store", KEY).acquire(me(), 600, lambda: True)
    assert time.monotonic() - started < 600


def test_a_file_that_a_dead_holder_left_is_no_lock(tmp_path: Path) -> None:
    """It is the kernel's lock that counts, not the file."""
    lock = UnitLock(tmp_path, "erp_store", KEY)
    lock.path.write_text('{"pid": 1, "run_id": "gone", "since": "long ago", "more": "text"}')
    lock.acquire(me(), 0)
    with lock:
        assert f'"pid": {os.getpid()}' in lock.path.read_text()


def test_a_name_that_cannot_be_written_is_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk; nothing of it is left."""

    def refuse(file: Path, *_: object) -> None:
        file.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(TemporaryError, match="place cannot be written: No space left"):
        place_of(tmp_path / "var")
    assert list((tmp_path / "var").iterdir()) == []


def test_never_two_at_once(tmp_path: Path) -> None:
    """Processes that take, remove and take the lock again never hold it at the same time."""
    record = tmp_path / "record"
    record.touch()
    command = [sys.executable, "-c", CONTENDER, str(tmp_path / "locks"), str(record)]
    contenders = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(4)]
    assert [contender.wait() for contender in contenders] == [0] * 4
    assert record.read_text() == "in out " * 160
