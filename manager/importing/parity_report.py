"""Prints the two tables of an import: when jobs fire there and here, and how they run."""

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

from include.errors import ExpectedError
from include.language import Message, _
from include.registry.checks.interpreters import imports_of, lacking_in
from include.registry.dated_scripts import look_at
from include.registry.quantities import write_duration
from manager.importing.old_jobs import OldSchedule
from manager.importing.parity import WINDOW, Comparison, NewJob, Parity
from manager.importing.programs import parse
from manager.importing.source_text import LARGEST, read_text
from manager.table import cut, lined_up

WIDEST = 30  # of schedules; cells


def print_parity(parity: Parity) -> None:
    """Print both tables."""
    by = parity.by or _("the documented rules (--prefect-python PATH asks Prefect itself)")
    print(_("Fire times of {days} days; those there by {by}:", days=WINDOW.days, by=by))
    head: list[str] = [
        _("job"),
        _("schedule there"),
        _("there"),
        _("here"),
        _("zone"),
        _("difference"),
    ]
    rows: list[list[str]] = [head, *(row for one in parity.jobs for row in _fires(one))]
    print(*lined_up(rows), sep="\n")
    for reason, count in Counter(one.reason for one in parity.jobs if one.reason).items():
        print(_("{reason} (jobs: {count})", reason=reason, count=count))
    print()
    print(_("How they run; what differs is shown as there > here:"))
    head = [_("job"), _("timeout"), _("retries"), _("delay"), _("folder"), _("takes a period")]
    rows = [[*head, _("packages that its Python lacks")]]
    packages = _packages([one.new for one in parity.jobs if one.new])
    rows += [_runs(one, one.new, packages) for one in parity.jobs if one.new]
    print(*lined_up(rows), sep="\n")


def _fires(one: Comparison) -> list[list[str]]:
    """Return the lines of a job in the first table."""
    there = "?" if one.there is None else str(len(one.there))
    zone = one.new.schedule.timezone if one.new and one.new.schedule else "-"
    schedules = ", ".join(_shown(each) for each in one.old.schedules)
    difference = one.difference or _("none")
    lines: list[list[str]] = [
        [one.old.name, cut(schedules or "-", WIDEST), there, str(len(one.here)), zone, difference]
    ]
    if not one.old.is_enabled or not any(each.is_active for each in one.old.schedules):
        lines.append(["", "", "", "", "", _("it is switched off there")])
    return lines


def _shown(schedule: OldSchedule) -> str:
    """Return a schedule as its source writes it."""
    if schedule.cron is not None:
        return " ".join(schedule.cron.split())
    if schedule.interval is not None:
        return _("every {time}", time=write_duration(schedule.interval))
    return " ".join((schedule.rrule or "").split())


def _runs(one: Comparison, new: NewJob, packages: dict[Path, list[str]]) -> list[str]:
    """Return the line of a job in the second table."""
    old = one.old
    lacked = packages.get(new.script) if new.script else None
    return [
        old.name,
        _changed(_span(old.timeout), _span(new.timeout)),
        _changed(None if old.retries is None else str(old.retries), str(new.retries)),
        _changed(_span(old.retry_delay), _span(new.retry_delay)),
        _changed(old.cwd, new.cwd),
        _takes_a_period(new),
        "?" if lacked is None else ", ".join(lacked) or "-",
    ]


def _changed(old: str | None, new: str | None) -> str:
    return str(new) if old in (None, new) else f"{old} > {new}"


def _span(span: timedelta | None) -> str | None:
    return None if span is None else write_duration(span)


def _takes_a_period(new: NewJob) -> Message | str:
    """Return whether the text of a script names the period that it is to bring."""
    if new.script is None:
        return "?"
    try:
        if new.script.stat().st_size > LARGEST:
            return "?"
        found = look_at(new.script)
    except OSError:
        return "?"
    if found.named:
        return _("yes, line {line}", line=found.named[0])
    return _("no, only the last one")


def _packages(jobs: list[NewJob]) -> dict[Path, list[str]]:
    """Return what each script imports that its Python lacks; one call for all of a Python."""
    by_python: dict[Path | None, list[Path]] = defaultdict(list)
    for job in jobs:
        if job.script is not None:
            by_python[job.python].append(job.script)
    found: dict[Path, list[str]] = {}
    for python, scripts in by_python.items():
        imports = {one: names for one in scripts if (names := _imports(one)) is not None}
        asked = [(str(script.parent), names) for script, names in imports.items()]
        answer = lacking_in(python, asked)
        if not isinstance(answer, str):
            found |= dict(zip(imports, answer, strict=True))
    return found


def _imports(script: Path) -> list[str] | None:
    """Return what a script imports; None where it is no program of Python 3."""
    try:
        return list(imports_of(parse(read_text(script).text)))
    except (ExpectedError, SyntaxError, RecursionError):
        return None
