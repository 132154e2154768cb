"""`restore`: bring a backup back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands.options import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add the file, and whether to overwrite."""
    parser.add_argument("file", metavar="FILE", help="a file that `backup` wrote")
    parser.add_argument("--yes", action="store_true", help="overwrite what is there")


def restore(layout: Layout, arguments: Namespace) -> int:
    """Put what the file holds in its place."""
    from manager.backup import restoring

    return restoring.restore(layout, arguments)


COMMAND = Command("bring a backup back; overwrites nothing without --yes", restore, add_arguments)
