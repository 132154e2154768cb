"""Backups of a warehouse on a database server, with the server's own programs."""

import os
import subprocess
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from manager.backup.packing import write_backup
from manager.backup.restoring import restore
from tests.database_servers import KINDS, Server
from tests.manager.backup.conftest import Installation


@pytest.mark.parametrize("kind", KINDS)
def test_a_warehouse_on_a_server_comes_back(
    database_server: Callable[[str], Server],
    installation: Installation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    """Its dump is in the backup; the command that `restore` says loads it again."""
    server = database_server(kind)
    url = server.create_database("CHARACTER SET utf8mb4" if kind == "mariadb" else "")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE names (name varchar(64))"))
        connection.execute(text("INSERT INTO names VALUES ('拼多多 😀')"))
    file = tmp_path / "b.tar.gz"
    manifest = write_backup(installation.layout, file, {**installation.urls, "warehouse": url})
    assert manifest.missing == []
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM names"))
    assert restore(installation.layout, Namespace(file=str(file), yes=True)) == 0
    (dump,) = (installation.layout.var / "restored").iterdir()
    assert f"{installation.layout.shown(dump)} is the dump of a database" in capsys.readouterr().out
    load(url, dump)
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT name FROM names")).all() == ["拼多多 😀"]
    engine.dispose()
    server.drop_database(url)


def load(url: str, dump: Path) -> None:
    """Do what `restore` says."""
    where = make_url(url)
    program = "pg_restore" if where.get_backend_name() == "postgresql" else "mysql"
    user = "--username" if program == "pg_restore" else "--user"
    address = [f"--host={where.host}", f"--port={where.port}", f"{user}={where.username}"]
    options = ["--clean", "--if-exists", f"--dbname={where.database}", dump]
    with dump.open("rb") as content:
        done = subprocess.run(
            [program, *address, *(options if program == "pg_restore" else [where.database or ""])],
            env={
                **os.environ,
                "PGPASSWORD": str(where.password or ""),
                "MYSQL_PWD": str(where.password or ""),
            },
            stdin=content,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
