"""Whether an imported job runs in the old scheduler, too."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cached_property

from include import MANAGER
from include.errors import ConfigurationError
from include.language import N_, _
from include.registry.checks import check_project
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at
from manager.importing import crontab
from manager.importing.enabling import how_to_stop
from manager.importing.old_jobs import OldJob, Read
from manager.importing.prefect_api import makes_runs
from manager.importing.recognising import ADDRESS
from manager.importing.record import Imported, read_records

PREFECT = "http://127.0.0.1:4200/api"  # where it answers unless told otherwise
ANSWER_SECONDS = 5.0


@looks_at(N_("old scheduler"))
def check_old_scheduler(patient: Patient) -> Iterator[Finding]:
    """Name the imported jobs that run in both schedulers, and those that run in neither."""
    records = read_records(patient.layout.root)
    if not records:
        yield Finding(OK, _("no job was imported from one"))
        return
    jobs = check_project(patient.layout.root).registry.jobs
    old = _OldScheduler(records)
    found = False
    for job_id, record in records.items():
        ours = jobs.get(record.ours or "")
        if job_id in jobs and ours and jobs[job_id].enabled and ours.enabled:
            text = _("{job} does the same as {ours}, and both run", job=job_id, ours=ours.id)
            place = f"{ours.file}:{ours.line}"
            remedy = _("write 'enabled: false' into {place}, unless both are to run", place=place)
            yield Finding(WARN, text, remedy)
            found = True
        runs_there = old.runs(record.old)
        if job_id not in jobs or runs_there is None:
            continue
        if runs_there and jobs[job_id].enabled:
            text = _("{job} runs here, and its schedule is active in the old one, too", job=job_id)
            yield Finding(FAIL, text, "; ".join(how_to_stop(record.old)))
            found = True
        elif not runs_there and not jobs[job_id].enabled and record.old.is_enabled:
            text = _("{job} runs neither here nor in the old scheduler any more", job=job_id)
            yield Finding(WARN, text, f"`{MANAGER} import --enable {job_id}`")
            found = True
    if not found:
        yield Finding(OK, _("no imported job runs in both, as far as it answers"))


class _OldScheduler:
    """What is left of it on this machine, or answers."""

    def __init__(self, records: dict[str, Imported]) -> None:
        named = [one.old.place.file for one in records.values()]
        addresses = [file for file in named if file.startswith(ADDRESS)]
        self._addresses = dict.fromkeys([*addresses, os.environ.get("PREFECT_API_URL") or PREFECT])
        self._files = dict.fromkeys(named)

    def runs(self, old: OldJob) -> bool | None:
        """Return whether it still makes runs of a job; None where that is unknown."""
        if old.scheduler == "prefect":
            return self._deployments.get(old.deployment or "")
        if old.scheduler == "cron" and self._crontab is not None:
            return any(
                (one.deployment, one.schedules) == (old.deployment, old.schedules)
                for one in self._crontab.jobs
            )
        return None

    @cached_property
    def _deployments(self) -> dict[str, bool]:
        """Whether Prefect makes runs of each deployment; of what does not answer none is there."""
        found: dict[str, bool] = {}
        for address in self._addresses:
            try:
                found |= makes_runs(address, ANSWER_SECONDS)
            except ConfigurationError:  # noqa: PERF203 -- it is stopped, as it should be
                continue
        return found

    @cached_property
    def _crontab(self) -> Read | None:
        """This user's crontab, and those of the system that were imported; None without cron."""
        jobs: list[OldJob] = []
        if program := shutil.which("crontab"):
            done = subprocess.run(
                [program, "-l"], capture_output=True, timeout=ANSWER_SECONDS, check=False
            )
            jobs += crontab.read_as("crontab -l", done.stdout.decode("utf-8", "replace")).jobs
        elif not any(file.startswith("/etc/cron") for file in self._files):
            return None
        for file in self._files:
            if file.startswith("/etc/cron"):
                jobs += crontab.read(file).jobs
        return Read(tuple(jobs))
