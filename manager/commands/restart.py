"""`restart`: stop with what is installed, then start with what should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from manager.commands.options import Command, add_now, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add where the service listens from then on."""
    add_place(parser)
    add_now(parser)


def restart(layout: Layout, arguments: Namespace) -> NoReturn:
    """Stop the service and start it.

    Raises:
        ConfigurationError: it could not listen where it should; then it is not stopped.
    """
    from manager.handover import become
    from manager.lifecycle import stopping
    from manager.lifecycle.ports import RESTART, check_free, chosen
    from manager.lifecycle.processes import service_processes

    asked = chosen(layout, arguments.port, arguments.host, command=RESTART)
    ours = {process.pid for process in service_processes(layout)}
    check_free(asked, ours, command=RESTART)
    stopping.stop(layout, now=arguments.now, command="restart")
    given = {"--port": arguments.port, "--host": arguments.host}
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    become(layout, [str(layout.root / "scheduler_manager.py"), "start", *options])


COMMAND = Command("stop and start", restart, add_arguments, needs="as is")
