"""Taking a backup apart: every file of it is checked before any is put anywhere."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from typing import TYPE_CHECKING

from manager.backup.manifest import NAME, BackupError, Manifest, read_manifest

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from manager.backup.manifest import Entry

LARGEST_MANIFEST = 10_000_000
PIECE = 1_000_000
TRUNCATED = "it is damaged or cut short: take another backup"


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
            first = archive.next()
            if first is None or first.name != NAME or not first.isreg():
                raise BackupError(f"{file} is no backup: its first file is not {NAME}")
            manifest = read_manifest(_content(archive, first).read(LARGEST_MANIFEST))
            wanted = {entry.name: entry for entry in manifest.entries}
            while member := archive.next():
                entry = wanted.pop(member.name, None)
                if entry is None or not member.isreg():
                    raise BackupError(
                        f"{file} holds {member.name!r}, which no backup of ours does: "
                        "nothing was written"
                    )
                _write(_content(archive, member), entry, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError(f"{file} is no backup, or {TRUNCATED} ({error})") from None
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror or error}") from error
    if wanted:
        raise BackupError(f"{file} lacks {min(wanted)}: {TRUNCATED}")
    return manifest


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:  # of plain files there always is one
        raise BackupError(f"{member.name!r} is no plain file: nothing was written")
    return content


def _write(content: IO[bytes], entry: Entry, folder: Path) -> None:
    """Write one file that is as long as it says, and has the checksum that it says."""
    target = folder / entry.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), entry.bytes
    mode = 0o700 if entry.executable else 0o600
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        while piece := content.read(min(PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                break
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if left or digest.hexdigest() != entry.sha256:
        raise BackupError(f"{entry.name} in it is not what its checksum says: {TRUNCATED}")
