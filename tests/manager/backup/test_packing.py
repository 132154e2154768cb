"""Writing a backup, and bringing it back."""

import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
from argparse import Namespace
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from include import METADATA_URL, PROJECT_ROOT
from include.errors import ConfigurationError, ExpectedError
from include.registry.alerts import Mute
from manager.alert_store import alert_store
from manager.backup.packing import backup, warnings_of, write_backup
from manager.backup.restoring import restore
from manager.layout import Layout
from tests.manager.backup.conftest import Installation

NOW = datetime(2026, 11, 29, 4, tzinfo=timezone.utc)
# Two rows at a time, as fast as it goes; says when the first are there.
WRITE_PAIRS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
number = 0
while True:
    number += 1
    database.execute("BEGIN IMMEDIATE")
    for half in ("left", "right"):
        database.execute("INSERT INTO pairs VALUES (?, ?)", (number, half * 50))
    database.execute("COMMIT")
    if number == 100:
        print("under way", flush=True)
"""


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    """Ask a database."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_what_is_backed_up_comes_back(
    installation: Installation, other: Installation, tmp_path: Path
) -> None:
    """While two processes write: both databases whole, every file the same, secrets private."""
    layout, file = installation.layout, tmp_path / "backup.tar.gz"
    (layout.root / "include/scripts/ours.py").write_text("print('店铺')\n")
    (layout.root / "config/tasks/ours.yaml").write_text("tasks: []\n")
    command = [sys.executable, "-c", WRITE_PAIRS, layout.airflow_home / "airflow.db"]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in "12"]
    try:
        assert [writer.stdout.readline() for writer in writers if writer.stdout] == [
            "under way\n"
        ] * 2
        manifest = installation.backup(file)
        assert [writer.poll() for writer in writers] == [None, None]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert manifest.missing == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob(".backup-*")] == []

    assert restore(other.layout, Namespace(file=str(file), yes=True)) == 0
    found = other.layout.airflow_home / "airflow.db"
    assert ask(found, "PRAGMA integrity_check") == [("ok",)]
    query = "SELECT sum(half LIKE 'left%'), sum(half LIKE 'right%') FROM pairs"
    left, right = ask(found, query)[0]
    assert left == right > 0
    assert ask(other.layout.warehouse, "SELECT count(*) FROM ledger") == [(0,)]
    assert other.layout.secrets.read_text() == "KEY=of-one"
    assert stat.S_IMODE(other.layout.secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    for name in ("include/scripts/ours.py", "config/tasks/ours.yaml", "config/shops.yaml"):
        assert (other.layout.root / name).read_bytes() == (layout.root / name).read_bytes()
        assert stat.S_IMODE((other.layout.root / name).stat().st_mode) == 0o644
    assert not list(other.layout.var.glob("restore.*"))


def test_what_is_kept_of_alerts_comes_back(
    installation: Installation, other: Installation, tmp_path: Path
) -> None:
    """Mutes and who took what on; it is said that the robots' addresses are in the file."""
    layout, file = installation.layout, tmp_path / "b.tar.gz"
    muted = Mute(job="jd_store", until=str(NOW.date()), reason="店铺装修停业", by="林")
    with alert_store(layout) as store:
        store.mute(muted, NOW)
        (said,) = warnings_of(layout, installation.backup(file))
        assert said.startswith("it holds the keys and passwords")
        store.keep_credentials("alert_dingtalk", b"sealed", NOW)
    _, warning = warnings_of(layout, installation.backup(file))
    assert warning.startswith("it holds what alerts are sent with, encrypted (alert_dingtalk)")
    with alert_store(other.layout) as store:
        store.note_stop("ops", NOW)
    assert restore(other.layout, Namespace(file=str(file), yes=True)) == 0
    with alert_store(other.layout) as store:
        assert [one.mute.reason for one in store.mutes(NOW)] == ["店铺装修停业"]
        assert store.sealed() == ["alert_dingtalk"]
        # What was backed up knows of no stop, and nobody is to be told that the service is down.
        assert [stop.started for stop in store.stops(NOW)] == [None]
    assert stat.S_IMODE((other.layout.var / "alerts.db").stat().st_mode) == 0o600


def test_a_damaged_file_of_alerts_costs_nothing_else(
    installation: Installation, tmp_path: Path
) -> None:
    """The rest is in the backup, which says what is not."""
    damaged = installation.layout.var / "alerts.db"
    damaged.write_bytes(b"no database, " * 400)
    manifest = installation.backup(tmp_path / "b.tar.gz")
    (missing,) = manifest.missing
    assert missing.startswith(f"{damaged} is NOT in this backup: ")
    assert missing.endswith("file is not a database")
    assert "var/warehouse.db" in {entry.name for entry in manifest.entries}


def test_an_installation_that_is_not_there_cannot_be_backed_up(tmp_path: Path) -> None:
    """The answer says what makes one."""
    layout = Layout(root=PROJECT_ROOT, var=tmp_path / "var")
    with pytest.raises(ConfigurationError, match=r"nothing to back up: .*secrets\.env is not"):
        backup(layout, Namespace(file=None))


def test_no_backup_is_written_over_another(installation: Installation, tmp_path: Path) -> None:
    """The name is taken; or its folder is not there."""
    (tmp_path / "taken.tar.gz").touch()
    for name, said in (("taken.tar.gz", "is already there"), ("no/where.tar.gz", "is no folder")):
        with pytest.raises(ConfigurationError, match=said):
            backup(installation.layout, Namespace(file=str(tmp_path / name)))


def test_a_disk_that_is_full_is_said_once(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each file of a folder."""

    def refuse(*_: object) -> None:
        raise shutil.Error([(name, "there", f"[Errno 28] No space left: {name}") for name in "abc"])

    monkeypatch.setattr("manager.backup.packing.write_backup", refuse)
    monkeypatch.setattr(
        "manager.backup.packing.service_environment", lambda *_: {METADATA_URL: "sqlite://"}
    )
    monkeypatch.setattr("manager.backup.packing.connections.adopt", lambda _: None)
    monkeypatch.setattr("manager.backup.packing.connections.warehouse_url", lambda: "sqlite://")
    with pytest.raises(ExpectedError, match="the disk is full") as caught:
        backup(installation.layout, Namespace(file=str(tmp_path / "b.tar.gz")))
    assert str(caught.value).count("No space left") == 1


def test_a_database_on_a_server_is_not_left_out_in_silence(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the server's own program, the command to run is said, and no password."""
    monkeypatch.setenv("PATH", str(tmp_path))
    url = "postgresql+psycopg2://pat:s3cret@db.example:5433/shops"
    urls = {**installation.urls, "warehouse": url}
    (missing,) = write_backup(installation.layout, tmp_path / "b.tar.gz", urls).missing
    assert missing == (
        "warehouse is on postgresql and is NOT in this backup: pg_dump is not installed; run "
        "`pg_dump --format=custom --host=db.example --port=5433 --username=pat shops > "
        "warehouse.postgresql`"
    )


def test_a_database_on_a_server_is_dumped_by_its_own_program(
    installation: Installation, other: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its output is in the backup; the password was in its environment, not on its command line."""
    program = tmp_path / "bin/mysqldump"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nprint(sys.argv, os.environ['MYSQL_PWD'])"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    urls = {**installation.urls, "warehouse": "mysql+mysqldb://pat:s3cret@db.example/shops"}
    manifest = write_backup(installation.layout, tmp_path / "b.tar.gz", urls)
    assert manifest.missing == []
    assert "s3cret" not in manifest.warehouse
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        dump = archive.extractfile("dumps/warehouse.mysql")
        assert dump is not None
        said = dump.read().decode()
    assert said.endswith("'--host=db.example', '--user=pat', 'shops'] s3cret\n")
    assert restore(other.layout, Namespace(file=str(tmp_path / "b.tar.gz"), yes=True)) == 0
    assert (other.layout.var / "restored/warehouse.mysql").read_text() == said
