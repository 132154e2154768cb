"""`stop`: return when nothing of the service is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands.options import Command, add_json, add_now

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add whether to wait for running jobs."""
    add_now(parser)
    add_json(parser)


def stop(layout: Layout, arguments: Namespace) -> int:
    """Stop the service."""
    from manager.lifecycle import stopping

    return stopping.stop(layout, now=arguments.now, as_json=arguments.json)


COMMAND = Command(
    "let running jobs end for up to a minute, then stop the service, leaving nothing behind",
    stop,
    add_arguments,
    needs="as is",
)
