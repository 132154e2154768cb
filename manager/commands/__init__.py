"""The commands of `scheduler_manager.py`, in the order in which `--help` lists them.

`--help` and mistakes are answered before anything is installed. So this file, `of_jobs` and
`options` need no package; what a command does stands in a module that is imported when the command
is called.
"""

from manager.commands.alerts import PARTS as PARTS_OF_ALERTS
from manager.commands.of_jobs import OF_JOBS
from manager.commands.options import (
    HOST,
    JSON,
    NOW,
    PERIOD,
    PORT,
    Command,
    count,
    either,
    flag,
    option,
)

COMMANDS = {
    "demo": Command(
        "install, start, and land the last period of every job while you watch",
        "commands.demo:demo",
        [
            option("--job JOB", "job to run, repeatable (all of them)", action="append"),
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
                    "print gaps, alerts and limits as metrics, for a textfile collector, "
                    "whether the service runs or not (exit code 0)",
                ),
            )
        ],
        needs="as is",
    ),
    "logs": Command(
        "show the journal, a component's log, or the log of a job's last task",
        "commands.logs:logs",
        [
            option("name COMPONENT|JOB", "whose log (the journal)", nargs="?"),
            flag("--follow", "go on until Ctrl-C"),
            option("--lines N", "how many lines to begin with (50)", type=count, default=50),
        ],
        needs="as is",
    ),
    "import": Command(
        "bring an old scheduler's jobs here: shows the plan, with --yes writes it (exit code "
        "1: some job gets no entry)",
        "commands.importing:importing",
        [
            option(
                "sources SOURCE",
                "scheduler_config.py and scheduler_flows.py, prefect.yaml, prefect.db or the "
                "address of Prefect's API, a crontab, a YAML file of dag-factory, or a folder",
                nargs="*",
            ),
            flag("--yes", "write it; else it is only shown"),
            option(
                "--out FILE",
                "where the entries go (config/tasks/imported.yaml)",
                default="config/tasks/imported.yaml",
            ),
            option(
                "--scripts",
                "copy the scripts below include/scripts/imported, or leave that to you (copy)",
                choices=("copy", "none"),
                default="copy",
            ),
            option(
                "--start DAY",
                "the first business day that is expected (the one after its last good run "
                "there, else today)",
            ),
            either(
                flag(
                    "--check",
                    "compare the imported jobs with what they were, or with what SOURCE says "
                    "now (exit code 1: something differs)",
                ),
                option(
                    "--enable JOB",
                    "let an imported job run by its schedule; says how to stop the old one",
                ),
                option(
                    "--confirm JOB",
                    "what --check shows of a job, or of all, is meant to differ: it is no "
                    "difference until it changes",
                ),
            ),
            option(
                "--prefect-python PATH",
                "a Python that has Prefect, to ask it when jobs fire there (by its documented "
                "rules)",
            ),
        ],
        writes_var=False,
    ),
    **OF_JOBS,
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
        [option("connection CONNECTION", "one that shops.yaml or feeds.yaml names, as pdd_1")],
    ),
    "probe": Command(
        "say who we are at a platform: which shops, what limit, three rows as they would land; "
        "changes nothing (exit code 0 it answers, 75 not now, 77 credentials, 78 configuration)",
        "commands.probe:probe",
        [
            option("connection CONNECTION", "one that shops.yaml or feeds.yaml names, as pdd_1"),
            JSON,
        ],
    ),
    "new": Command(
        "make the files of a new job (script, entry, test) or platform (dialect, codes, "
        "sandbox gateway, job, test), which run at once; says what to edit next",
        "commands.new:new",
        [
            option("kind", "what is made", choices=("job", "platform")),
            option("id ID", "what it is called everywhere: a-z, 0-9 and _, as pdd_quality"),
            option("--name TEXT", "what people call it (its id)"),
            option("--english TEXT", "a platform's name in English (its name)"),
        ],
        writes_var=False,
    ),
    "migrate": Command(
        "give the warehouse that the connection names the newest tables; says from which version",
        "commands.migrate:migrate",
        [
            option(
                "--copy-from FILE",
                "also copy all rows of a SQLite warehouse, such as var/warehouse.db, if it is "
                "empty",
            )
        ],
    ),
    "backup": Command(
        "write databases, configuration and secrets to one file, while the service runs",
        "backup.packing:backup",
        [option("file FILE", "where to (var/backups/DATE.tar.gz)", nargs="?")],
        needs="as is",
    ),
    "restore": Command(
        "bring a backup back; overwrites nothing without --yes",
        "backup.restoring:restore",
        [
            option("file FILE", "a file that `backup` wrote"),
            flag("--yes", "overwrite what is there"),
        ],
    ),
    "rotate": Command(
        "make new keys or passwords, while the service is stopped",
        "commands.rotate:rotate",
        [
            option(
                "kind",
                "the key of stored connections; that of sessions; the web users' passwords",
                choices=("fernet", "sessions", "passwords"),
            )
        ],
    ),
    "test": Command(
        "run the tests; --campaign adds the long ones, --airflow 3.4 runs those that know "
        "Airflow on that version; other arguments go to pytest",
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
