"""What `scheduler_manager.py` can do: each command with its options, and who does it.

A new command is one entry in `COMMANDS`, one function for its options and one module. Standard
library only: `--help` and mistakes must be answered before anything is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.commands import options

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


COMMANDS = {
    "demo": Command(
        "install, start, and land the last period of every job while you watch",
        "commands.demo:demo",
        options=options.demo,
    ),
    "start": Command(
        "start the service, or say that it runs", "commands.simple:start", options=options.start
    ),
    "stop": Command(
        "let running jobs end for up to a minute, then stop the service, leaving nothing behind",
        "commands.simple:stop",
        needs="as is",
        options=options.stop,
    ),
    "restart": Command(
        "stop and start", "commands.simple:restart", needs="as is", options=options.restart
    ),
    "status": Command(
        "say how each component is (exit code 0 healthy, 1 degraded, 3 not running)",
        "commands.simple:status",
        needs="as is",
        options=options.json,
    ),
    "logs": Command(
        "show the journal, a component's log, or the log of a job's last task",
        "commands.logs:logs",
        needs="as is",
        options=options.logs,
    ),
    "trigger": Command(
        "run a job now, through Airflow, for one period",
        "commands.trigger:trigger",
        needs="as is",
        options=options.trigger,
    ),
    "repair": Command(
        "show which runs close the gaps; with --yes run them (exit code 1: something is missing)",
        "commands.repair:repair",
        needs="as is",
        options=options.repair,
    ),
    "pause": Command(
        "let a job make no more runs",
        "commands.trigger:pause",
        needs="as is",
        options=options.job,
    ),
    "resume": Command(
        "let a paused job run again", "commands.trigger:resume", needs="as is", options=options.job
    ),
    "check": Command(
        "check registry, shops, feeds, pools: every problem, or each job's schedule in words",
        "commands.simple:check",
        writes_var=False,
        options=options.check,
    ),
    "run": Command(
        "run a job's script here and now, without Airflow",
        "commands.simple:run",
        options=options.run,
    ),
    "gaps": Command(
        "list what was due and has not landed, why, and how to repair it (exit code 1: something)",
        "commands.gaps:gaps",
        needs="as is",
        options=options.gaps,
    ),
    "waive": Command(
        "accept gaps that can never be closed, with a reason; they count nowhere from then on",
        "commands.waive:waive",
        needs="as is",
        options=options.waive,
    ),
    "unwaive": Command(
        "let what was waived count as a gap again",
        "commands.waive:unwaive",
        needs="as is",
        options=options.unwaive,
    ),
    "report": Command(
        "one day in a page: landed, empty, failed, missing, slowest, rows against the usual",
        "commands.report:report",
        needs="as is",
        options=options.report,
    ),
    "doctor": Command(
        "look at everything and say what to repair (exit code 0 nothing, 1 something)",
        "doctor.examining:doctor",
        needs="as is",
        options=options.json,
    ),
    "connect": Command(
        "ask for a connection's address and secrets, keep them, and try them on the platform",
        "commands.connect:connect",
        options=options.connect,
    ),
    "migrate": Command(
        "give the warehouse that the connection names the newest tables; says from which version",
        "commands.migrate:migrate",
        options=options.migrate,
    ),
    "backup": Command(
        "write databases, configuration and secrets to one file, while the service runs",
        "backup.packing:backup",
        needs="as is",
        options=options.backup,
    ),
    "restore": Command(
        "bring a backup back; overwrites nothing without --yes",
        "backup.restoring:restore",
        options=options.restore,
    ),
    "rotate": Command(
        "make new keys or passwords, while the service is stopped",
        "commands.rotate:rotate",
        options=options.rotate,
    ),
    "test": Command(
        "run the tests; --campaign adds the long ones, --airflow 3.4 runs those that know Airflow "
        "on that version; other arguments go to pytest",
        "commands.simple:test",
        needs="development",
        writes_var=False,
        passes_on="[--airflow VERSION] [--campaign] [PYTEST ARGUMENT ...]",
    ),
    "airflow": Command(
        "run Airflow's own command with the project's settings",
        "commands.simple:airflow",
        passes_on="[ARGUMENT ...]",
    ),
    "docker-env": Command(
        "write the .env that docker-compose.yaml needs, with fresh secrets",
        "commands.docker_env:write",
        needs="nothing",
    ),
}
