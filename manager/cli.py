"""The command line of `scheduler_manager.py`: reads it, and hands over to who does it.

Standard library only: `--help` and mistakes must be answered before anything is installed.
"""

import errno
import json
import os
import select
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NoReturn

from include.command_line import Parser, gettext_speaks, language_parser
from include.errors import ConfigurationError, ExpectedError, TemporaryError, reason_of
from include.language import ENGLISH, Message, _, choose, language
from include.text import nearest, print_anything
from manager.commands import COMMANDS
from manager.commands.options import Command
from manager.layout import Layout, current_layout, refuse_another_users
from manager.lifecycle import virtualenv

PROGRAM = "scheduler_manager.py"
USAGE, CONFIGURATION, TEMPORARY, FAILED, INTERRUPTED = 2, 78, 75, 1, 130
READER_LEFT = 141  # what a shell says of any program whose reader closed the pipe
HELP = (["-h"], ["--help"])
FOR_PROGRAMS = ("json", "prometheus")


def main(argv: Sequence[str]) -> int:
    """Run one command line.

    Args:
        argv: the arguments behind the program's name.

    Returns:
        the exit code: 0 done, 1 failed, 2 wrong usage, 75 not to be answered now, 78 wrong
        configuration, 141 nobody reads the output any more; others are the command's own, as its
        help says.
    """
    print_anything()
    try:
        code = _answer(argv)
        print(end="", flush=True)  # here, where a pipe without reader can still be told
    except BrokenPipeError:
        if not _reader_left():
            raise
        _drop_output()
        return READER_LEFT
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = error.filename or _("the output")
        text = _("{where} cannot be written: {reason}", where=str(where), reason=reason_of(error))
        _complain(text, language())
        _drop_output()
        return FAILED
    return code


def _drop_output() -> None:
    """Send what is still buffered nowhere, else Python complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer(argv: Sequence[str]) -> int:
    """Run one command line; what the user can repair is said without a traceback."""
    asked = language()
    try:
        words = _without_language(argv)
        asked = language()
        if words and not words[0].startswith("-") and words[0] not in COMMANDS:
            return _unknown(words[0])
        with gettext_speaks():
            arguments = _parse(words)
        return _dispatch(COMMANDS[arguments.command], arguments, argv)
    except ConfigurationError as error:
        _complain(str(error), asked)
        return CONFIGURATION
    except ExpectedError as error:
        _complain(str(error), asked)
        return TEMPORARY if isinstance(error, TemporaryError) else FAILED
    except PermissionError as error:
        if error.filename is None:
            raise
        where, reason = str(error.filename), reason_of(error)
        _complain(_("{where} cannot be used: {reason}", where=where, reason=reason), asked)
        return FAILED
    except KeyboardInterrupt as stopped:
        again = _("interrupted; the same command can be run again")
        _complain(str(stopped) or again, asked)
        return INTERRUPTED


def _complain(text: str, asked: str) -> None:
    """Print an error in the language that was asked for, whatever the command itself speaks."""
    print(text.into(asked) if isinstance(text, Message) else text, file=sys.stderr)


def _reader_left() -> bool:
    """Distinguish `... | head -1`, which has read enough, from a connection that broke."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return bool(output.poll(0))


def _dispatch(command: Command, arguments: Namespace, argv: Sequence[str]) -> int:
    """Make sure that what the command needs is installed, and run it with that Python."""
    layout = current_layout()
    if command.writes_var:
        refuse_another_users(layout)
    if command.needs != "nothing":
        if command.needs != "as is":
            with redirect_stdout(sys.stderr if getattr(arguments, "json", False) else sys.stdout):
                virtualenv.ensure(layout, development=command.needs == "development")
        elif not virtualenv.usable(layout):
            return _nothing_installed(arguments)
        # One folder further up may differ by a symbolic link; `bin` tells the environments apart.
        if Path(sys.executable).parent.resolve() != layout.python.parent.resolve():
            _hand_over(layout, argv)
    if command.writes_var:
        os.umask(0o077)
    if any(getattr(arguments, option, False) for option in FOR_PROGRAMS):
        choose(ENGLISH)  # what programs read is the same in every language
    return command.run(layout, arguments)


def _hand_over(layout: Layout, argv: Sequence[str]) -> NoReturn:
    sys.stdout.flush()
    # A Python that is interrupted while it starts shows a traceback: the doorstep lets it through.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    os.execv(layout.python, [str(layout.python), str(layout.root / PROGRAM), *argv])  # noqa: S606 -- no shell is the point


def _nothing_installed(arguments: Namespace) -> int:
    """Answer `stop` and `status` where nothing was ever started."""
    command = arguments.command
    if command not in ("stop", "status"):
        raise ExpectedError("nothing is installed yet: run `{manager} start`")
    advice = _("not running: `{manager} start` installs and starts it")
    if getattr(arguments, "prometheus", False):  # what is printed is read as metrics
        raise ExpectedError(advice)
    print(json.dumps({"state": "not running"}) if arguments.json else advice)
    return 3 if command == "status" else 0


def _without_language(argv: Sequence[str]) -> list[str]:
    """Speak what `--lang` asks for; return the words without it.

    It stands anywhere, but behind a command that passes its arguments on it is that one's.
    """
    name = next((word for word in argv if word in COMMANDS), None)
    end = argv.index(name) if name and COMMANDS[name].passes_on else len(argv)
    with gettext_speaks():
        parser = language_parser(f"{PROGRAM} [--lang {{en,zh}}] COMMAND ...")
        known, words = parser.parse_known_args(argv[:end])
    if known.lang:
        choose(known.lang)
    return [*words, *argv[end:]]


def _parse(argv: Sequence[str]) -> Namespace:
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


def _parser() -> Parser:
    lang = language_parser()
    parser = Parser(
        prog=PROGRAM,
        description=_("Install, start, watch and run the store-data scheduler."),
        epilog=_("`{program} COMMAND --help` tells more about one command.", program=PROGRAM),
        parents=[lang],
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        usage = f"{PROGRAM} {name} {command.passes_on}" if command.passes_on else None
        text, parents = _(command.help), [] if command.passes_on else [lang]
        sub = commands.add_parser(name, help=text, description=text, usage=usage, parents=parents)
        command.add_arguments(sub, parents)
    return parser


def _unknown(name: str) -> int:
    if near := nearest(name, COMMANDS):
        text = _(
            "unknown command {name!r}: did you mean {near!r}? (`{program} --help` explains them)",
            name=name, near=near, program=PROGRAM,
        )  # fmt: skip
    else:
        text = _(
            "unknown command {name!r}: write one of {known} (`{program} --help` explains them)",
            name=name, known=list(COMMANDS), program=PROGRAM,
        )  # fmt: skip
    print(text, file=sys.stderr)
    return USAGE
