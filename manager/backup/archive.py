"""The file of a backup: what it says of itself, and how it is taken apart.

Every file of it is checked before any is put anywhere.
"""

import hashlib
import json
import os
import sys
import tarfile
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter

from include.errors import ExpectedError, reason_of
from include.foreign_errors import explained
from include.language import N_, _

NAME = "manifest.json"
FORMAT = 1
# Where its files may be put: the configuration, the scripts, and what lies in `var/`.
FOLDERS = ("config", "include/scripts", "dumps")
ALERTS = "var/alerts.db"
DATABASES = {"airflow": "var/airflow/airflow.db", "warehouse": "var/warehouse.db", "alerts": ALERTS}
FILES = ("var/secrets.env", "var/passwords.json", *DATABASES.values())
DIGEST_LENGTH = 64
PIECE = 1_000_000
LARGEST_MANIFEST = 10_000_000
TRUNCATED = N_("it is damaged or cut short: take another backup")


class BackupError(ExpectedError):
    """A file that is no backup of ours, is damaged, or wants to write where it must not."""


@dataclass(frozen=True)
class Entry:
    """One file: its name in the archive, how long it is, and its SHA-256."""

    name: str
    bytes: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True)
class Manifest:
    """The first file of a backup.

    Attributes:
        made_at: ISO 8601 with offset.
        versions: of Airflow, Python and the project.
        warehouse: where it was (a path, or a URL without password); empty: where delivered.
        missing: what could not be taken, in sentences.
        entries: all other files.
    """

    made_at: str
    versions: dict[str, str]
    warehouse: str
    missing: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def written(self) -> bytes:
        """Return it as JSON."""
        document = {"format": FORMAT, **asdict(self)}
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        return text.encode(errors="backslashreplace")


def _read_manifest(raw: bytes) -> Manifest:
    """Read and check a manifest.

    Raises:
        BackupError: it is not one, or names a file that would land anywhere else.
    """
    try:
        document: dict[str, Any] = json.loads(raw)
        if document.pop("format") != FORMAT:
            raise BackupError(
                "this backup is of another format: restore it with the version that made it"
            )
        manifest = TypeAdapter(Manifest).validate_json(json.dumps(document), strict=True)
        names = [_checked(entry).name for entry in manifest.entries]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BackupError("its {name} is damaged: take another backup", name=NAME) from None
    if len(set(names)) != len(names):
        raise BackupError("its {name} names a file twice: take another backup", name=NAME)
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    if both := folders & set(names):
        raise BackupError(
            "its {name} names {file_name} as file and folder: take another backup",
            name=NAME,
            file_name=min(both),
        )
    return manifest


def _checked(entry: Entry) -> Entry:
    """Refuse what is no file of a backup's."""
    if not is_ours(entry.name):
        raise BackupError(
            "{name!r} in it is no file of a backup: nothing was written", name=entry.name
        )
    if not 0 <= entry.bytes <= sys.maxsize or len(entry.sha256) != DIGEST_LENGTH:
        raise ValueError(entry.name)
    return entry


def is_ours(name: str) -> bool:
    """Return whether a file may be in a backup: never an absolute path, nor one that climbs."""
    parts = PurePosixPath(name).parts
    plain = name == "/".join(parts) and "\\" not in name and name.isprintable()
    if not plain or ".." in parts or name.startswith("/"):
        return False
    return name in FILES or any(name.startswith(f"{folder}/") for folder in FOLDERS)


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, however large it is."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder, which nothing of it can leave.

    Only what its manifest names is written, under that name, as a plain file; links, devices and
    what else a tar can hold are refused.

    Args:
        file: the backup.
        folder: where to; readable to its owner only.

    Raises:
        BackupError: it is no backup, damaged, or hostile.
    """
    try:
        with tarfile.open(file, "r:gz") as archive:
            # Python of Debian 12 has no filters yet; the names are checked by the manifest, too.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            return _unpacked(archive, file, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError(
            "{file} is no backup, or {truncated} ({error})",
            file=file,
            truncated=_(TRUNCATED),
            error=explained(error),
        ) from None
    except OSError as error:
        raise BackupError(
            "{file} cannot be read: {error}", file=file, error=reason_of(error)
        ) from error


def _unpacked(archive: tarfile.TarFile, file: Path, folder: Path) -> Manifest:
    """Read the manifest, which comes first, and unpack what it names; raises as `unpack`."""
    first = archive.next()
    if first is None or first.name != NAME or not first.isreg():
        raise BackupError("{file} is no backup: its first file is not {name}", file=file, name=NAME)
    with closing(archive.extractfile(first) or BytesIO()) as content:
        manifest = _read_manifest(content.read(LARGEST_MANIFEST))
    wanted = {entry.name: entry for entry in manifest.entries}
    while member := archive.next():
        entry = wanted.pop(member.name, None)
        if entry is None or not member.isreg():
            raise BackupError(
                "{file} holds {name!r}, which no backup of ours does: nothing was written",
                file=file,
                name=member.name,
            )
        # What is larger than it says must not fill the disk.
        if member.size != entry.bytes or not _extract(archive, member, entry, folder):
            raise BackupError(
                "{name} in it is not what its checksum says: {truncated}",
                name=entry.name,
                truncated=_(TRUNCATED),
            )
    if wanted:
        raise BackupError(
            "{file} lacks {file_name}: {truncated}",
            file=file,
            file_name=min(wanted),
            truncated=_(TRUNCATED),
        )
    return manifest


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry, folder: Path) -> bool:
    """Write one file, readable to its owner only; return whether it has its checksum.

    It is on the disk before the file in its place is replaced.
    """
    archive.extract(member, folder, set_attrs=False)
    path = folder / entry.name
    path.chmod(0o700 if entry.executable else 0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return digest_of(path) == entry.sha256
