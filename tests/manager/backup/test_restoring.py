"""What a restore refuses, what it keeps, and that it can be done again."""

import gzip
import io
import json
import os
import shutil
import signal
import sqlite3
import tarfile
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigurationError
from manager.backup import restoring
from manager.backup.archive import NAME, BackupError
from manager.backup.restoring import check_whole, restore
from tests.manager.backup.conftest import Installation, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup of an installation."""
    folder = tmp_path_factory.mktemp("backup")
    make(folder / "one").backup(folder / "backup.tar.gz")
    return folder / "backup.tar.gz"


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it, which a test may change."""
    return Path(shutil.copy(made, tmp_path))


def given(file: Path, *, yes: bool = True) -> Namespace:
    """Return what the command line says."""
    return Namespace(file=str(file), yes=yes)


def state_of(installation: Installation) -> dict[str, bytes]:
    """Return every file of an installation."""
    root = installation.layout.root
    found = [path for path in root.rglob("*") if path.is_file() and "locks" not in path.parts]
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def members(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Read an archive."""
    with tarfile.open(file) as archive:
        return [
            (member, content.read() if (content := archive.extractfile(member)) else b"")
            for member in archive
        ]


def written(file: Path, parts: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """Write an archive."""
    with tarfile.open(file, "w:gz") as archive:
        for member, content in parts:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def test_nothing_is_overwritten_without_yes(
    other: Installation, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would be overwritten is listed with its date; what is the same is not."""
    before = state_of(other)
    assert restore(other.layout, given(file, yes=False)) == 1
    said = capsys.readouterr().out
    assert "  var/secrets.env  (last changed 2" in said
    assert "config/shops.yaml" not in said
    assert "add --yes" in said
    assert state_of(other) == before


def test_into_an_empty_place_it_needs_no_yes(other: Installation, file: Path) -> None:
    """A fresh clone has the same configuration, and no databases."""
    for path in (*other.layout.var.glob("*.*"), *other.layout.airflow_home.iterdir()):
        path.unlink()
    assert restore(other.layout, given(file, yes=False)) == 0
    assert other.layout.secrets.read_text() == "KEY=of-one"


def test_older_tables_are_brought_up_to_date_at_the_next_start(
    other: Installation, file: Path
) -> None:
    """The stamp does not say that all is prepared, and still where the warehouse has been."""
    (other.layout.var / "prepared").write_text("as it is\nsqlite:////where/it/is")
    restore(other.layout, given(file))
    assert (other.layout.var / "prepared").read_text() == "\nsqlite:////where/it/is"


def test_the_log_of_the_database_before_is_not_read_into_the_restored_one(
    other: Installation, file: Path
) -> None:
    """A service that was killed leaves changes beside its database; they are another one's."""
    path = other.layout.airflow_home / "airflow.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO pairs VALUES (1, 'left')")
        database.commit()
        left = {name: path.with_name(name).read_bytes() for name in ("airflow.db-wal",)}
    for name, content in left.items():
        path.with_name(name).write_bytes(content)
    assert restore(other.layout, given(file)) == 0
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM pairs").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_interrupted_restore_is_ended_by_the_next(
    other: Installation, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was cut off; meanwhile nothing starts, and what was there is still there."""
    before = state_of(other)
    moved: list[str] = []
    limits = [1, 5, 10_000]
    move = restoring._move

    def cut_off(source: Path, target: Path) -> None:
        if len(moved) == limits[0]:
            raise KeyboardInterrupt
        moved.append(target.name)
        move(source, target)

    monkeypatch.setattr(restoring, "_move", cut_off)
    for _ in "12":
        moved.clear()
        with pytest.raises(KeyboardInterrupt):
            restore(other.layout, given(file))
        with pytest.raises(ConfigurationError, match="a restore was interrupted: run the same"):
            check_whole(other.layout)
        del limits[0]
    aside = other.layout.var / "restore.old"
    kept = {str(path.relative_to(aside)): path.read_bytes() for path in aside.rglob("*.yaml")}
    assert kept
    assert all(before[name] == content for name, content in kept.items())
    assert restore(other.layout, given(file)) == 0
    assert other.layout.secrets.read_text() == "KEY=of-one"
    check_whole(other.layout)
    assert not aside.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../outside.txt",
        "/tmp/outside.txt",  # noqa: S108 -- that is the point
        "config/../../outside.txt",
        "var/../outside.txt",
        "dags/registered_jobs.py",
        "scheduler_manager.py",
        "var/run/outside",
        "config//double.yaml",
        "config/back\\slash",
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["in the manifest", "beside it"])
def test_nothing_is_written_anywhere_else(
    other: Installation, file: Path, tmp_path: Path, name: str, *, named: bool
) -> None:
    """A file that would land elsewhere is refused, whether or not the manifest names it."""
    before, parts = state_of(other), members(file)
    parts.append((tarfile.TarInfo(name), b"harm"))
    if named:
        manifest = json.loads(parts[0][1])
        entry = {**manifest["entries"][0], "name": name, "bytes": 4}
        manifest["entries"].append(entry)
        parts[0] = (parts[0][0], json.dumps(manifest).encode())
    hostile = written(tmp_path / "hostile.tar.gz", parts)
    with pytest.raises(BackupError, match="nothing was written"):
        restore(other.layout, given(hostile))
    assert state_of(other) == before
    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_only_plain_files_are_taken(
    other: Installation, file: Path, tmp_path: Path, kind: bytes
) -> None:
    """A link in the place of a file is refused."""
    before, parts = state_of(other), members(file)
    place = next(n for n, (member, _) in enumerate(parts) if member.name == "var/secrets.env")
    link = tarfile.TarInfo("var/secrets.env")
    link.type, link.linkname = kind, "/etc/passwd"
    parts[place] = (link, b"")
    hostile = written(tmp_path / "hostile.tar.gz", parts)
    with pytest.raises(BackupError, match=r"'var/secrets\.env'"):
        restore(other.layout, given(hostile))
    assert state_of(other) == before


@pytest.mark.parametrize(
    "harm", ["flipped", "cut", "longer", "shorter", "lacking", "no tar", "gone"]
)
def test_a_damaged_backup_changes_nothing(
    other: Installation, file: Path, tmp_path: Path, harm: str
) -> None:
    """Every file is checked before any is put in its place."""
    before, parts, bad = state_of(other), members(file), tmp_path / "bad.tar.gz"
    member, content = parts[-1]
    changed = {"flipped": b"x" * len(content), "longer": content + b"x", "shorter": content[:-1]}
    if harm in changed:
        written(bad, [*parts[:-1], (member, changed[harm])])
    elif harm == "lacking":
        written(bad, parts[:-1])
    elif harm == "cut":
        bad.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif harm == "no tar":
        bad.write_bytes(gzip.compress(os.urandom(5_000)))
    with pytest.raises(BackupError) as caught:
        restore(other.layout, given(bad))
    assert "take another backup" in str(caught.value) or "cannot be read" in str(caught.value)
    assert state_of(other) == before


def test_a_backup_of_another_format_is_refused(
    other: Installation, file: Path, tmp_path: Path
) -> None:
    """The answer says what to do."""
    parts = members(file)
    manifest = {**json.loads(parts[0][1]), "format": 2}
    newer = written(
        tmp_path / "newer.tar.gz", [(tarfile.TarInfo(NAME), json.dumps(manifest).encode())]
    )
    with pytest.raises(BackupError, match="restore it with the version that made it"):
        restore(other.layout, given(newer))


def test_a_restore_that_is_killed_again_and_again_is_ended_by_the_last(
    other: Installation, file: Path
) -> None:
    """With -9, at ten moments: nothing starts in between, and then all is as in the backup."""
    killed = 0
    for tenth in range(1, 11):
        process = os.fork()
        if process == 0:
            os._exit(restore(other.layout, given(file)))
        time.sleep(tenth * 0.008)
        os.kill(process, signal.SIGKILL)
        killed += os.waitpid(process, 0)[1] != 0
    assert killed
    assert restore(other.layout, given(file)) == 0
    check_whole(other.layout)
    assert other.layout.secrets.read_text() == "KEY=of-one"
    with tarfile.open(file) as archive:
        for member in archive.getmembers()[1:]:
            content = archive.extractfile(member)
            assert content
            path = restoring.target_of(other.layout, member.name)
            assert path.read_bytes() == content.read(), member.name
    assert not list(other.layout.root.rglob("*.restoring"))


def tell(file: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a backup whose manifest says something else."""
    (first, raw), *parts = members(file)
    manifest = json.loads(raw)
    change(manifest)
    return written(file, [(first, json.dumps(manifest).encode()), *parts])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("bytes", value) for value in (1.5, 1e400, 10**30, -1, "5", True, None, [])),
        *(("sha256", value) for value in (["0"] * 64, 64, "0", None)),
        *(("name", value) for value in (5, None, ["config"], "", "config/", "config/..")),
        *(("executable", value) for value in ("yes", 3, None)),
    ],
    ids=str,
)
def test_an_odd_manifest_is_refused_in_a_line(
    installation: Installation, file: Path, key: str, value: object
) -> None:
    """Numbers that are none, and names that no file can have; nothing is changed."""
    before = state_of(installation)
    changed = tell(file, lambda manifest: manifest["entries"][0].update({key: value}))
    with pytest.raises(BackupError):
        restore(installation.layout, given(changed))
    assert state_of(installation) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(entries=5),
        lambda manifest: manifest.update(entries=[5]),
        lambda manifest: manifest.update(missing="x"),
        lambda manifest: manifest.update(made_at=1),
        lambda manifest: manifest["entries"].append(
            {**manifest["entries"][0], "name": f"{manifest['entries'][0]['name']}/below"}
        ),
    ],
)
def test_an_odd_list_is_refused_in_a_line(
    installation: Installation, file: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """Also one that names a file as the folder of another."""
    before = state_of(installation)
    with pytest.raises(BackupError):
        restore(installation.layout, given(tell(file, change)))
    assert state_of(installation) == before


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_in_the_way_is_named(installation: Installation, file: Path, kind: str) -> None:
    """A folder where the backup has a file, or the other way round; nothing is changed."""
    root = installation.layout.root
    name = next(one.name for one, _ in members(file) if one.name.startswith("config/tasks/"))
    if kind == "folder":
        (root / name).unlink()
        (root / name / "inside").mkdir(parents=True)
    else:
        (root / "config/tasks").rename(root / "config/elsewhere")
        (root / "config/tasks").touch()
        name = "config/tasks"
    before = state_of(installation)
    with pytest.raises(BackupError, match=f"{name} is a {kind} here and a f"):
        restore(installation.layout, given(file))
    assert state_of(installation) == before


@pytest.mark.parametrize("name", ["nosuch.tar.gz", "."])
def test_what_is_no_file_is_said_first(
    installation: Installation, tmp_path: Path, name: str
) -> None:
    """Before anybody stops the service for it."""
    with pytest.raises(BackupError, match="is no file; name one that `backup` wrote"):
        restore(installation.layout, given(tmp_path / name))
    assert not list(installation.layout.var.glob("locks/service.lock"))
