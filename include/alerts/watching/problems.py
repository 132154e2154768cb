"""The findings of kind `configuration` that files make: config/, and what Airflow cannot import."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from pathlib import PurePath
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Kind, Missing
from include.alerts.languages import Said
from include.alerts.watching import actions
from include.alerts.watching.sight import merged
from include.registry import TASKS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.alerts.watching.airflow_state import ImportFailure
    from include.alerts.watching.sight import Sight
    from include.registry import Problem

BROKEN_ENTRY = Said(
    "配置有误，任务 {name} 不会运行：{first}",
    "job {name} does not run, its entry is wrong: {first}",
)
BROKEN_FILE = Said("配置有误：{first}", "the configuration is wrong: {first}")
NOT_IMPORTED = Said("Airflow 无法导入 {file}：{error}", "Airflow cannot import {file}: {error}")
CORRECT = Said("改正后运行 `{check}`", "correct it, then run `{check}`")


def problem_findings(
    sight: Sight, problems: Sequence[Problem], jobs_were: dict[str, str]
) -> Iterator[Finding]:
    """Yield one for each job, or file, with problems.

    Args:
        sight: of the round.
        problems: of everything in config/.
        jobs_were: what jobs were called when they could last be read, by id.
    """
    groups: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.job_id or problem.file].append(problem)
    for subject, found in groups.items():
        name = jobs_were.get(subject, subject)
        of_a_job = found[0].job_id is not None and found[0].file.startswith(TASKS_FOLDER)
        broken = of_a_job and subject not in sight.registry.jobs
        said = BROKEN_ENTRY if broken else BROKEN_FILE
        what = sight.say(said, name=name, first=sight.quote(str(found[0])))
        since = min(_changed(sight, problem.file) for problem in found)
        more = tuple(
            Missing("-", f"{problem.file}:{problem.line}", sight.quote(problem.message))
            for problem in found[1:]
        )
        yield _finding(sight, subject, name, what, since, more)


def import_findings(sight: Sight, failures: Iterable[ImportFailure]) -> Iterator[Finding]:
    """Yield one for each file that Airflow cannot import."""
    for failure in failures:
        name = PurePath(failure.file).name
        what = sight.say(NOT_IMPORTED, file=failure.file, error=sight.quote(failure.error))
        yield _finding(sight, failure.file, name, what, failure.since, ())


def _finding(  # noqa: PLR0917 - what a finding consists of
    sight: Sight,
    subject: str,
    name: str,
    what: str,
    since: datetime,
    units: tuple[Missing, ...],
) -> Finding:
    job = sight.registry.jobs.get(subject)
    said = {"what": what, "remedy": sight.say(CORRECT, check=actions.check(sight))}
    return Finding(
        Kind.CONFIGURATION,
        subject,
        "",
        name,
        (job.platform or "") if job else "",
        tuple(job.tags) if job else (),
        since,
        since,
        units,
        merged(said),
        sight.zone,
    )


def _changed(sight: Sight, file: str) -> datetime:
    """Return when a file was edited last; now where it is not there."""
    try:
        edited = (sight.root / file).stat().st_mtime
    except OSError:
        return sight.now
    return min(sight.now, datetime.fromtimestamp(edited, timezone.utc))
