"""`backup`: both databases, configuration, scripts and secrets in one file, while all goes on."""

import io
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from include import METADATA_URL, WAREHOUSE, project_version
from include.alerts.store import FILE
from include.errors import ConfigurationError, ExpectedError, reason_of
from include.foreign_errors import explained
from include.housekeeping.files import size
from include.language import _
from manager import connections
from manager.alert_store import alert_store
from manager.backup.archive import ALERTS, NAME, Entry, Manifest, digest_of, is_ours
from manager.backup.databases import NotTakenError, copy_database
from manager.journal import service_zone
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import service_environment

FOLDERS = ("config", "include/scripts")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
DONE, INCOMPLETE = 0, 1


def backup(layout: Layout, arguments: Namespace) -> int:
    """Write the backup, and say where it is and what it holds.

    Returns:
        0, or 1 when a database could not be taken: the rest is there, and what to do is said.

    Raises:
        ConfigurationError: there is nothing to back up, or already a file of that name.
        ExpectedError: the file cannot be written.
    """
    if not layout.secrets.exists():
        raise ConfigurationError(
            "there is nothing to back up: {secrets} is not there; `{manager} start` makes an "
            "installation",
            secrets=layout.shown(layout.secrets),
        )
    target = _target(layout, arguments.file)
    environment = service_environment(layout, remembered(layout))
    connections.adopt(environment)
    urls = {"airflow": environment[METADATA_URL], "warehouse": connections.warehouse_url()}
    try:
        manifest = write_backup(layout, target, urls)
    except OSError as error:
        raise ExpectedError(
            "{target} cannot be written: {error}; nothing was left there",
            target=target,
            error=_cause(error),
        ) from error
    print(
        _(
            "wrote {target}: {count} files, {size}",
            target=layout.shown(target),
            count=len(manifest.entries),
            size=size(target.stat().st_size),
        )
    )
    print("\n".join(warnings_of(layout, manifest)))
    for sentence in manifest.missing:
        print(sentence, file=sys.stderr)
    return INCOMPLETE if manifest.missing else DONE


def write_backup(layout: Layout, target: Path, urls: dict[str, str]) -> Manifest:
    """Write a backup, whole or not at all.

    Args:
        layout: of what.
        target: the file; its folder is there.
        urls: where the databases are. Airflow's is taken first: what lands in between runs again
            after a restore, and finds itself landed. The other way round it would be missing.

    Raises:
        OSError: it cannot be written.
    """
    # Beside the target, so that there is as much room as it needs, and it can be moved in one step.
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as name:
        folder, missing = Path(name) / "files", []
        folder.mkdir()
        where = {}
        if (kept := layout.var / FILE).exists():  # not before the watchdog's first round
            urls = {**urls, "alerts": f"sqlite:///{kept}"}
        for database, url in urls.items():
            try:
                where[database] = copy_database(database, url, folder)
            except NotTakenError as reason:  # noqa: PERF203 - each database for itself
                missing.append(str(reason))
        _copy_files(layout, folder)
        entries = [_entry(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()]
        made_at = datetime.now(service_zone(layout)).isoformat(timespec="seconds")
        warehouse = where.get("warehouse", "")
        elsewhere = "" if warehouse == str(layout.warehouse) else warehouse
        manifest = Manifest(made_at, _versions(layout), elsewhere, missing, entries)
        draft = Path(name) / "draft"
        _pack(folder, manifest, draft)
        draft.replace(target)
    return manifest


def warnings_of(layout: Layout, manifest: Manifest) -> Iterator[str]:
    """Yield what a backup holds that nobody else may have."""
    yield (
        _(
            "it holds the keys and passwords of this installation, and through them every stored "
            "token: keep it where only you can read it"
        )
    )
    if any(entry.name == ALERTS for entry in manifest.entries):
        with alert_store(layout) as store:
            sealed = ", ".join(name for name in store.sealed() if name != WAREHOUSE)
        if sealed:
            yield (
                _(
                    "it holds what alerts are sent with, encrypted ({sealed}), and the key: "
                    "whoever has the file can write to your groups in the robots' names",
                    sealed=sealed,
                )
            )


def _cause(error: OSError) -> str:
    """Return why a file cannot be written; a folder's error has one for each file in it."""
    return explained(error.args[0][0][2] if isinstance(error, shutil.Error) else reason_of(error))


def _target(layout: Layout, given: str | None) -> Path:
    if given is None:
        folder = layout.var / "backups"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{datetime.now(service_zone(layout)):%Y-%m-%d-%H%M%S}.tar.gz"
    target = Path(given).expanduser().absolute()
    if target.exists():
        raise ConfigurationError(
            "{target} is already there: choose another name, or remove it", target=target
        )
    if not target.parent.is_dir():
        raise ConfigurationError(
            "{parent} is no folder: make it, then run backup again", parent=target.parent
        )
    return target


def _copy_files(layout: Layout, folder: Path) -> None:
    for name in FOLDERS:
        shutil.copytree(layout.root / name, folder / name, ignore=LEFT_OUT)
    (folder / "var").mkdir(exist_ok=True)
    for path in (layout.secrets, layout.passwords):
        if path.exists():
            shutil.copy(path, folder / "var" / path.name)
    for path in folder.rglob("*"):
        if path.is_file() and not is_ours(path.relative_to(folder).as_posix()):
            path.unlink()  # a name that no restore would take


def _entry(folder: Path, path: Path) -> Entry:
    found, name = path.stat(), path.relative_to(folder).as_posix()
    executable = bool(found.st_mode & 0o100)
    return Entry(name, found.st_size, digest_of(path), executable=executable)


def _pack(folder: Path, manifest: Manifest, draft: Path) -> None:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            raw = manifest.written()
            first = tarfile.TarInfo(NAME)
            first.size, first.mode = len(raw), 0o600
            archive.addfile(first, io.BytesIO(raw))
            for entry in manifest.entries:
                member = tarfile.TarInfo(entry.name)
                member.size, member.mode = entry.bytes, 0o600
                with (folder / entry.name).open("rb") as content:
                    archive.addfile(member, content)
        file.flush()
        os.fsync(file.fileno())


def _versions(layout: Layout) -> dict[str, str]:
    return {
        "airflow": version("apache-airflow"),
        "python": platform.python_version(),
        "project": project_version(layout.root),
    }
