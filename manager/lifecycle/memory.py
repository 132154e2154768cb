"""How much memory a component uses, read from Linux; elsewhere nobody knows."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")
GROUP = 2  # place of the process group in /proc/PID/stat, behind the name


def memory_mb(group: int) -> float | None:
    """Return the megabytes of a process group, what processes share counted once (PSS).

    The scheduler's workers and the triggerer's runner are in their component's group; the tasks
    that workers run have groups of their own.
    """
    kilobytes = [pss for pid in _groups().get(group, []) if (pss := _pss(pid)) is not None]
    return round(sum(kilobytes) / 1024, 1) if kilobytes else None


@lru_cache(maxsize=1)
def _groups() -> dict[int, list[int]]:
    """Return the process ids of each group; one look serves all components of a command."""
    found: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):  # gone meanwhile
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            found.setdefault(int(fields[GROUP]), []).append(int(folder.name))
    return found


def _pss(pid: int) -> int | None:
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text(errors="replace")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:"), None)
