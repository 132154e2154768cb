"""What a command is, and the options that several of them have; standard library only."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from manager.lifecycle.ports import HIGHEST, HOST_FORM, LOWEST

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from manager.layout import Layout

A_PERIOD = (
    "the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, as the job has "
    "one"
)


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        help: what `--help` says of it.
        run: does it, and returns the exit code.
        add_arguments: adds its options to a parser.
        needs: what must be installed: `packages`, `development` (the tests' too), `nothing` but
            Python, or `as is`: what is there, so that a changed requirements file changes nothing
            under a running service.
        writes_var: whether nobody else may read what it writes; else it writes the checkout.
        passes_on: what the arguments are for that are not known here.
    """

    help: str
    run: Callable[[Layout, Namespace], int]
    add_arguments: Callable[[ArgumentParser], None] = lambda _parser: None
    needs: Literal["packages", "development", "nothing", "as is"] = "packages"
    writes_var: bool = True
    passes_on: str = ""


def add_json(parser: ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_job(parser: ArgumentParser) -> None:
    """Add the job's id."""
    parser.add_argument("job", metavar="JOB", help="job id")


def add_period(parser: ArgumentParser) -> None:
    """Add `--period`, which may be left out."""
    text = f"{A_PERIOD} (without: the period that ended last)"
    parser.add_argument("--period", metavar="KEY", help=text)


def add_shops_and_again(parser: ArgumentParser) -> None:
    """Add `--shop`, repeatable, and `--again`."""
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop; one --shop for each (all)"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="pull everything once more (without: only what has not landed)",
    )


def add_gap_filters(parser: ArgumentParser) -> None:
    """Add the options that say which gaps are meant."""
    parser.add_argument("--job", metavar="JOB", help="only this job (all)")
    parser.add_argument("--shop", metavar="ID", help="only this shop (all)")
    parser.add_argument(
        "--since", metavar="DAY", help="from this business day on, as 2025-10-02 (90 days ago)"
    )
    add_json(parser)


def add_place(parser: ArgumentParser) -> None:
    """Add `--port` and `--host`."""
    parser.add_argument(
        "--port",
        type=port,
        metavar="N",
        help="base port: the web UI listens on N, the sandbox on N+3 (the last one used; 8080)",
    )
    parser.add_argument(
        "--host",
        type=host,
        metavar="H",
        help="address the web UI listens on (the last one used; 127.0.0.1: this machine alone)",
    )


def add_now(parser: ArgumentParser) -> None:
    """Add `--now`."""
    parser.add_argument(
        "--now",
        action="store_true",
        help="do not let running jobs end; the next start runs them again",
    )


def port(text: str) -> int:
    """Read a port of the service; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or not LOWEST <= int(text) <= HIGHEST:
        raise ArgumentTypeError(f"{text!r} is not a port from {LOWEST} to {HIGHEST}")
    return int(text)


def host(text: str) -> str:
    """Read an address to listen on; raises ArgumentTypeError."""
    if not HOST_FORM.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not an address or a name of this machine")
    return text
