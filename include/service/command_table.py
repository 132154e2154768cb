"""What `scheduler_manager.py` can do: each command with its options, and who does it.

A new command is one entry in `COMMANDS`, one function for its options and one module. Standard
library only: `--help` and mistakes must be answered before anything is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.service.option_types import count, host, port

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


@dataclass(frozen=True)
class Command:
    """One command: its help, its arguments, and `module:function(layout, arguments)` behind it.

    `needs` says what must be installed: `packages`, `development` (the tests' too), `nothing` but
    Python, or `as is`: what is there, so that a changed requirements file changes nothing under a
    running service.
    """

    help: str
    action: str
    needs: str = "packages"
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    writes_var: bool = True  # so nobody else may read what it writes; else it writes the checkout
    passes_on: str = ""  # what arguments that are not known here are for


def _place_options(parser: argparse.ArgumentParser) -> None:
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


def _start_options(parser: argparse.ArgumentParser) -> None:
    _place_options(parser)
    _json_option(parser)


def _now_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--now",
        action="store_true",
        help="do not let running jobs end; the next start runs them again",
    )


def _stop_options(parser: argparse.ArgumentParser) -> None:
    _now_option(parser)
    _json_option(parser)


def _restart_options(parser: argparse.ArgumentParser) -> None:
    _place_options(parser)
    _now_option(parser)


def _job_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    _json_option(parser)


def _logs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="COMPONENT|JOB", help="whose log (the journal)")
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument(
        "--lines", type=count, default=50, metavar="N", help="how many lines to begin with (50)"
    )


def _trigger_options(parser: argparse.ArgumentParser) -> None:
    _job_options(parser)
    parser.add_argument("--period", metavar="KEY", help="period, as 2025-10-02 (the last ended)")
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop; one --shop for each (all)"
    )
    parser.add_argument("--again", action="store_true", help="also what has landed already")
    parser.add_argument(
        "--wait", action="store_true", help="follow it; exit code 1: not landed, 99: nothing to do"
    )


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job", action="append", metavar="JOB", help="job to run, repeatable (all of them)"
    )
    parser.add_argument("--period", metavar="KEY", help="period, as 2025-10-02 (the last ended)")
    _place_options(parser)


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the words")
    parser.add_argument("--write-docs", action="store_true", help="write docs/jobs.md anew")


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="job id")
    parser.add_argument("--period", metavar="KEY", help="period, as 2025-10-02 (the last ended)")
    parser.add_argument("--from", dest="first", metavar="KEY", help="first of several periods")
    parser.add_argument("--to", dest="last", metavar="KEY", help="last of several periods")
    parser.add_argument(
        "--shop", action="append", metavar="ID", help="only this shop; one --shop for each (all)"
    )
    parser.add_argument("--again", action="store_true", help="also what has landed already")


def _gaps_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--job", metavar="JOB", help="only this job (all)")
    parser.add_argument("--shop", metavar="ID", help="only this shop (all)")
    parser.add_argument(
        "--since", metavar="DAY", help="from this business day on, as 2025-10-02 (90 days ago)"
    )
    _json_option(parser)


def _repair_options(parser: argparse.ArgumentParser) -> None:
    _gaps_options(parser)
    parser.add_argument("--yes", action="store_true", help="start it; else it is only shown")
    parser.add_argument("--no-wait", action="store_true", help="start it, and do not follow it")


def _report_options(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--date", metavar="DAY", help="what was due on this day (today)")
    which.add_argument(
        "--period",
        metavar="KEY",
        help="what covers this business day, week or month, such as 2025-10-02, 2025-09 or "
        "yesterday; exit code 0 when it is complete, else 1",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    _json_option(parser)


def _migrate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--copy-from",
        metavar="FILE",
        help="also copy all rows of a SQLite warehouse, such as var/warehouse.db, if it is empty",
    )


def _backup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="where to (var/backups/DATE.tar.gz)"
    )


def _restore_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that `backup` wrote")
    parser.add_argument("--yes", action="store_true", help="overwrite what is there")


def _rotate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "kind",
        choices=("fernet", "sessions", "passwords"),
        help="the key of stored connections; that of sessions; the web users' passwords",
    )


COMMANDS = {
    "demo": Command(
        "install, start, and land the last period of every job while you watch",
        "demo:demo",
        options=_demo_options,
    ),
    "start": Command(
        "start the service, or say that it runs", "commands:start", options=_start_options
    ),
    "stop": Command(
        "let running jobs end for up to a minute, then stop the service, leaving nothing behind",
        "commands:stop",
        needs="as is",
        options=_stop_options,
    ),
    "restart": Command(
        "stop and start", "commands:restart", needs="as is", options=_restart_options
    ),
    "status": Command(
        "say how each component is (exit code 0 healthy, 1 degraded, 3 not running)",
        "commands:status",
        needs="as is",
        options=_json_option,
    ),
    "logs": Command(
        "show the journal, a component's log, or the log of a job's last task",
        "logs:logs",
        needs="as is",
        options=_logs_options,
    ),
    "trigger": Command(
        "run a job now, through Airflow, for one period",
        "triggering:trigger",
        needs="as is",
        options=_trigger_options,
    ),
    "repair": Command(
        "show which runs close the gaps; with --yes run them (exit code 1: something is missing)",
        "repairing:repair",
        needs="as is",
        options=_repair_options,
    ),
    "pause": Command(
        "let a job make no more runs",
        "triggering:pause",
        needs="as is",
        options=_job_options,
    ),
    "resume": Command(
        "let a paused job run again", "triggering:resume", needs="as is", options=_job_options
    ),
    "check": Command(
        "check registry, shops, feeds, pools: every problem, or each job's schedule in words",
        "commands:check",
        writes_var=False,
        options=_check_options,
    ),
    "run": Command(
        "run a job's script here and now, without Airflow", "commands:run", options=_run_options
    ),
    "gaps": Command(
        "list what was due and has not landed, why, and how to repair it (exit code 1: something)",
        "gaps:gaps",
        needs="as is",
        options=_gaps_options,
    ),
    "report": Command(
        "one day in a page: landed, empty, failed, missing, slowest, rows against the usual",
        "report:report",
        needs="as is",
        options=_report_options,
    ),
    "doctor": Command(
        "look at everything and say what to repair (exit code 0 nothing, 1 something)",
        "doctor.examining:doctor",
        needs="as is",
        options=_json_option,
    ),
    "migrate": Command(
        "give the warehouse that the connection names the newest tables; says from which version",
        "migrating:migrate",
        options=_migrate_options,
    ),
    "backup": Command(
        "write databases, configuration and secrets to one file, while the service runs",
        "archiving.packing:backup",
        needs="as is",
        options=_backup_options,
    ),
    "restore": Command(
        "bring a backup back; overwrites nothing without --yes",
        "archiving.restoring:restore",
        options=_restore_options,
    ),
    "rotate": Command(
        "make new keys or passwords, while the service is stopped",
        "rotating:rotate",
        options=_rotate_options,
    ),
    "test": Command(
        "run the tests; --campaign adds the long ones, other arguments go to pytest",
        "commands:test",
        needs="development",
        writes_var=False,
        passes_on="[--campaign] [PYTEST ARGUMENT ...]",
    ),
    "airflow": Command(
        "run Airflow's own command with the project's settings",
        "commands:airflow",
        passes_on="[ARGUMENT ...]",
    ),
    "docker-env": Command(
        "write the .env that docker-compose.yaml needs, with fresh secrets",
        "docker_env:write",
        needs="nothing",
    ),
}
