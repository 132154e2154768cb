"""`report`: a day or a period in a page, as text, Markdown or JSON."""

import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from include.coverage import Cell, JudgedUnit
from include.coverage.contract_status import ContractStatus
from include.coverage.report import Digest, Line, digest_of, since_for
from include.errors import ConfigurationError
from include.language import N_, _
from include.periods import Period
from include.registry import Registry
from include.registry.contracts import Contract, load_contracts
from include.units.retention import oldest_kept
from manager.coverage_reader import CoverageReader, coverage_reader
from manager.layout import Layout
from manager.lookup import day_of, first_moment
from manager.report_page import page_of
from manager.table import print_json


class Subject(NamedTuple):
    """What a report is about.

    Attributes:
        option: the option that names it.
        name: as it was written, or today.
        first_day: from which on there can be units of it.
        period: the key that it means; None for what was due on a day.
    """

    option: str
    name: str
    first_day: date
    period: str | None = None

    def has(self, cell: Cell) -> bool:
        """Return whether a job's period is part of it."""
        if self.period is None:
            return cell.due_at.date() == self.first_day
        key = cell.period.key
        return key == self.period or (cell.job.period == "tick" and key.startswith(self.period))

    def period_of(self, contract: Contract, registry: Registry) -> Period | None:
        """Return the period of a contract that is part of it; None where none is.

        On a day it is the one of which the last job runs on that day.
        """
        calendar = contract.calendar
        containing = calendar.containing(calendar.first_instant(self.first_day))
        if self.period is not None:
            return containing if containing.key == self.period else None
        jobs = contract.jobs_of(registry.jobs)
        period = calendar.preceding(containing)
        due = contract.last_start(jobs, period)[0].date() if jobs else None
        return period if due == self.first_day else None


def report(layout: Layout, arguments: Namespace) -> int:
    """Print the page.

    Returns:
        0; 1 when a period was asked for that is not complete.

    Raises:
        ConfigurationError: no day or period, one that has not come or ended, or one of which
            nothing is kept.
        ExpectedError: the warehouse does not answer.
    """
    with coverage_reader(layout) as reader:
        moment = reader.now()
        today = _today(reader.registry, moment)
        subject = _subject(arguments, today)
        _check(subject, today, oldest_kept(reader.registry, moment))
        contracts = load_contracts(layout.root, reader.registry)
        statuses = list(_statuses(reader, contracts.by_id.values(), subject))
        coverage = reader.read(since_for(first_moment(subject.first_day)), in_full=True)
    cells = [cell for cell in coverage.cells if subject.has(cell)]
    if subject.period is not None and not cells:
        raise ConfigurationError(
            "--period {name}: no job has a period of this name that has ended: write a day "
            "like {day}, a week's first day, a month like {month:%Y-%m}, or yesterday",
            name=subject.name,
            day=today - timedelta(days=1),
            month=today.replace(day=1) - timedelta(days=1),
        )
    digest = digest_of(coverage, subject.has)
    broken = [str(problem) for problem in coverage.problems]
    is_complete = not broken and digest.whole.landed == digest.whole.expected
    if arguments.json:
        told = _as_dict(subject, digest, broken, is_complete=is_complete)
        print_json({**told, "contracts": [status.as_dict() for status in statuses]})
    else:
        title = _title(
            subject, sorted({cell.job.period for cell in cells}), is_complete=is_complete
        )
        lines = [*map(str, statuses), *map(str, contracts.problems)]
        print("\n".join(page_of(title, lines, digest, broken, markdown=arguments.markdown)))
    return int(subject.period is not None and not is_complete)


def _title(subject: Subject, kinds: Sequence[str], *, is_complete: bool) -> str:
    if subject.period is None:
        return _("What was due on {day}", day=subject.first_day)
    name = subject.period
    if kinds != ["day"]:
        name = _("{period} ({kinds})", period=name, kinds=[_(kind) for kind in kinds])
    text = N_("{period} is complete") if is_complete else N_("{period} is not complete")
    return _(text, period=name)


def _statuses(
    reader: CoverageReader, contracts: Iterable[Contract], subject: Subject
) -> Iterator[ContractStatus]:
    """Yield how contracts stand; nothing of those of which nothing is expected."""
    for contract in contracts:
        if period := subject.period_of(contract, reader.registry):
            status = reader.status(contract, period)
            if not status.is_vain:
                yield status


def _subject(arguments: Namespace, today: date) -> Subject:
    """Return what the options ask for; raises ConfigurationError when they name no day."""
    word = arguments.period
    if word is None:
        day = today if arguments.date is None else day_of("--date", arguments.date)
        return Subject("--date", str(day), day)
    if word == "yesterday":
        yesterday = today - timedelta(days=1)
        return Subject("--period", word, yesterday, yesterday.isoformat())
    if re.fullmatch("[0-9]{4}-[0-9]{2}", word):
        return Subject("--period", word, day_of("--period", f"{word}-01"), word)
    return Subject("--period", word, day_of("--period", word[: len("2025-10-02")]), word)


def _today(registry: Registry, moment: datetime) -> date:
    """Return the day it is where the first of the jobs is."""
    zones = [job.schedule.zone for job in registry.jobs.values()]
    return moment.astimezone(zones[0] if zones else ZoneInfo("UTC")).date()


def _check(subject: Subject, today: date, kept: datetime) -> None:
    if subject.first_day > today + timedelta(days=1):  # it may have begun elsewhere
        raise ConfigurationError(
            "{option} {day} has not come: today is {today}",
            option=subject.option,
            day=subject.name,
            today=today,
        )
    # By days: a moment of the calendar's first day has no place on every clock.
    if subject.first_day < (kept - timedelta(days=1)).date() or (
        first_moment(subject.first_day).astimezone(timezone.utc) < kept
    ):
        raise ConfigurationError(
            "{option} {day}: of what ended before {kept:%Y-%m-%d} the ledger keeps nothing "
            "(HOUSEKEEPING_LEDGER_DAYS): name a later day",
            option=subject.option,
            day=subject.name,
            kept=kept,
        )


def _as_dict(
    subject: Subject, digest: Digest, broken: Sequence[str], *, is_complete: bool
) -> dict[str, Any]:
    return {
        "day": subject.first_day.isoformat() if subject.period is None else None,
        "period": subject.period,
        "complete": is_complete,
        **_line(digest.whole),
        "platforms": {line.name: _line(line) for line in digest.platforms},
        **{
            name: {line.name: {"periods": line.keys, **_line(line)} for line in lines}
            for name, lines in (("jobs", digest.jobs), ("without_data", digest.without_data))
        },
        "gaps": [
            {"state": unit.state.value, "error": unit.error, **_named(unit)} for unit in digest.gaps
        ],
        "unusual": [
            {**_named(one.unit), "rows": one.rows, "usual": one.usual} for one in digest.unusual
        ],
        "notices": [
            {**_named(unit), "notice": unit.row.notice} for unit in digest.noted if unit.row
        ],
        "restated": [
            {
                **_named(unit),
                "revision": unit.row.revision,
                **unit.row.drift._asdict(),
                "at": unit.row.restated_at.isoformat(),
            }
            for unit in digest.restated
            if unit.row and unit.row.drift and unit.row.restated_at
        ],
        "slowest": [
            {**_named(unit), "seconds": round(unit.row.seconds or 0, 1)}
            for unit in digest.slowest
            if unit.row
        ],
        "broken": list(broken),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "expected": line.expected,
        "landed": line.landed,
        "missing": line.missing,
        "waiting": line.waiting,
        "states": {state.value: number for state, number in line.counts.items()},
        "rows": line.rows,
        "usual_rows": line.usual or None,
        "slowest_seconds": line.seconds,
    }


def _named(unit: JudgedUnit) -> dict[str, str]:
    return {"job": unit.job_id, "shop": unit.shop_id, "period": unit.period.key}
