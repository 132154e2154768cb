"""Giving free pages back while others use the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from include.housekeeping.files import vacuum
from include.language import speaking

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of some 20 MB, half of it free, in the mode that the service uses."""
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE big (number INTEGER PRIMARY KEY, text)")
        rows = [("x" * 1_000,)] * 20_000
        database.executemany("INSERT INTO big (text) VALUES (?)", rows)
        database.execute("DELETE FROM big WHERE number % 2")
        database.execute("DELETE FROM big WHERE number < 10000")
        database.commit()
    return path


def rows(path: Path) -> int:
    """Count what is there."""
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM big").fetchone()[0])


def test_a_reader_goes_on_meanwhile(file: Path) -> None:
    """It still sees all its rows, and the file becomes smaller when it has ended."""
    before = file.stat().st_size
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM big").fetchone() == (5_001,)
        assert " became " in vacuum(file)
        assert reader.execute("SELECT count(*) FROM big").fetchone() == (5_001,)
    assert rows(file) == 5_001
    assert file.stat().st_size < before / 2


def test_a_writer_is_not_waited_for_long(file: Path) -> None:
    """What is being written to stays as it is, and a sentence says so."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        said = vacuum(file, wait=0.1)
    assert said.startswith("some.db: left as it is, since it is in use (")
    assert "database is locked" in said


def test_others_are_not_kept_from_writing_for_long(file: Path) -> None:
    """What takes too long is given up, with the command that does it while the service is down."""
    said = vacuum(file, longest=-5, wait=5)
    assert "left as it is: it would keep others from writing for more than" in said
    assert f"`sqlite3 {file} VACUUM`" in said
    assert rows(file) == 5_001


def test_what_is_full_is_left_alone(tmp_path: Path) -> None:
    """There is nothing to gain; nor where there is no file."""
    with closing(sqlite3.connect(tmp_path / "full.db")) as database:
        database.execute("CREATE TABLE big (text)")
    assert vacuum(tmp_path / "full.db") == "full.db: 8.0 KB, 0 B of it free: nothing to gain"
    assert vacuum(tmp_path / "none.db") == "none.db: is not there"


def test_a_chinese_reader_sees_what_came_of_it_in_chinese(tmp_path: Path) -> None:
    """In the task's log."""
    with closing(sqlite3.connect(tmp_path / "full.db")) as database:
        database.execute("CREATE TABLE big (text)")
    with speaking("zh"):
        assert vacuum(tmp_path / "full.db") == "full.db：8.0 KB，其中 0 B 空闲：无需整理"
