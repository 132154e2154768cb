"""What a command is, and the options that several of them have; standard library only."""

import re
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from include.language import N_, _
from manager.layout import Layout
from manager.lifecycle.ports import HIGHEST, HOST_FORM, LOWEST

Option = Callable[[Any], None]  # adds itself to a parser, or to a group of one


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        help: what `--help` says of it.
        work: `module:function` of `manager` that does it: takes layout and arguments, and returns
            the exit code.
        options: its options.
        needs: what must be installed: `packages`, `development` (the tests' too), `nothing` but
            Python, or `as is`: what is there, so that a changed requirements file changes nothing
            under a running service.
        writes_var: whether nobody else may read what it writes; else it writes the checkout.
        passes_on: what the arguments are for that are not known here.
        parts: the commands behind its name, as in `alerts mute`; without one it does its own work.
    """

    help: str
    work: str
    options: Sequence[Option] = ()
    needs: Literal["packages", "development", "nothing", "as is"] = "packages"
    writes_var: bool = True
    passes_on: str = ""
    parts: Mapping[str, "Command"] = field(default_factory=dict)

    def add_arguments(self, parser: ArgumentParser, parents: Sequence[ArgumentParser] = ()) -> None:
        """Add its options to a parser, and its parts, which also have the options of `parents`."""
        for add in self.options:
            add(parser)
        if self.parts:
            parts = parser.add_subparsers(dest="part", metavar="[PART]")
            for name, part in self.parts.items():
                text = _(part.help)
                sub = parts.add_parser(name, help=text, description=text, parents=[*parents])
                part.add_arguments(sub, parents)

    def run(self, layout: Layout, arguments: Namespace) -> int:
        """Do it, or the part of it that is asked for; return the exit code."""
        if self.parts and arguments.part is not None:
            return self.parts[arguments.part].run(layout, arguments)
        module, function = self.work.split(":")
        code: int = getattr(import_module(f"manager.{module}"), function)(layout, arguments)
        return code


def option(shown: str, text: str, **settings: Any) -> Option:
    """Return one that `add_argument` makes, its help in the language of the moment.

    Args:
        shown: its name and what stands for its value, as in `--out FILE`.
        text: its help, of which `include.locale` knows.
        settings: others of `add_argument`.
    """
    name, _blank, metavar = shown.partition(" ")
    if metavar:
        settings["metavar"] = metavar

    def add(parser: Any) -> None:
        parser.add_argument(name, help=_(text), **settings)

    return add


def flag(name: str, text: str) -> Option:
    """Return one that is given or not."""
    return option(name, text, action="store_true")


def either(*options: Option) -> Option:
    """Return some of which one may be given."""

    def add(parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        for one in options:
            one(group)

    return add


def port(text: str) -> int:
    """Read a port of the service; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or not LOWEST <= int(text) <= HIGHEST:
        raise ArgumentTypeError(
            _(
                "{text!r} is not a port from {lowest} to {highest}",
                text=text,
                lowest=LOWEST,
                highest=HIGHEST,
            )
        )
    return int(text)


def host(text: str) -> str:
    """Read an address to listen on; raises ArgumentTypeError."""
    if not HOST_FORM.fullmatch(text):
        raise ArgumentTypeError(
            _("{text!r} is not an address or a name of this machine", text=text)
        )
    return text


def count(text: str) -> int:
    """Read a number of lines; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(_("{text!r} is not a number of lines", text=text))
    return int(text)


def seconds(text: str) -> int:
    """Read how long to wait; raises ArgumentTypeError."""
    found = re.fullmatch(r"(?=\d)(?:(\d{1,3})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", text, re.ASCII)
    if found is None:
        raise ArgumentTypeError(_("{text!r} is no time: write it like 90s, 30m or 2h", text=text))
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return (hours * 60 + minutes) * 60 + rest


A_PERIOD = N_(
    "the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, as the job has "
    "one"
)
JSON = flag("--json", "print JSON")
# Of a part: what stands before its name counts as well.
JSON_OF_A_PART = option("--json", "print JSON", action="store_true", default=SUPPRESS)
JOB = option("job JOB", "job id")
PERIOD = option(
    "--period KEY",
    "the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, as the job "
    "has one (without: the period that ended last)",
)
ONE_SHOP = option("--shop ID", "only this shop (all)")
SHOPS = option("--shop ID", "only this shop; one --shop for each (all)", action="append")
AGAIN = flag("--again", "pull everything once more (without: only what has not landed)")
NOW = flag("--now", "do not let running jobs end; the next start runs them again")
PORT = option(
    "--port N",
    "base port: the web UI listens on N, the sandbox on N+3 (the last one used; 8080)",
    type=port,
)
HOST = option(
    "--host H",
    "address the web UI listens on (the last one used; 127.0.0.1: this machine alone)",
    type=host,
)
GAP_FILTERS = (
    option("--job JOB", "only this job (all)"),
    ONE_SHOP,
    option("--since DAY", "from this business day on, as 2025-10-02 (90 days ago)"),
    JSON,
)
TO_WAIVE = (
    JOB,
    option("--period KEY", A_PERIOD, required=True),
    option("--until KEY", "last of several periods (only --period)"),
    ONE_SHOP,
    JSON,
)
