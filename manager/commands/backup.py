"""`backup`: databases, configuration and secrets in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands.options import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add the file."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="where to (var/backups/DATE.tar.gz)"
    )


def backup(layout: Layout, arguments: Namespace) -> int:
    """Write the file."""
    from manager.backup import packing

    return packing.backup(layout, arguments)


COMMAND = Command(
    "write databases, configuration and secrets to one file, while the service runs",
    backup,
    add_arguments,
    needs="as is",
)
