"""The findings of what is wrong in config/."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Kind, Missing
from include.language import N_
from include.registry import TASKS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.alerts.watching.scope import Scope
    from include.registry import Problem

BROKEN_ENTRY = N_("job {name} does not run, its entry is wrong: {first}")
BROKEN_FILE = N_("the configuration is wrong: {first}")
CORRECT = N_("correct it, then run `{check}`")


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
        more = tuple(
            Missing("-", f"{problem.file}:{problem.line}", scope.quote(problem.message))
            for problem in found[1:]
        )
        job = scope.registry.jobs.get(subject)
        yield Finding.of(
            Kind.CONFIGURATION,
            subject,
            min(_changed(scope, problem.file) for problem in found),
            scope.zone,
            name=name,
            platform=job.platform if job else None,
            tags=job.tags if job else (),
            units=more,
            what=what,
            remedy=correct(scope),
        )


def correct(scope: Scope) -> str:
    """Return what to do about a file that is wrong."""
    return scope.say(CORRECT, check=scope.to_do("check"))


def _changed(scope: Scope, file: str) -> datetime:
    """Return when a file was edited last; now where it is not there."""
    try:
        edited = (scope.root / file).stat().st_mtime
    except OSError:
        return scope.now
    return min(scope.now, datetime.fromtimestamp(edited, timezone.utc))
