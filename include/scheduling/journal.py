"""The runner's journal, for what a later task finds: whoever follows a day by it must know."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from include import var_folder
from include.running.journal import Journal
from include.secrets.masking import Masker
from include.secrets.values import secrets_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from logging import Logger

    from include.registry import Job


def write_refusal(job_id: str, run_id: str, zone: tzinfo, reason: str, log: Logger) -> None:
    """Write an event for a run that was asked for what cannot run.

    Args:
        job_id: the job.
        run_id: the run.
        zone: the job's.
        reason: one line.
        log: told when the journal cannot be written.
    """
    journal = Journal.of(var_folder(os.environ), zone)
    try:
        journal.write(job_id, f"refused: {reason} (run {run_id})")
    except OSError as error:
        log.warning("the journal %s cannot be written: %s", journal.path, error)


def write_failures(
    job: Job, reasons: Mapping[str, Sequence[str]], log: Logger, url: str = ""
) -> None:
    """Write an event for each period that failed its checks.

    Args:
        job: whose checks.
        reasons: a line for each fault, by period key.
        log: told when the journal cannot be written; the task fails for what it found.
        url: of the warehouse, whose driver may repeat it.
    """
    journal = Journal.of(var_folder(os.environ), job.schedule.zone)
    masker = Masker(secrets_in({**os.environ, "WAREHOUSE_URL": url}))
    try:
        for key, lines in reasons.items():
            told = [masker.mask(" ".join(line.split())) for line in lines]
            journal.write(f"{job.id} {key}", "failed its checks:", told)
    except OSError as error:
        log.warning("the journal %s cannot be written: %s", journal.path, error)
