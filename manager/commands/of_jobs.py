"""The commands that run jobs, and ask and answer what landed; standard library only."""

from manager.commands.options import (
    AGAIN,
    GAP_FILTERS,
    JOB,
    JSON,
    PERIOD,
    SHOPS,
    TO_WAIVE,
    Command,
    either,
    flag,
    option,
    seconds,
)

OF_JOBS = {
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
        [flag("--write-docs", "write docs/jobs.md and docs/jobs.zh-CN.md again")],
        writes_var=False,
    ),
    "run": Command(
        "run a job's script here and now, without Airflow",
        "commands.run:run",
        [
            *(JOB, PERIOD),
            option("--from KEY", "first of several periods, written as above", dest="first"),
            option("--to KEY", "last of several periods", dest="last"),
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
        [*TO_WAIVE, option("--reason TEXT", "why it can never be pulled", required=True)],
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
                option("--date DAY", "what was due on this day (today)"),
                option(
                    "--period KEY",
                    "what covers this business day, week or month, such as 2025-10-02, "
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
            option("contract CONTRACT", "an id of config/contracts.yaml, as store_day"),
            option(
                "period PERIOD",
                "the day 2025-10-02, the week that begins on 2025-09-27, or the month 2025-09, "
                "as the job has one; or yesterday",
            ),
            option("--wait TIME", "wait until it is, at most so long, as 30m or 2h", type=seconds),
            JSON,
        ],
        needs="as is",
    ),
}
