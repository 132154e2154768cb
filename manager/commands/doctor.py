"""`doctor`: look at everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands.options import Command, add_json

if TYPE_CHECKING:
    from argparse import Namespace

    from manager.layout import Layout


def doctor(layout: Layout, arguments: Namespace) -> int:
    """Print what is to be repaired."""
    from manager.doctor import examining

    return examining.doctor(layout, arguments)


COMMAND = Command(
    "look at everything and say what to repair (exit code 0 nothing, 1 something)",
    doctor,
    add_json,
    needs="as is",
)
