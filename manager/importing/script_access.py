"""Which files of this machine are copied as scripts: those of the old system, never another's."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from include.language import _
from include.registry.paths import SCRIPTS
from manager.importing.source_text import UnreadableSourceError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manager.importing.old_jobs import OldJob

DRIVE = re.compile(r"([A-Za-z]):[\\/]*")
OF_THE_SYSTEM = tuple(map(Path, ("/proc", "/dev", "/sys", "/etc")))
SUFFIXES = (".py", ".pyw", ".sh", ".bash")
SHEBANG = b"#!"
READABLE_BY_OTHERS = 0o004
BEGINNING = 4096  # bytes in which a program that is no text shows itself


def refusal(
    path: Path, job: OldJob, written: str, root: Path, folders: Sequence[Path]
) -> str | None:
    """Return why a file is not copied, by where it really lies behind all links; else None.

    Args:
        path: of the file.
        job: whose script it would be.
        written: the script's full path, as it stands in the old system.
        root: the project root, whose own scripts are nobody else's.
        folders: where the sources are: whatever lies below them is theirs. In the folder around
            one, and where a crontab names a file, only a program in Python or shell is.
    """
    real = path.resolve()
    never = [*OF_THE_SYSTEM, (root / SCRIPTS).resolve()]
    allowed = is_below(real, _own(job, written, folders)) or (
        is_below(real, _around(job, path, folders)) and _is_program(real)
    )
    if is_below(real, never) or not allowed:
        return _("{script} is outside the folders of the old files, and is not copied: copy it "
                 "beside them, if it belongs to them", script=written)  # fmt: skip
    try:
        read_bytes(real)
    except UnreadableSourceError as error:
        return _("the script is not copied: {reason}", reason=str(error))
    return None


def _own(job: OldJob, written: str, folders: Sequence[Path]) -> Iterator[Path]:
    yield from _resolved([Path(job.place.file).parent, *folders])
    if drive := DRIVE.match(written):
        yield Path("/mnt", drive[1].lower())


def _around(job: OldJob, path: Path, folders: Sequence[Path]) -> Iterator[Path]:
    yield from _resolved(folder.resolve().parent for folder in folders)
    if job.scheduler == "cron":
        is_of_folder = job.cwd and not Path(job.script or "").is_absolute()
        yield from _resolved([Path(job.cwd or "") if is_of_folder else path.parent])


def is_below(real: Path, folders: Iterable[Path]) -> bool:
    """Return whether a file lies below one of some folders, all without links."""
    return any(real.is_relative_to(folder) for folder in folders)


def _resolved(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield folders without links; below the topmost one everything would lie."""
    for folder in folders:
        if (real := folder.resolve()) != Path(real.anchor):
            yield real


def _is_program(real: Path) -> bool:
    """Return whether a file is Python or shell that its owner has not kept from others."""
    try:
        status = real.stat()
        head = read_bytes(real, at_most=BEGINNING)
    except (OSError, UnreadableSourceError):
        return False
    if status.st_uid != os.getuid() and not status.st_mode & READABLE_BY_OTHERS:
        return False
    return b"\0" not in head and (real.suffix.lower() in SUFFIXES or head.startswith(SHEBANG))
