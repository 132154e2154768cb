"""What libraries, drivers and the operating system say is understood by who reads it."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import aiohttp
import httpx
import psycopg
import pymysql
import pytest
from sqlalchemy import create_engine

from include.errors import ConfigurationError, reason_of
from include.foreign_errors import MEANINGS, explained
from include.language import _, english, restored, speaking, stored_message
from include.warehouse.transactions import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOWHERE, UNKNOWN = "127.0.0.1", "no-such-host.invalid"
CLOSED = 9  # a port that nothing listens on


def _asked(url: str) -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session, session.get(url):
            pass

    asyncio.run(ask())


def _listening(ask: Callable[[int], object]) -> None:
    """Ask a port that takes connections and never says a word."""
    with closing(socket.create_server((NOWHERE, 0))) as server:
        ask(server.getsockname()[1])


def _locked(path: Path) -> None:
    first, second = (sqlite3.connect(path / "a.db", timeout=0) for _each in range(2))
    with closing(first), closing(second):
        first.execute("BEGIN IMMEDIATE")
        second.execute("BEGIN IMMEDIATE")


def _damaged(path: Path) -> None:
    (path / "a.db").write_text("not a database at all\n" * 100)
    with closing(sqlite3.connect(path / "a.db")) as database:
        database.execute("SELECT * FROM sqlite_master")


def _gone(path: Path) -> None:
    with create_engine(f"sqlite:///{path}/none/a.db").connect():
        pass


# What goes wrong, with what that means.
WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "socket": (lambda _path: socket.create_connection((NOWHERE, CLOSED)), "nothing answers there"),
    "aiohttp": (lambda _path: _asked(f"http://{NOWHERE}:{CLOSED}"), "nothing answers there"),
    "httpx": (lambda _path: httpx.get(f"http://{NOWHERE}:{CLOSED}"), "nothing answers there"),
    "psycopg": (
        lambda _path: psycopg.connect(host=NOWHERE, port=CLOSED, user="u"),
        "nothing answers there",
    ),
    "pymysql": (
        lambda _path: pymysql.connect(host=NOWHERE, port=CLOSED, user="u"),
        "nothing answers there",
    ),
    "name": (
        lambda _path: socket.create_connection((UNKNOWN, 80)),
        "no host of that name is known",
    ),
    "name by aiohttp": (lambda _path: _asked(f"http://{UNKNOWN}"), "no host of that name is known"),
    "name by psycopg": (
        lambda _path: psycopg.connect(host=UNKNOWN, user="u"),
        "no host of that name is known",
    ),
    "timeout": (
        lambda _path: _listening(lambda port: httpx.get(f"http://{NOWHERE}:{port}", timeout=0.1)),
        "there was no answer in time",
    ),
    "locked": (_locked, "somebody else is writing to it"),
    "damaged": (_damaged, "the file is no database, or is damaged"),
    "gone": (_gone, "the database's file cannot be opened"),
    "missing": (lambda path: (path / "none").read_text(), "it is not there"),
    "folder": (lambda path: path.read_text(), "it is a folder"),
    "json": (lambda _path: json.loads("<html>"), "it is not JSON"),
    "utf-8": (lambda _path: "店".encode("gbk").decode(), "its text is not UTF-8"),
}
# What cannot be provoked everywhere, as it was met.
SAID = {
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed": "its certificate is not trusted",
    "Access denied for user 'a'@'b' (using password: YES)": "user or password is refused",
    'FATAL: password authentication failed for user "a"': "user or password is refused",
    'FATAL: database "x" does not exist': "there is no such database",
    "Access denied for user 'a'@'%' to database 'x'": "its user may not do that",
    "permission denied for table ledger": "its user may not do that",
    "attempt to write a readonly database": "it can only be read",
    "[Errno 28] No space left on device: '/var/x'": "the disk is full",
    "[Errno 13] Permission denied: '/var/x'": "access is not allowed",
    "[Errno 98] Address already in use": "another program has the port",
    "no such table: ledger": "it lacks a table",
    "Server disconnected": "the connection broke",
}


@pytest.mark.parametrize("kind", WRONG)
def test_an_error_of_others_is_said_with_what_it_means(kind: str, tmp_path: Path) -> None:
    """In the reader's language, with its own words behind it; in a message by itself."""
    break_it, meaning = WRONG[kind]
    with pytest.raises(Exception) as raised:  # noqa: PT011 -- each its own
        break_it(tmp_path)
    error = raised.value
    said = cause_of(error) if kind == "gone" else explained(error)
    assert said.startswith(f"{meaning}: ")
    with speaking("zh"):
        shown = restored(stored_message(said), "")
        assert f"{_(meaning)}：" in shown
    assert meaning in english(said)


@pytest.mark.parametrize("said", SAID)
def test_words_of_others_are_known(said: str) -> None:
    """As drivers of the servers and the operating system say them."""
    assert explained(said) == f"{SAID[said]}: {said}"
    assert set(SAID.values()) <= set(MEANINGS.values())


def test_what_is_not_known_stays_as_it_is() -> None:
    """What we say ourselves, too, whatever it quotes."""
    assert explained(ValueError("odd")) == "odd"
    ours = ConfigurationError(_("{place}{problem}", place="", problem="Permission denied"))
    assert explained(ours) == "Permission denied"
    with speaking("zh"):
        assert reason_of(PermissionError(13, "Permission denied")) == "没有权限"
        assert reason_of(sqlite3.OperationalError("database is locked")).startswith("正被其他程序")
