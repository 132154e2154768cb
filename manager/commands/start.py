"""`start`: return when the service works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands.options import Command, add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add where the service listens."""
    add_place(parser)
    add_json(parser)


def start(layout: Layout, arguments: Namespace) -> int:
    """Start the service; everything but success is raised."""
    from manager.lifecycle import starting

    return starting.start(layout, arguments.port, arguments.host, as_json=arguments.json)


COMMAND = Command("start the service, or say that it runs", start, add_arguments)
