"""The command line of `scheduler_manager.py`: what there is, and who does it.

Standard library only: `--help` and mistakes must be answered before anything is installed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from include.errors import ConfigurationError, ExpectedError
from include.service import environment
from include.service.layout import current_layout
from include.service.ports import HIGHEST, LOWEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.service.layout import Layout

PROGRAM = "scheduler_manager.py"
USAGE, CONFIGURATION, FAILED, INTERRUPTED = 2, 78, 1, 130
HELP = (["-h"], ["--help"])

Arguments = argparse.Namespace


@dataclass(frozen=True)
class Command:
    """One command: its help, its arguments, and `module:function(layout, arguments)` behind it.

    `needs` says what must be installed: `packages`, `development` (the tests' too), or `as is`:
    what is there, so that a changed requirements file changes nothing under a running service.
    """

    help: str
    action: str
    needs: str = "packages"
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    passes_on: str = ""  # what arguments that are not known here are for


def main(argv: Sequence[str]) -> int:
    """Run one command line.

    Args:
        argv: the arguments behind the program's name.

    Returns:
        the exit code: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration; others are the
        command's own, as its help says.
    """
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        return _unknown(argv[0])
    arguments = _parse(argv)
    try:
        return _dispatch(COMMANDS[arguments.command], arguments, argv)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return CONFIGURATION
    except ExpectedError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted; the same command again goes on from here", file=sys.stderr)
        return INTERRUPTED


def _dispatch(command: Command, arguments: Arguments, argv: Sequence[str]) -> int:
    """Make sure that what the command needs is installed, and run it with that Python."""
    layout = current_layout()
    if command.needs != "as is":
        environment.ensure(layout, development=command.needs == "development")
    elif not environment.usable(layout):
        return _nothing_installed(arguments.command)
    # One folder further up may differ by a symbolic link; `bin` tells the environments apart.
    if Path(sys.executable).parent.resolve() != layout.python.parent.resolve():
        _hand_over(layout, argv)
    module, function = command.action.split(":")
    action = getattr(importlib.import_module(f"include.service.{module}"), function)
    return int(action(layout, arguments))


def _hand_over(layout: Layout, argv: Sequence[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(layout.python, [str(layout.python), str(layout.root / PROGRAM), *argv])  # noqa: S606 -- no shell is the point


def _nothing_installed(command: str) -> int:
    """Answer `stop` and `status` where nothing was ever started."""
    if command == "restart":
        raise ExpectedError(f"nothing is installed yet: run `python3 {PROGRAM} start`")
    print(f"not running: `python3 {PROGRAM} start` installs and starts it")
    return 3 if command == "status" else 0


def _parse(argv: Sequence[str]) -> Arguments:
    """Parse; arguments of a command that passes them on are kept in `rest`."""
    parser = _parser()
    if not argv:
        parser.print_help()
        raise SystemExit(USAGE)
    command = COMMANDS.get(argv[0])
    if command and command.passes_on and list(argv[1:]) not in HELP:
        # `airflow dags list --help` asks Airflow, not us.
        known, rest = parser.parse_known_args(argv[:1])
        known.rest = [*rest, *argv[1:]]
        return known
    return parser.parse_args(argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Install, start, watch and run the store-data scheduler.",
        epilog=f"`{PROGRAM} COMMAND --help` tells more about one command.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        usage = f"{PROGRAM} {name} {command.passes_on}" if command.passes_on else None
        sub = commands.add_parser(
            name, help=command.help, description=command.help, usage=usage, allow_abbrev=False
        )
        command.options(sub)
    return parser


def _unknown(name: str) -> int:
    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(COMMANDS)}"
    print(f"unknown command {name!r}: {hint} (`{PROGRAM} --help` explains them)", file=sys.stderr)
    return USAGE


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not LOWEST <= int(text) <= HIGHEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from {LOWEST} to {HIGHEST}")
    return int(text)


def _start_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="base port: the web UI listens on N, the sandbox on N+3 (the last one used; 8080)",
    )


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job", action="append", metavar="JOB", help="job to run, repeatable (all of them)"
    )
    parser.add_argument("--period", metavar="KEY", help="period, as 2025-10-02 (the last ended)")
    _start_options(parser)


def _status_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the words")


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    parser.add_argument("--period", metavar="KEY", help="period, as 2025-10-02 (the last ended)")
    parser.add_argument("--from", dest="first", metavar="KEY", help="first of several periods")
    parser.add_argument("--to", dest="last", metavar="KEY", help="last of several periods")
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop, repeatable (all)"
    )
    parser.add_argument("--again", action="store_true", help="also what has landed already")


COMMANDS = {
    "demo": Command(
        "install, start, and land the last period of every job while you watch",
        "demo:demo",
        options=_demo_options,
    ),
    "start": Command(
        "start the service, or say that it runs", "commands:start", options=_start_options
    ),
    "stop": Command("stop the service, leaving nothing behind", "commands:stop", needs="as is"),
    "restart": Command("stop and start", "commands:restart", needs="as is", options=_start_options),
    "status": Command(
        "say how each component is (exit code 0 healthy, 1 degraded, 3 not running)",
        "commands:status",
        needs="as is",
        options=_status_options,
    ),
    "check": Command(
        "check registry, shops, feeds, pools: every problem, or each job's schedule in words",
        "commands:check",
        options=_check_options,
    ),
    "run": Command(
        "run a job's script here and now, without Airflow", "commands:run", options=_run_options
    ),
    "test": Command(
        "run the tests; --campaign adds the long ones, other arguments go to pytest",
        "commands:test",
        needs="development",
        passes_on="[--campaign] [PYTEST ARGUMENT ...]",
    ),
    "airflow": Command(
        "run Airflow's own command with the project's settings",
        "commands:airflow",
        passes_on="[ARGUMENT ...]",
    ),
}
