"""What a project's config/ holds, and everything that is wrong with it, each part and together.

The jobs are compared with what they name: feeds, tables with their columns, pools. A team may land
in tables of its own, so a table that is not known is never wrong; a column that a known table does
not have always is.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from include import PROJECT_ROOT
from include.language import LANGUAGES, N_, SETTING, _
from include.registry import Job, Problem, Registry, load_registry
from include.registry.airflow_objects import POOL_EXAMPLE, read_pools
from include.registry.alerts import AlertConfiguration, load_alerts
from include.registry.contracts import Contracts, load_contracts
from include.registry.feeds import Feeds, load_feeds
from include.registry.paths import CONFIG, FEED_SCRIPTS, LANGUAGE_FILE, POOLS_FILE
from include.registry.problems import BY_PLACE, costing_only
from include.registry.user_files import UnreadableError, check_encoding, read_bytes, stray_files
from include.text import MISTYPED, nearest, quoted, suggestion
from include.warehouse.views import COLUMNS, TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OPTION = "--feed"
# Where SQLite and PostgreSQL look for a table without a schema; another is the team's own.
OWN_SCHEMAS = ("main", "public")
AUTO = "auto"
COMMENT = re.compile(r"(^|\s+)#.*|\s+$")
BYTE_ORDER_MARK = "\ufeff"
Scope = tuple[str | None, ...]  # whose rows a job replaces


class Checked(NamedTuple):
    """A project's config/."""

    registry: Registry
    feeds: Feeds
    alerts: AlertConfiguration  # where its alerts go
    contracts: Contracts
    problems: list[Problem]  # everything that is wrong, by file and line


def check_project(root: Path = PROJECT_ROOT, now: datetime | None = None) -> Checked:
    """Read and check a project; neither what is written there nor a fault of ours raises.

    Args:
        root: the project root.
        now: aware; from when on mutes hold; now, unless given.
    """
    registry, feeds = load_registry(root), load_feeds(root)
    alerts = load_alerts(root, registry, now or datetime.now(timezone.utc))
    contracts = load_contracts(root, registry)
    problems = [
        problem for part in (registry, feeds, alerts, contracts) for problem in part.problems
    ]
    taken: dict[Scope, Job] = {}
    for job in registry.jobs.values():
        with costing_only(job.file, job.line, job.id, problems):
            problems.extend(feed_problems(job, feeds, taken))
            problems.extend(column_problems(job))
    with costing_only(CONFIG, 1, None, problems):
        problems.extend(stray_files(root))
    with costing_only(LANGUAGE_FILE, 1, None, problems):
        problems.extend(language_problems(root))
    with costing_only(POOLS_FILE, 1, None, problems):
        problems.extend(pool_problems(root, list(registry.jobs.values())))
    problems.sort(key=BY_PLACE)
    return Checked(registry, feeds, alerts, contracts, problems)


def feed_of(job: Job) -> str | None:
    """Return the id of the feed that a job reads; None when it reads none."""
    if job.script not in FEED_SCRIPTS:
        return None
    for place, word in enumerate(job.args):
        if word == OPTION:
            return job.args[place + 1] if place + 1 < len(job.args) else None
        if word.startswith(f"{OPTION}="):
            return word.removeprefix(f"{OPTION}=")
    return None


def feed_problems(job: Job, feeds: Feeds, taken: dict[Scope, Job]) -> Iterator[Problem]:
    """Return that a job names no feed or one that it cannot read, or takes another job's place.

    Args:
        job: any.
        feeds: what config/feeds.yaml says.
        taken: whose rows each job that was looked at before lands; this one is added.
    """
    if job.script not in FEED_SCRIPTS:
        return
    problem = _feed_problem(job, feeds)
    feed = feeds.by_id.get(feed_of(job) or "")
    if not problem and feed and job.enabled:  # one that is not runs by hand alone
        # Weeks that begin on different days have different keys.
        week_start = job.week_start if job.period == "week" else None
        other = taken.setdefault((feed.table, job.platform, job.period, week_start), job)
        if other is not job:
            problem = _(
                "its rows in {table} take the place of those of job {other} ({where}), for the "
                "same shops and the same {period}: let one job read the feed that has all of "
                "them, or write 'enabled: false' in one",
                table=feed.table, other=other.id, where=f"{other.file}:{other.line}",
                period=job.period,
            )  # fmt: skip
    if problem:
        yield _problem(job, problem)


def _feed_problem(job: Job, feeds: Feeds) -> str:
    feed_id = feed_of(job)
    if feed_id is None:
        return _("script {script} reads a feed: add args: [--feed, pdd_review]", script=job.script)
    if feed_id not in feeds.said:
        whole_file = any(problem.job_id is None for problem in feeds.problems)
        return "" if whole_file else feeds.unknown(feed_id)
    feed = feeds.by_id.get(feed_id)
    if feed is None:  # its own problem is told
        return ""
    if problem := feed.landing.misfit(job.period):
        return _("feed {feed}: {problem}", feed=feed_id, problem=problem)
    if feed.connection not in job.connection_ids:
        return _(
            "connections is {given}, without {connection!r} of feed {feed}: write connections: "
            "[{connection}]",
            given=str(job.connection_ids), connection=feed.connection, feed=feed_id,
        )  # fmt: skip
    wants_total = job.checks is not None and job.checks.control_total is not None
    return (
        _(
            "checks.control_total: feed {feed} names no total: add the path of one under its "
            "paging ({place}), or remove control_total",
            feed=feed.id, place=feed.place,
        )
        if wants_total and feed.paging.total is None
        else ""
    )  # fmt: skip


def column_problems(job: Job) -> Iterator[Problem]:
    """Return which columns the checks of a job name in vain."""
    checks = job.checks
    table = _own_name(checks.table) if checks and checks.table else ""
    if checks is None or table not in COLUMNS:
        return
    for key, names in (("day", [checks.day]), ("columns", checks.columns)):
        for name in filter(None, names):
            if name.lower() not in COLUMNS[table]:
                wrong = N_("checks.{key}: {table} has no column {column}: {near}")
                near = suggestion(name, COLUMNS[table])
            elif key == "day" and TIMES[table] and name.lower() not in TIMES[table]:
                wrong = N_("checks.{key}: {column} of {table} is no date or time: {near}")
                near = suggestion(name, TIMES[table])
            else:
                continue
            yield _problem(job, _(wrong, key=key, table=table, column=quoted(name), near=near))


def nearest_table(job: Job) -> str | None:
    """Return the table that a job's checks seem to mean, if the one they name is none of ours."""
    table = job.checks.table if job.checks else None
    if table is None or _own_name(table) in COLUMNS:
        return None
    return nearest(_own_name(table), COLUMNS, MISTYPED)


def _own_name(table: str) -> str:
    """Return a table's name without the schema that the project's tables are in."""
    name = table.lower()
    for schema in OWN_SCHEMAS:
        name = name.removeprefix(f"{schema}.")
    return name


def pool_problems(root: Path, jobs: Sequence[Job]) -> Iterator[Problem]:
    """Yield what is wrong with the pools, and which enabled jobs have a platform without one.

    A task whose pool is missing waits for ever.
    """
    wanted = [job for job in jobs if job.enabled and job.platform]
    if not wanted and not (root / POOLS_FILE).exists():
        return
    pools = read_pools(root)
    yield from pools.problems
    for job in wanted:
        if pools.named is not None and job.platform not in pools.named:
            message = _(
                "platform {platform!r} has no pool, and its tasks would wait for ever: add "
                '"{platform}": {example} to {file}',
                platform=job.platform, example=POOL_EXAMPLE, file=POOLS_FILE,
            )  # fmt: skip
            yield _problem(job, message)


def _problem(job: Job, message: str) -> Problem:
    return Problem(job.file, job.line, 1, job.id, message)


def language_problems(root: Path) -> Iterator[Problem]:
    """Yield a problem for each line that is not the setting; without a file there is none."""
    if not (root / LANGUAGE_FILE).exists():
        return
    try:
        raw = read_bytes(root, LANGUAGE_FILE)
        check_encoding(LANGUAGE_FILE, raw)
    except UnreadableError as error:
        yield error.problem
        return
    known = [AUTO, *LANGUAGES]
    said = False
    for number, line in enumerate(raw.decode().removeprefix(BYTE_ORDER_MARK).splitlines(), 1):
        text = COMMENT.sub("", line)
        found = SETTING.fullmatch(text)
        if text and not (found and found["language"] in known):
            message = _(
                "{text} is not the setting: write language: and one of {known}",
                text=quoted(text), known=known,
            )  # fmt: skip
            yield Problem(LANGUAGE_FILE, number, 1, None, message)
        elif text and said:
            message = _("the language is set twice: remove this line")
            yield Problem(LANGUAGE_FILE, number, 1, None, message)
        said = said or bool(text)
