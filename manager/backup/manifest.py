"""What a backup says of itself: when it was made, of what, and what each file of it must be."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from include.errors import ExpectedError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 1
# Where its files may be put: the configuration, the scripts, and what lies in `var/`.
FOLDERS = ("config", "include/scripts", "dumps")
FILES = ("var/secrets.env", "var/passwords.json", "var/airflow/airflow.db", "var/warehouse.db")
DIGEST_LENGTH = 64
PIECE = 1_000_000


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


def read_manifest(raw: bytes) -> Manifest:
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
        raise BackupError(f"its {NAME} is damaged: take another backup") from None
    if len(set(names)) != len(names):
        raise BackupError(f"its {NAME} names a file twice: take another backup")
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    if both := folders & set(names):
        raise BackupError(f"its {NAME} names {min(both)} as file and folder: take another backup")
    return manifest


def _checked(entry: Entry) -> Entry:
    """Refuse what is no file of a backup's."""
    if not is_ours(entry.name):
        raise BackupError(f"{entry.name!r} in it is no file of a backup: nothing was written")
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
