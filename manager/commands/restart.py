"""`restart`: stop with what is installed, then start with what should be."""

from argparse import Namespace
from typing import NoReturn

from manager.layout import Layout
from manager.lifecycle.ports import RESTART, check_free, chosen
from manager.lifecycle.processes import service_processes
from manager.lifecycle.stopping import stop_service


def restart(layout: Layout, arguments: Namespace) -> NoReturn:
    """Stop the service and start it.

    Raises:
        ConfigurationError: it could not listen where it should; then it is not stopped.
    """
    asked = chosen(layout, arguments.port, arguments.host, command=RESTART)
    ours = {process.pid for process in service_processes(layout)}
    check_free(asked, ours, command=RESTART)
    stop_service(layout, now=arguments.now, command="restart")
    given = {"--port": arguments.port, "--host": arguments.host}
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    layout.become([str(layout.root / "scheduler_manager.py"), "start", *options])
