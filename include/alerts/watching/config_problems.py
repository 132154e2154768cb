"""The findings of kind `configuration` that files make: config/, and what Airflow cannot import."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePath
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Kind, Missing
from include.language import N_
from include.registry import TASKS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.alerts.watching.scope import Scope
    from include.registry import Problem

BROKEN_ENTRY = N_("job {name} does not run, its entry is wrong: {first}")
BROKEN_FILE = N_("the configuration is wrong: {first}")
NOT_IMPORTED = N_("Airflow cannot import {file}: {error}")
CORRECT = N_("correct it, then run `{check}`")


@dataclass(frozen=True)
class ImportFailure:
    """A file that Airflow cannot import: its name, the error's last line, and since when."""

    file: str
    error: str
    since: datetime


def problem_findings(
    scope: Scope, problems: Sequence[Problem], jobs_were: dict[str, str]
) -> Iterator[Finding]:
    """Yield one for each job, or file, with problems.

    Args:
        scope: of the round.
        problems: of everything in config/.
        jobs_were: what jobs were called when they could last be read, by id.
    """
    groups: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.job_id or problem.file].append(problem)
    for subject, found in groups.items():
        name = jobs_were.get(subject, subject)
        of_a_job = found[0].job_id is not None and found[0].file.startswith(TASKS_FOLDER)
        broken = of_a_job and subject not in scope.registry.jobs
        said = BROKEN_ENTRY if broken else BROKEN_FILE
        what = scope.say(said, name=name, first=scope.quote(str(found[0])))
        since = min(_changed(scope, problem.file) for problem in found)
        more = tuple(
            Missing("-", f"{problem.file}:{problem.line}", scope.quote(problem.message))
            for problem in found[1:]
        )
        yield _finding(scope, subject, name, what, since, more)


def import_findings(scope: Scope, failures: Iterable[ImportFailure]) -> Iterator[Finding]:
    """Yield one for each file that Airflow cannot import."""
    for failure in failures:
        name = PurePath(failure.file).name
        what = scope.say(NOT_IMPORTED, file=failure.file, error=scope.quote(failure.error))
        yield _finding(scope, failure.file, name, what, failure.since, ())


def _finding(  # noqa: PLR0917 - what a finding consists of
    scope: Scope,
    subject: str,
    name: str,
    what: str,
    since: datetime,
    units: tuple[Missing, ...],
) -> Finding:
    job = scope.registry.jobs.get(subject)
    return Finding.of(
        Kind.CONFIGURATION,
        subject,
        since,
        scope.zone,
        name=name,
        platform=job.platform if job else None,
        tags=job.tags if job else (),
        units=units,
        what=what,
        remedy=scope.say(CORRECT, check=scope.to_do("check")),
    )


def _changed(scope: Scope, file: str) -> datetime:
    """Return when a file was edited last; now where it is not there."""
    try:
        edited = (scope.root / file).stat().st_mtime
    except OSError:
        return scope.now
    return min(scope.now, datetime.fromtimestamp(edited, timezone.utc))
