"""The servers that tests of a warehouse run on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.database_servers import KINDS, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.database_servers import Server

INSERT = "INSERT INTO names VALUES ('拼多多 😀')"


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_committed_is_there_after_a_crash(
    database_server: Callable[[str], Server], kind: str
) -> None:
    """A server that was killed starts again on its port, with its databases."""
    server = database_server(kind)
    url = server.create_database("CHARACTER SET utf8mb4" if kind == "mariadb" else "")
    engine = create_engine(url, pool_pre_ping=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE names (name varchar(64))"))
        connection.execute(text(INSERT))
    server.stop(signal.SIGKILL)
    server.start()
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT name FROM names")).all() == ["拼多多 😀"]
    engine.dispose()
    server.drop_database(url)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_server_is_left(kind: str) -> None:
    """Neither a process nor a file."""
    with serve(kind) as server:
        assert server.folder.is_dir()
        (process,) = [
            process
            for process in psutil.Process().children()
            if str(server.folder) in " ".join(process.cmdline())
        ]
    assert not server.folder.exists()
    assert not process.is_running()
