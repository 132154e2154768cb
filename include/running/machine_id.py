"""Names a folder of locks: runs that see the same one keep out of each other's way by them."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.running.variables import PLACE_FILE

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(var: Path) -> None:
    """Make the service's directory, or say where it can be instead.

    A team's own Airflow may have the project on a disk that nobody writes to.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        problem = None if os.access(var, os.W_OK | os.X_OK) else "Permission denied"
    except OSError as error:
        problem = error.strerror
    if problem:
        raise ConfigurationError(
            f"folder {var} of locks and journal cannot be written ({problem}): set the variable "
            "SCHEDULER_VAR to a folder that can be, for all components of Airflow"
        )


def place_of(var: Path) -> str:
    """Return the name of the service's directory, making one up when it has none yet.

    Args:
        var: the service's directory, on a disk of this machine or shared by several: where its
            files are locked is what counts.
    """
    path = var / PLACE_FILE
    if not path.exists():
        _make(path)
    return path.read_text("utf-8").strip()


def _make(path: Path) -> None:
    """Write the file, whole or not at all; of several who do so at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    draft.write_text(f"{uuid.uuid4().hex}\n", "utf-8")
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
