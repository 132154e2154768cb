"""Turns this process into another program of the project's Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.layout import Layout


def become(
    layout: Layout, command: Sequence[str], environment: Mapping[str, str] = os.environ
) -> NoReturn:
    """Run another Python in place of this one, in the project's folder.

    Args:
        layout: which has the Python.
        command: its arguments.
        environment: of the new process.
    """
    os.chdir(layout.root)
    os.execve(layout.python, [str(layout.python), *command], environment)  # noqa: S606 -- no shell is the point
