"""Reports on config/: its problems, or what it makes happen; and what it has in vain."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from include import PROJECT_ROOT
from include.language import ENGLISH, N_, Message, _, speaking
from include.periods import CALLED
from include.registry import Problem
from include.registry.alerts import KINDS
from include.registry.checks.interpreters import troubles_of
from include.registry.checks.project import check_project, feed_of, nearest_table
from include.registry.checks.scripts import is_placeholder, notes_on_scripts
from include.registry.dated_scripts import clock_beside_args, dating_of
from include.registry.description import Run, in_words, next_runs, period_in_words
from include.registry.paths import ALERTS_FILE, FEEDS_FILE, SHOPS_FILE
from include.registry.problems import BY_PLACE, costing_only
from include.registry.user_files import put_aside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.registry import Job, Registry
    from include.registry.alerts import AlertConfiguration
    from include.registry.checks.project import Checked
    from include.registry.contracts import Contract

    Described: TypeAlias = list[tuple[dict[str, Any], str]]  # facts of a job, and its line

WITHOUT_SHOP = N_(
    "there is no enabled shop on {platform}: list one in config/shops.yaml, or write "
    "'enabled: false' into the job's entry"
)


def report(
    root: Path = PROJECT_ROOT, *, as_json: bool = False, now: datetime | None = None
) -> tuple[list[str], int]:
    """Return the lines that `scheduler_manager.py check` prints, and its exit code.

    Args:
        root: the project root.
        as_json: one JSON document in place of the lines, in English for whoever reads it.
        now: aware; what comes next comes after it.

    Returns:
        One line per problem and 1; without problems one per job, then the notes, and 0.
    """
    now = now or datetime.now(timezone.utc)
    if as_json:
        with speaking(ENGLISH):
            return _report_json(*_look_at(root, now))
    found, described, notes = _look_at(root, now)
    if found.problems:
        return [str(problem) for problem in found.problems], 1
    lines = [line for _facts, line in described]
    contracts = found.contracts.by_id.values()
    lines += [_contract_in_words(contract, found.registry, now) for contract in contracts]
    if channels := [f"{one.id} ({one.kind})" for one in found.alerts.channels.values()]:
        told = _("{file}: alerts are sent to {channels}", file=ALERTS_FILE, channels=channels)
        lines.append(told)
    return [*lines, *(_("note: {note}", note=note) for note in notes)], 0


def _report_json(found: Checked, described: Described, notes: list[str]) -> tuple[list[str], int]:
    problems = [asdict(problem) for problem in found.problems]
    jobs = [facts for facts, _line in described]
    document = {"jobs": jobs, "problems": problems, "notes": notes}
    return [json.dumps(document, ensure_ascii=False, indent=2)], 1 if problems else 0


def _look_at(root: Path, now: datetime) -> tuple[Checked, Described, list[str]]:
    """Return what a project holds, each job's facts with its line, and the notes."""
    found = check_project(root, now)
    described: Described = []
    for job in found.registry.jobs.values():
        with costing_only(job.file, job.line, job.id, found.problems):
            described.append(_described(job, now))
    lacking = []
    for job, is_certain, text in troubles_of(found.registry.jobs.values()):
        if is_certain:
            found.problems.append(Problem(job.file, job.line, 1, job.id, text))
        else:
            lacking.append(f"{job.file}:{job.line}: {job.id}: {text}")
    found.problems.sort(key=BY_PLACE)
    return found, described, [*_notes(found, root, now), *lacking]


def _notes(found: Checked, root: Path, now: datetime) -> Iterator[str]:
    """Return what is valid but does nothing, or hardly what was meant."""
    registry = found.registry
    jobs = registry.jobs.values()
    for file in put_aside(root):
        yield _("{file}: is not read: it is taken for a copy that was put aside", file=file)
    if not jobs:
        yield _("there is no job: add an entry to a file in config/tasks")
    yield from notes_on_scripts(root, jobs)
    pulled = {job.platform for job in jobs if job.enabled}
    for shop in registry.shops.values():
        if shop.enabled and shop.platform not in pulled:
            yield _(
                "{file}: {shop}: no enabled job pulls from {platform}: add an entry, or remove the "
                "shop",
                file=SHOPS_FILE, shop=shop.id, platform=shop.platform,
            )  # fmt: skip
    for job in jobs:
        yield from (f"{job.file}:{job.line}: {job.id}: {note}" for note in _notes_of(job, found))
    yield from _notes_of_feeds(found)
    yield from _notes_of_contracts(found)
    if (root / ALERTS_FILE).exists():
        yield from (f"{ALERTS_FILE}: {note}" for note in _notes_of_alerts(found.alerts, now))


def _notes_of_feeds(found: Checked) -> Iterator[str]:
    read = {feed_of(job) for job in found.registry.jobs.values()}
    for feed in found.feeds.by_id:
        if feed not in read:
            yield _(
                "{where}: {feed}: no job reads this feed: add an entry with args: [--feed, "
                "{feed}], or remove it",
                where=f"{FEEDS_FILE}:{found.feeds.said[feed]}", feed=feed,
            )  # fmt: skip


def _notes_of_contracts(found: Checked) -> Iterator[str]:
    registry = found.registry
    for contract in found.contracts.by_id.values():
        for note in _notes_of_contract(contract, registry):
            yield f"{contract.place}: {contract.id}: {note}"
        if not _is_awaited(contract, registry):
            for job in registry.jobs.values():
                if job.after == contract.id:
                    yield _(
                        "{where}: {job}: it has no runs, since contract {contract} is never "
                        "complete: enable a job of that, or let it run after another one",
                        where=f"{job.file}:{job.line}", job=job.id, contract=contract.id,
                    )  # fmt: skip


def _notes_of_contract(contract: Contract, registry: Registry) -> Iterator[str]:
    jobs = contract.jobs_of(registry.jobs)
    if not _is_awaited(contract, registry):
        yield _(
            "it is never complete, since nothing is expected of its jobs, which are disabled or "
            "have no enabled shop: enable one, or remove the contract"
        )
        return
    for job in jobs:
        if not job.enabled:
            yield _(
                "it does not wait for {job}, which is disabled: enable it, or remove it here",
                job=job.id,
            )
    most = max(len(registry.shops_of(job)) if job.platform else 1 for job in jobs)
    if isinstance(contract.min_shops, int) and contract.min_shops > most:
        yield _(
            "min_shops is {count:,}, and no job of it has more than {most:,}: all of them must "
            "land; write 'min_shops: all' where that is meant",
            count=contract.min_shops, most=most,
        )  # fmt: skip


def _is_awaited(contract: Contract, registry: Registry) -> bool:
    """Return whether anything is expected of a contract, so that it can ever be complete."""
    jobs = contract.jobs_of(registry.jobs)
    return len(jobs) < len(contract.jobs) or any(
        job.enabled and (not job.platform or registry.shops_of(job)) for job in jobs
    )


def _contract_in_words(contract: Contract, registry: Registry, now: datetime) -> Message:
    """Return what a contract waits for, and until when it should be complete."""
    shops: str
    if isinstance(contract.min_shops, float):
        shops = _("all shops")
        if contract.min_shops < 1:
            shops = _("{share:.0%} of the shops", share=contract.min_shops)
    else:
        shops = _("{count:,} shops", count=contract.min_shops)
    period = contract.calendar.last_ended(now)
    jobs = contract.jobs_of(registry.jobs)
    return _(
        "{id} {name}: contract of {kind}, complete when {jobs} have landed with {shops} each; "
        "{period} is due by {deadline:%Y-%m-%d %H:%M} ({zone})",
        id=contract.id, name=contract.name, kind=_(CALLED[contract.period]), jobs=contract.jobs,
        shops=shops, period=period.key, deadline=contract.deadline_of(jobs, period),
        zone=contract.timezone,
    )  # fmt: skip


def _notes_of_alerts(alerts: AlertConfiguration, now: datetime) -> Iterator[str]:
    if not alerts.said and not alerts.problems:
        yield _("no alert is sent: there is no channel; docs/alerts.md says how to add one")
    sent = {kind for route in alerts.routes for kind in route.on}
    if alerts.routes and (kinds := [kind for kind in KINDS if kind not in sent]):
        yield _(
            "no route sends alerts of kind {kinds}: add a route, if they are to be sent",
            kinds=kinds,
        )
    today = now.astimezone(ZoneInfo(alerts.general.timezone)).date()
    for mute in alerts.mutes:
        if mute.until < today:
            job = " ".join(filter(None, (mute.job, mute.shop)))
            yield _("the mute of {job} has ended ({until}): remove it", job=job, until=mute.until)


def _notes_of(job: Job, found: Checked) -> Iterator[str]:
    if job.enabled and job.platform and not found.registry.shops_of(job):
        yield _(WITHOUT_SHOP, platform=job.platform)
    if job.checks and (near := nearest_table(job)):
        yield _(
            "checks.table '{table}' is no table of this project: did you mean '{near}'? (right as "
            "it is, if it is a table of your own)",
            table=job.checks.table, near=near,
        )  # fmt: skip
    dating = dating_of(job)
    if job.dated is None and not dating.dated and not is_placeholder(job.script_path):
        yield _(
            "the script takes no period, so the job runs for the one that ended last, and an older "
            "one cannot be pulled again ({because}): let it read PERIOD_KEY, or write 'dated: "
            "true' if it can bring any period, 'dated: false' if not",
            because=dating.because,
        )
    if found_clock := clock_beside_args(job):
        because, line = found_clock
        yield _(
            "{because}, but line {line} of the script asks the clock: if that is how it finds its "
            "day, it brings another one than it is run for: let it use the argument, or write "
            "'dated: false'; 'dated: true' if it does use it",
            because=because, line=line,
        )  # fmt: skip
    if not dating.dated and (tz := job.env.get("TZ", job.timezone)) != job.timezone:
        yield _(
            "env sets TZ to '{tz}', and the script takes no period: it would work out another day "
            "than {zone} has, and is not run: remove TZ from env",
            tz=tz, zone=job.timezone,
        )  # fmt: skip


def _described(job: Job, now: datetime) -> tuple[dict[str, Any], str]:
    """Return what there is to say of a job: as JSON, and as a line."""
    runs = [*next_runs(job, now)] if job.enabled else []
    dating = dating_of(job)
    facts = {
        "id": job.id,
        "name": job.name,
        "file": job.file,
        "line": job.line,
        "cron": "" if job.after else job.cron,
        "after": job.after,
        "timezone": job.timezone,
        "period": job.period,
        "enabled": job.enabled,
        "dated": dating.dated,
        "dated_because": dating.because,
        "schedule": in_words(job),
        "next": [
            {"at": fire.isoformat(), "period": period.key} for fire, period in runs if not job.after
        ],
    }
    line = _("{id} {name}: {schedule} ({zone})", id=job.id, name=job.name,
             schedule=facts["schedule"], zone=job.timezone)  # fmt: skip
    return facts, _("{job}; {runs}", job=line, runs=_runs_in_words(job, runs))


def _runs_in_words(job: Job, runs: list[Run]) -> Message:
    if not job.enabled:
        return _("disabled, runs by hand only")
    if job.after and runs:
        at, period = runs[0]
        return _(
            "next: expected by {at:%H:%M}, late at {late:%Y-%m-%d %H:%M} for {period}",
            at=at, late=job.deadline_of(period), period=period.key,
        )  # fmt: skip
    told = [
        _("{at:%Y-%m-%d %H:%M} covers {period}", at=at, period=period_in_words(job, period))
        for at, period in runs
    ]
    return _("next: {runs}", runs=told)
