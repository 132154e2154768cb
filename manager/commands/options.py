"""The options of each command of `scheduler_manager.py`: a function for each, named like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.commands import option_types

if TYPE_CHECKING:
    import argparse

# ruff: noqa: D103 -- a function has its command's name, and says by its help texts what it adds


def place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=option_types.port,
        metavar="N",
        help="base port: the web UI listens on N, the sandbox on N+3 (the last one used; 8080)",
    )
    parser.add_argument(
        "--host",
        type=option_types.host,
        metavar="H",
        help="address the web UI listens on (the last one used; 127.0.0.1: this machine alone)",
    )


def start(parser: argparse.ArgumentParser) -> None:
    place(parser)
    json(parser)


def now(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--now",
        action="store_true",
        help="do not let running jobs end; the next start runs them again",
    )


def stop(parser: argparse.ArgumentParser) -> None:
    now(parser)
    json(parser)


def restart(parser: argparse.ArgumentParser) -> None:
    place(parser)
    now(parser)


def job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    json(parser)


def logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="COMPONENT|JOB", help="whose log (the journal)")
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument(
        "--lines",
        type=option_types.count,
        default=50,
        metavar="N",
        help="how many lines to begin with (50)",
    )


def _period(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--period",
        metavar="KEY",
        help="the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, as the "
        "job has one (without: the period that ended last)",
    )


def _again(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--again",
        action="store_true",
        help="pull everything once more (without: only what has not landed)",
    )


def trigger(parser: argparse.ArgumentParser) -> None:
    job(parser)
    _period(parser)
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop; one --shop for each (all)"
    )
    _again(parser)
    parser.add_argument(
        "--wait", action="store_true", help="follow it; exit code 1: not landed, 99: nothing to do"
    )


def demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job", action="append", metavar="JOB", help="job to run, repeatable (all of them)"
    )
    _period(parser)
    place(parser)


def json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the words")
    parser.add_argument("--write-docs", action="store_true", help="write docs/jobs.md anew")


def run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    _period(parser)
    parser.add_argument(
        "--from", dest="first", metavar="KEY", help="first of several periods, written as above"
    )
    parser.add_argument("--to", dest="last", metavar="KEY", help="last of several periods")
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop; one --shop for each (all)"
    )
    _again(parser)


def gaps(parser: argparse.ArgumentParser) -> None:
    _which_gaps(parser)
    parser.add_argument(
        "--waived", action="store_true", help="list what is waived instead: why, by whom and when"
    )


def _which_gaps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--job", metavar="JOB", help="only this job (all)")
    parser.add_argument("--shop", metavar="ID", help="only this shop (all)")
    parser.add_argument(
        "--since", metavar="DAY", help="from this business day on, as 2025-10-02 (90 days ago)"
    )
    json(parser)


def unwaive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    parser.add_argument(
        "--period",
        metavar="KEY",
        required=True,
        help="the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, as the "
        "job has one",
    )
    parser.add_argument("--until", metavar="KEY", help="last of several periods (only --period)")
    parser.add_argument("--shop", metavar="ID", help="only this shop (all)")
    json(parser)


def waive(parser: argparse.ArgumentParser) -> None:
    unwaive(parser)
    parser.add_argument(
        "--reason", metavar="TEXT", required=True, help="why it can never be pulled"
    )


def repair(parser: argparse.ArgumentParser) -> None:
    _which_gaps(parser)
    parser.add_argument("--yes", action="store_true", help="start it; else it is only shown")
    parser.add_argument("--no-wait", action="store_true", help="start it, and do not follow it")


def report(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--date", metavar="DAY", help="what was due on this day (today)")
    which.add_argument(
        "--period",
        metavar="KEY",
        help="what covers this business day, week or month, such as 2025-10-02, 2025-09 or "
        "yesterday; exit code 0 when it is complete, else 1",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    json(parser)


def connect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "connection", metavar="CONNECTION", help="one that shops.yaml or feeds.yaml names, as pdd_1"
    )


def migrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--copy-from",
        metavar="FILE",
        help="also copy all rows of a SQLite warehouse, such as var/warehouse.db, if it is empty",
    )


def backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="where to (var/backups/DATE.tar.gz)"
    )


def restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that `backup` wrote")
    parser.add_argument("--yes", action="store_true", help="overwrite what is there")


def rotate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "kind",
        choices=("fernet", "sessions", "passwords"),
        help="the key of stored connections; that of sessions; the web users' passwords",
    )
