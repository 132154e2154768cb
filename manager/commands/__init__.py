"""The commands of `scheduler_manager.py`, in the order in which `--help` lists them.

`--help` and mistakes are answered before anything is installed. So this file and `options` need no
package; what a command does stands in a module that is imported when the command is called.
"""

from manager.commands.alerts import PARTS as PARTS_OF_ALERTS
from manager.commands.options import (
    A_PERIOD,
    AGAIN,
    GAP_FILTERS,
    HOST,
    JOB,
    JSON,
    NOW,
    PERIOD,
    PORT,
    SHOPS,
    TO_WAIVE,
    Command,
    count,
    either,
    flag,
    option,
    seconds,
)

COMMANDS = {
    "demo": Command(
        "install, start, and land the last period of every job while you watch",
        "commands.demo:demo",
        [
            option(
                "--job", action="append", metavar="JOB", help="job to run, repeatable (all of them)"
            ),
            *(PERIOD, PORT, HOST),
        ],
    ),
    "start": Command(
        "start the service, or say that it runs", "lifecycle.starting:start", [PORT, HOST, JSON]
    ),
    "stop": Command(
        "let running jobs end for up to a minute, then stop the service, leaving nothing behind",
        "lifecycle.stopping:stop",
        [NOW, JSON],
        needs="as is",
    ),
    "restart": Command(
        "stop and start", "commands.restart:restart", [PORT, HOST, NOW], needs="as is"
    ),
    "status": Command(
        "say how each component is (exit code 0 healthy, 1 degraded, 3 not running)",
        "commands.status:status",
        [
            either(
                JSON,
                flag(
                    "--prometheus",
                    "print gaps, alerts and limits as metrics, for a textfile collector, whether "
                    "the service runs or not (exit code 0)",
                ),
            )
        ],
        needs="as is",
    ),
    "logs": Command(
        "show the journal, a component's log, or the log of a job's last task",
        "commands.logs:logs",
        [
            option("name", nargs="?", metavar="COMPONENT|JOB", help="whose log (the journal)"),
            flag("--follow", "go on until Ctrl-C"),
            option(
                "--lines",
                type=count,
                default=50,
                metavar="N",
                help="how many lines to begin with (50)",
            ),
        ],
        needs="as is",
    ),
    "trigger": Command(
        "run a job now, through Airflow, for one period",
        "commands.trigger:trigger",
        [
            *(JOB, JSON, PERIOD, SHOPS, AGAIN),
            flag("--wait", "follow it; exit code 1: not landed, 99: nothing to do"),
        ],
        needs="as is",
    ),
    "repair": Command(
        "show which runs close the gaps; with --yes run them (exit code 1: something is missing)",
        "commands.repair:repair",
        [
            *GAP_FILTERS,
            flag("--yes", "start it; else it is only shown"),
            flag("--no-wait", "start it, and do not follow it"),
        ],
        needs="as is",
    ),
    "pause": Command(
        "let a job make no more runs", "commands.pause:set_paused", [JOB, JSON], needs="as is"
    ),
    "resume": Command(
        "let a paused job run again", "commands.pause:set_paused", [JOB, JSON], needs="as is"
    ),
    "check": Command(
        "check registry, shops, feeds, pools: every problem, or each job's schedule in words",
        "commands.check:check",
        [
            option("--lang", choices=("en", "zh"), default="en", help="language of the words"),
            flag("--write-docs", "write docs/jobs.md again"),
        ],
        writes_var=False,
    ),
    "run": Command(
        "run a job's script here and now, without Airflow",
        "commands.run:run",
        [
            *(JOB, PERIOD),
            option(
                "--from",
                dest="first",
                metavar="KEY",
                help="first of several periods, written as above",
            ),
            option("--to", dest="last", metavar="KEY", help="last of several periods"),
            *(SHOPS, AGAIN),
        ],
    ),
    "gaps": Command(
        "list what was due and has not landed, why, and how to repair it (exit code 1: something)",
        "commands.gaps:gaps",
        [*GAP_FILTERS, flag("--waived", "list what is waived instead: why, by whom and when")],
        needs="as is",
    ),
    "waive": Command(
        "accept gaps that can never be closed, with a reason; they count nowhere from then on",
        "commands.waive:waive",
        [
            *TO_WAIVE,
            option("--reason", metavar="TEXT", required=True, help="why it can never be pulled"),
        ],
        needs="as is",
    ),
    "unwaive": Command(
        "let what was waived count as a gap again",
        "commands.waive:unwaive",
        TO_WAIVE,
        needs="as is",
    ),
    "report": Command(
        "one day in a page: landed, empty, failed, missing, slowest, rows against the usual",
        "commands.report:report",
        [
            either(
                option("--date", metavar="DAY", help="what was due on this day (today)"),
                option(
                    "--period",
                    metavar="KEY",
                    help="what covers this business day, week or month, such as 2025-10-02, "
                    "2025-09 or yesterday; exit code 0 when it is complete, else 1",
                ),
            ),
            flag("--markdown", "print Markdown"),
            JSON,
        ],
        needs="as is",
    ),
    "complete": Command(
        "say whether a period of a contract is complete, and what is missing (exit code 0 "
        "complete, 1 not, 75 not in time)",
        "commands.complete:complete",
        [
            option(
                "contract", metavar="CONTRACT", help="an id of config/contracts.yaml, as store_day"
            ),
            option("period", metavar="PERIOD", help=f"{A_PERIOD}; or yesterday"),
            option(
                "--wait",
                type=seconds,
                metavar="TIME",
                help="wait until it is, at most so long, as 30m or 2h",
            ),
            JSON,
        ],
        needs="as is",
    ),
    "doctor": Command(
        "look at everything and say what to repair (exit code 0 nothing, 1 something)",
        "doctor.examining:doctor",
        [JSON],
        needs="as is",
    ),
    "alerts": Command(
        "list what is wrong, since when and who was told (exit code 1: something), or answer it",
        "commands.alerts.listing:alerts",
        [JSON],
        needs="as is",
        parts=PARTS_OF_ALERTS,
    ),
    "watch": Command(
        "look at what is wrong every 30 s, and say it, as the component watchdog does",
        "watchdog:watch",
        [flag("--once", "once, as from a crontab (exit code 1: something is wrong)")],
        needs="as is",
    ),
    "connect": Command(
        "ask for a connection's address and secrets, keep them, and try them at once",
        "commands.connect:connect",
        [
            option(
                "connection",
                metavar="CONNECTION",
                help="one that shops.yaml or feeds.yaml names, as pdd_1",
            )
        ],
    ),
    "migrate": Command(
        "give the warehouse that the connection names the newest tables; says from which version",
        "commands.migrate:migrate",
        [
            option(
                "--copy-from",
                metavar="FILE",
                help="also copy all rows of a SQLite warehouse, such as var/warehouse.db, if it is "
                "empty",
            )
        ],
    ),
    "backup": Command(
        "write databases, configuration and secrets to one file, while the service runs",
        "backup.packing:backup",
        [option("file", metavar="FILE", nargs="?", help="where to (var/backups/DATE.tar.gz)")],
        needs="as is",
    ),
    "restore": Command(
        "bring a backup back; overwrites nothing without --yes",
        "backup.restoring:restore",
        [
            option("file", metavar="FILE", help="a file that `backup` wrote"),
            flag("--yes", "overwrite what is there"),
        ],
    ),
    "rotate": Command(
        "make new keys or passwords, while the service is stopped",
        "commands.rotate:rotate",
        [
            option(
                "kind",
                choices=("fernet", "sessions", "passwords"),
                help="the key of stored connections; that of sessions; the web users' passwords",
            )
        ],
    ),
    "test": Command(
        "run the tests; --campaign adds the long ones, --airflow 3.4 runs those that know Airflow "
        "on that version; other arguments go to pytest",
        "commands.test:test",
        needs="development",
        writes_var=False,
        passes_on="[--airflow VERSION] [--campaign] [PYTEST ARGUMENT ...]",
    ),
    "airflow": Command(
        "run Airflow's own command with the project's settings",
        "commands.airflow:airflow",
        passes_on="[ARGUMENT ...]",
    ),
    "docker-env": Command(
        "write the .env that docker-compose.yaml needs, with fresh secrets",
        "commands.docker_env:write",
        needs="nothing",
    ),
}
