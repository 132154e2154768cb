"""Prints the two tables of an import: when jobs fire there and here, and how they run."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from include.language import N_, Message, _
from include.registry.dated_scripts import look_at
from include.registry.quantities import write_duration
from include.text import first_of, printable
from manager.importing.old_jobs import OldJob
from manager.importing.parity import WINDOW, Comparison, Parity, shown
from manager.importing.script_access import DRIVE
from manager.importing.script_findings import lacked
from manager.importing.source_text import LARGEST
from manager.table import cut, lined_up

WIDEST = 30  # of schedules; cells
# What stands in a column, and what in a line of its own below the table.
COLUMNS = ("timeout", "retries", "delay")
LINES = {"folder": N_("folder"), "python": "Python", "runs": N_("script")}
# What nobody can mean, and what to do.
FAULTS = {
    "script": N_(
        "scripts that are still missing, a placeholder stands in their place (jobs: {count}; "
        "{jobs}): copy them beside the old files, and run the same import again"
    ),
    "both": N_(
        "enabled here and there (jobs: {count}; {jobs}): stop the old one; `{manager} import "
        "--enable JOB` says how"
    ),
}


def print_parity(parity: Parity) -> None:
    """Print both tables."""
    by = parity.by or _("the documented rules (--prefect-python PATH asks Prefect itself)")
    print(_("Fire times of {days} days; those there by {by}:", days=WINDOW.days, by=by))
    head = [_("job"), _("schedule there"), _("there"), _("here"), _("zone"), _("difference")]
    print(*lined_up([head, *(row for one in parity.jobs for row in _fires(one))]), sep="\n")
    reasons = (one.reason for one in parity.jobs if not _is_confirmed(one, "fires"))
    for reason, count in Counter(filter(None, reasons)).items():
        print(_("{reason} (jobs: {count})", reason=reason, count=count))
    print()
    print(_("How they run; what differs is shown as there > here:"))
    head = [_("job"), _("timeout"), _("retries"), _("delay"), _("encoding"), _("takes a period")]
    print(*lined_up([head, *map(_runs, parity.jobs)]), sep="\n")
    packages = _packages(parity.jobs)
    for one in parity.jobs:
        if lines := list(_besides(one, packages)):
            print(f"  {printable(one.pair.old.name)}", *lined_up(lines, "    "), sep="\n")
    if packages:
        print(_("packages: make an environment that has them, and write its Python as 'python' "
                "into the entry"))  # fmt: skip
    for key, text in FAULTS.items():
        jobs = [one.pair.record.job_id for one in parity.jobs if _marked(one, key)]
        if jobs:
            print(_(text, count=len(jobs), jobs=first_of(jobs)))


def _fires(one: Comparison) -> list[list[str]]:
    old, job = one.pair.old, one.pair.job
    there = "?" if one.there is None else str(len(one.there))
    zone = job.timezone if job and job.cron else "-"
    schedules = ", ".join(map(shown, old.schedules))
    difference = next(filter(None, (_marked(one, key) for key in ("gone", "entry", "fires"))), "")
    lines: list[list[str]] = [
        [old.name, cut(schedules or "-", WIDEST), there, str(len(one.here)), zone,
         difference or _("none")]
    ]  # fmt: skip
    if not old.is_enabled or not any(each.is_active for each in old.schedules):
        lines.append(["", "", "", "", "", _("it is switched off there")])
    return lines


def _is_confirmed(one: Comparison, key: str) -> bool:
    """Return whether somebody has said that a difference of this kind is meant."""
    return any(each.key == key and one.is_confirmed(each) for each in one.differences)


def _marked(one: Comparison, key: str) -> str:
    """Return a difference as it is shown; empty for none."""
    found = next((each for each in one.differences if each.key == key), None)
    if found is None or not one.is_confirmed(found):
        return found.text if found else ""
    return _("{difference} (confirmed)", difference=found.text)


def _runs(one: Comparison) -> list[str]:
    job = one.pair.job
    same = ("-", "-", "-")
    if job:
        same = (write_duration(job.timeout), str(job.retries), write_duration(job.retry_delay))
    said = [_marked(one, key) or value for key, value in zip(COLUMNS, same, strict=True)]
    return [one.pair.old.name, *said, _encoding(one.pair.old), _takes_a_period(one.pair.script)]


def _besides(one: Comparison, packages: Mapping[Path, list[str]]) -> Iterator[Sequence[str]]:
    """Yield what no column has room for: a line each, with what it is about."""
    for key, title in LINES.items():
        if said := _marked(one, key):
            yield _(title), said
    if one.pair.script and (names := packages.get(one.pair.script)):
        yield _("packages that its Python lacks"), ", ".join(names)
    for note in one.pair.old.notes:
        yield _("not carried over"), note.removeprefix(f"{one.pair.old.name}: ")


def _encoding(old: OldJob) -> str:
    """Return how a script reads and writes files that it opens without saying how."""
    is_of_windows = DRIVE.match(old.script or "") or "\\" in (old.script or "")
    return "GBK > UTF-8" if is_of_windows else "UTF-8"


def _takes_a_period(script: Path | None) -> Message | str:
    """Return whether the text of a script names the period that it is to bring."""
    try:
        if script is None or script.stat().st_size > LARGEST:
            return "?"
        found = look_at(script)
    except OSError:
        return "?"
    if found.named:
        return _("yes, line {line}", line=found.named[0])
    return _("no, only the last one")


def _packages(jobs: Sequence[Comparison]) -> dict[Path, list[str]]:
    by_python: dict[Path | None, list[Path]] = defaultdict(list)
    for one in jobs:
        if one.pair.job is not None and one.pair.script is not None:
            by_python[one.pair.job.python_path].append(one.pair.script)
    return {
        script: names
        for python, scripts in by_python.items()
        for script, names in lacked(python, scripts).items()
        if names
    }
