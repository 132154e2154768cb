"""One call of the runner: what it was called with, and what all its periods share."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from include import var_folder
from include.errors import ConfigurationError, ExpectedError, reason_of
from include.heartbeats import HEARTBEAT, HEARTBEAT_SECONDS
from include.language import _, below
from include.registry import Job, Registry, load_registry
from include.running.asked import Asked
from include.running.asked_shops import check_shops
from include.running.environment import ALL_SECONDS, GRACE, LOCK_WAIT, RETRY_EARLIER, project_root
from include.running.journal import Journal
from include.running.locking import Holder, UnitLock, check_writable, place_of
from include.text import suggestion

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from include.periods import Period
    from include.running.ledger_writer import LedgerWriter
    from include.running.script_process import Output
    from include.running.signals import Interruption

# Kept for starting, for a script that does not end at once, and for the ledger.
SPARE_SECONDS, SPARE_SHARE = 5.0, 1 / 3


@dataclass(frozen=True)
class Request:
    """One call of the runner."""

    job_id: str  # the job to run
    asked: Asked  # for which periods and shops
    retry_earlier: bool  # whether to retry, once, what failed in earlier periods
    run_id: str  # names the run in the ledger and the journal
    attempt: int  # which try of the run this is, from 1
    root: Path  # the project whose registry counts
    var: Path  # the service's directory
    warehouse_url: str  # where the ledger is; empty for no ledger
    stop_with_parent: str  # see `signals.stop_with_parent`
    all_seconds: float  # how long the whole run may take; 0 for as long as its scripts may
    grace_seconds: float  # from TERM to KILL
    # How long to wait for another run of the same period; by default longer than the grace, so that
    # a retry outwaits what is left of a killed run
    lock_wait_seconds: float
    heartbeat_seconds: float  # between two heartbeats in the ledger

    @classmethod
    def of(cls, words: Namespace, environment: Mapping[str, str]) -> Request:
        """Put the command line's words and the environment together; words win.

        The words are `job_id` and `root` as parsed, and what `Asked.from_words` reads.

        Raises:
            ConfigurationError: a number is invalid, or what is asked for is.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        return cls(
            job_id=words.job_id,
            asked=Asked.from_words(words, environment),
            retry_earlier=environment.get(RETRY_EARLIER) == "1",
            run_id=environment.get("RUN_ID") or f"manual__{now}",
            attempt=int(_number(environment, "ATTEMPT", 1)),
            root=Path(words.root).absolute() if words.root else project_root(environment),
            var=var_folder(environment),
            warehouse_url=environment.get("WAREHOUSE_URL", ""),
            stop_with_parent=environment.get("STOP_WITH_PARENT", ""),
            all_seconds=_number(environment, ALL_SECONDS, 0),
            grace_seconds=_number(environment, GRACE, 10),
            lock_wait_seconds=_number(environment, LOCK_WAIT, 15),
            heartbeat_seconds=_number(environment, HEARTBEAT, HEARTBEAT_SECONDS),
        )


class Context:
    """The request, the registry's answer to it, and where everything is written.

    Raises:
        ConfigurationError: the job, a period or a shop is not what the registry knows, or the
            service's directory cannot be written.
    """

    def __init__(self, request: Request, output: Output, interruption: Interruption) -> None:
        self.request = request
        self.output = output
        self.interruption = interruption
        self.time_left = TimeLeft(request.all_seconds, request.grace_seconds)
        self.registry = load_registry(request.root, only=request.job_id)
        self.job = _find_job(self.registry, request)
        check_shops(self.registry, self.job, request.asked.shops)
        self.periods = request.asked.periods(self.job.schedule, datetime.now(timezone.utc))
        check_writable(request.var)
        self.journal = Journal.of(request.var, self.job.schedule.zone)
        self.ledger = self._open_ledger()  # writes the ledger; None without a warehouse

    def subject(self, period: Period) -> str:
        """Return the name of one of the job's periods in messages."""
        return f"{self.job.id} {period.key}"

    def note(self, subject: str, event: str, details: Sequence[str] = ()) -> None:
        """Print an event and write it to the journal.

        `details` are masked lines for the journal alone; the output has them already.
        """
        self.output.say(_("{subject} {event}", subject=subject, event=event))
        try:
            self.journal.write(subject, self.output.masker.mask(event), details)
        except OSError as error:
            self.output.say(
                _(
                    "the journal {path} cannot be written: {error}",
                    path=self.journal.path,
                    error=reason_of(error),
                )
            )

    def lock(self, period: Period, wait_seconds: float) -> UnitLock:
        """Return the lock of one of the job's periods, held.

        Raises:
            LockHeldError: another run has it.
        """
        lock = UnitLock(self.request.var / "locks", self.job.id, period.key)
        since = datetime.now(self.job.schedule.zone).isoformat(" ", "seconds")
        holder = Holder(os.getpid(), self.request.run_id, since)
        lock.acquire(holder, wait_seconds, self.interruption.__bool__)
        return lock

    def complete_contracts(self, period: Period) -> None:
        """Write down and say which contracts are complete by now, or changed, with a period.

        What goes wrong with that costs the contract, and not the run: what has landed has landed.
        """
        if not self.ledger:
            return
        subject = self.subject(period)
        try:
            for revision in self.ledger.completed(self.request.root, self.job.id, period):
                self.note(subject, _("completes {revision}", revision=revision))
        except Exception as error:  # noqa: BLE001 - whatever it is
            told = self.output.masker.mask(str(error) or repr(error))
            self.note(subject, _("its contracts could not be judged:"), told.splitlines())

    def _open_ledger(self) -> LedgerWriter | None:
        if not self.request.warehouse_url:
            self.output.say(_("no WAREHOUSE_URL: this run is not written to the ledger"))
            return None
        from include.running.ledger_writer import LedgerWriter  # noqa: PLC0415 - loads SQLAlchemy

        request = self.request
        return LedgerWriter(
            request.warehouse_url, request.run_id, place_of(request.var), request.heartbeat_seconds
        )


class TimeLeft:
    """The time that the run has, so that it is the runner that ends its script and says why.

    Airflow ends a task, and the runner with it, when the timeout that the web UI shows is over. The
    runner ends its script a little earlier, settles what it leaves behind, and says that the time
    was over, not that it was told to end.

    Args:
        seconds: for the whole run, from now; 0 for no end.
        grace: from TERM to KILL; as an attribute, what there is time for.
    """

    def __init__(self, seconds: float, grace: float) -> None:
        self._seconds = seconds or math.inf
        spare = min(grace + SPARE_SECONDS, self._seconds * SPARE_SHARE)
        self._until = time.monotonic() + self._seconds - spare
        self.grace = min(grace, spare * 2 / 3)

    def for_script(self, limit: float) -> float:
        """Return how many seconds a script may take now, of those that its entry allows.

        Raises:
            ExpectedError: none are left; temporary, since a retry has all of its own.
        """
        left = min(limit, self._until - time.monotonic())
        if left <= 0:
            raise ExpectedError(
                "no time is left of the {seconds:.0f} s of this run (timeout in the job's "
                "entry): the retry takes up what has not landed",
                seconds=self._seconds,
            )
        return left


def _find_job(registry: Registry, request: Request) -> Job:
    if job := registry.jobs.get(request.job_id):
        return job
    whole = load_registry(request.root)  # the one given may hold this job's files only
    ids = {*whole.jobs, *(problem.job_id for problem in whole.problems if problem.job_id)}
    about = [str(p) for p in whole.problems if p.job_id in (request.job_id, None)]
    if request.job_id in ids:
        broken = _("the entry of job {job!r} is broken; repair it first:", job=request.job_id)
        raise ConfigurationError(below(broken, *about))
    message = _(
        "there is no job {job!r}: {suggestion}",
        job=request.job_id,
        suggestion=suggestion(request.job_id, sorted(ids)),
    )
    raise ConfigurationError(below(message, *about))


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(
            "{name} {text!r} is not a number: write it like 10", name=name, text=text
        ) from None
