"""Taking a backup apart: every file of it is checked before any is put anywhere."""

from __future__ import annotations

import os
import tarfile
import zlib
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING

from manager.backup.manifest import NAME, BackupError, Manifest, digest_of, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from manager.backup.manifest import Entry

LARGEST_MANIFEST = 10_000_000
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
            # Python of Debian 12 has no filters yet; the names are checked by the manifest, too.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            first = archive.next()
            if first is None or first.name != NAME or not first.isreg():
                raise BackupError(f"{file} is no backup: its first file is not {NAME}")
            with closing(archive.extractfile(first) or BytesIO()) as content:
                manifest = read_manifest(content.read(LARGEST_MANIFEST))
            wanted = {entry.name: entry for entry in manifest.entries}
            while member := archive.next():
                entry = wanted.pop(member.name, None)
                if entry is None or not member.isreg():
                    raise BackupError(
                        f"{file} holds {member.name!r}, which no backup of ours does: "
                        "nothing was written"
                    )
                # What is larger than it says must not fill the disk.
                if member.size != entry.bytes or not _extract(archive, member, entry, folder):
                    raise BackupError(
                        f"{entry.name} in it is not what its checksum says: {TRUNCATED}"
                    )
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError(f"{file} is no backup, or {TRUNCATED} ({error})") from None
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror or error}") from error
    if wanted:
        raise BackupError(f"{file} lacks {min(wanted)}: {TRUNCATED}")
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
