"""The runner's side of the ledger: what is still open, that an attempt is alive, how it ended.

Loaded only when there is a warehouse, since SQLAlchemy takes its time.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from include.contracts import Revision, completed
from include.contracts.followers import Following
from include.errors import ExpectedError
from include.heartbeats import BEATS_UNTIL_LOST
from include.language import N_, _
from include.registry import load_registry
from include.registry.contracts import load_contracts
from include.row_checks import Judgement, judge
from include.units.claims import Claim
from include.units.exit_codes import describe
from include.units.first_seen import first_seen
from include.units.ledger import Ledger
from include.units.repulls import due_for_a_repull
from include.units.retries import left_failed
from include.units.unit import LANDED, LedgerRow, State, Unit
from include.warehouse.connecting import connect
from include.warehouse.transactions import cause_of, reading
from include.warehouse.versions import check_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from include.periods import Period
    from include.registry import Job
    from include.registry.checks_schema import Checks
    from include.running.results import Result


NOT_READ = N_("the ledger cannot be read: {cause}; check that the warehouse is up")
NOT_WRITTEN = N_("the ledger cannot be written: {cause}; check that the warehouse is up")


class LedgerError(ExpectedError):
    """The ledger cannot be read or written now: temporary, exit code 75."""


class LedgerWriter:
    """The ledger, as one run uses it. Each method raises LedgerError if the warehouse is away.

    Args:
        url: the warehouse (SQLAlchemy).
        run_id: the run, as the ledger names it.
        place: names the folder in which it holds the locks of its units.
        seconds: between two heartbeats.

    Raises:
        ConfigurationError: the URL is invalid.
    """

    def __init__(self, url: str, run_id: str, place: str, seconds: float) -> None:
        self._ledger = Ledger(connect(url), run_id)
        self._place = place
        self._seconds = seconds
        self._patience = timedelta(seconds=BEATS_UNTIL_LOST * seconds)
        self._looked_back = False

    def check_version(self) -> None:
        """Compare the warehouse's tables with this code, before anything is run for them.

        Raises:
            ConfigurationError: they are older, newer, or not there; trying again repairs nothing.
        """
        with _in_words(NOT_READ), reading(self._ledger.engine) as connection:
            check_version(connection)

    def open_units(self, units: Sequence[Unit], *, again: bool, early: bool = False) -> list[Unit]:
        """Expect units, and return those of them that are to be run: `again` also what has landed.

        While they are `early`, not due yet, what this run has landed provisionally stays.
        """
        with _in_words(NOT_READ):
            self._ledger.expect(units)
            first_seen(self._ledger.engine, {unit.job_id for unit in units})
            return list(units) if again else self._ledger.open_units(units, early=early)

    def landed_by_this_run(self, job_id: str, period: Period) -> bool:
        """Return whether this run itself has landed a unit of a period."""
        with _in_words(NOT_READ):
            rows = self._ledger.rows(job_id, period.key)
        mine = self._ledger.run_id
        return any(row.run_id == mine and row.state in (*LANDED, State.PROVISIONAL) for row in rows)

    def left_failed(self, job_id: str, ended: tuple[datetime, datetime]) -> list[LedgerRow]:
        """Return the units of periods that `ended` within a time that this run is to retry."""
        with _in_words(NOT_READ):
            run_id = self._ledger.run_id
            return left_failed(self._ledger.engine, job_id, run_id, ended, self._patience)

    def due_for_a_repull(
        self, job_id: str, ages: Sequence[timedelta], since: datetime, moment: datetime
    ) -> list[LedgerRow]:
        """Return the landed units that are to be pulled again (`include.units.repulls`)."""
        with _in_words(NOT_READ):
            return due_for_a_repull(self._ledger.engine, job_id, ages, since, moment)

    @contextmanager
    def attempt(
        self, units: Sequence[Unit], say: Callable[[str], None], *, retry: bool = False
    ) -> Iterator[None]:
        """Begin the units, and send heartbeats as long as the block runs.

        `say` takes a line for the output, such as that a heartbeat was missed; that they are
        retried automatically is written down.

        Raises:
            HeldElsewhereError: one of them is being run on another machine.
        """
        with _in_words(NOT_WRITTEN):
            self._ledger.begin(units, Claim(self._place, self._patience, retry))
        over = threading.Event()
        heart = threading.Thread(target=self._beat_until, args=(units, say, over), daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def settle(
        self,
        units: Sequence[Unit],
        exit_code: int,
        error: str | None,
        results: Mapping[str, Result],
        *,
        early: bool = False,
    ) -> list[Unit]:
        """End what the script has not ended itself: by what it says of a shop, else by its code.

        What has landed is provisional where the units are `early`, not due yet.

        Returns:
            the units that a script which succeeded has left out; they are failed.
        """
        with _in_words(NOT_WRITTEN):
            for unit in units:
                if told := results.get(unit.shop_id):
                    why = told.error or describe(told.code)
                    self._ledger.settle([unit], told.code, why, early=early, rows=told.rows)
            rest = [unit for unit in units if unit.shop_id not in results]
            return self._ledger.settle(rest, exit_code, error, early=early)

    def judge(self, checks: Checks, units: Sequence[Unit]) -> Judgement:
        """Reject what has landed and fails its job's checks.

        Raises:
            ConfigurationError: a check names what the warehouse does not have.
        """
        with _in_words(NOT_READ):
            return judge(self._ledger, checks, units)

    def completed(self, root: Path, job_id: str, period: Period) -> list[Revision]:
        """Write down which contracts are complete by now, or changed, and return what is new.

        The last days are looked at once, since a run may have been killed before it did this.
        """
        lately, self._looked_back = not self._looked_back, True
        with _in_words(NOT_WRITTEN):
            return completed(
                self._ledger.engine,
                root,
                job_id,
                [period],
                lately=lately,
                run_id=self._ledger.run_id,
            )

    def is_followed(self, root: Path, job: Job, period: Period) -> bool:
        """Return whether all is complete that a job after a contract waits for in a period."""
        registry = load_registry(root)  # what the run has may hold this job alone
        contract = load_contracts(root, registry).get(job.after or "")
        with _in_words(NOT_READ):
            return Following(self._ledger.engine, registry).is_complete(contract, period)

    def rows_of(self, units: Sequence[Unit]) -> int | None:
        """Return how many rows units have landed; None when none of them says."""
        shops = {unit.shop_id for unit in units}
        periods = {(unit.job_id, unit.period.key) for unit in units}
        with _in_words(NOT_READ):
            rows = [row for period in periods for row in self._ledger.rows(*period)]
        told = [row.rows for row in rows if row.shop_id in shops and row.rows is not None]
        return sum(told) if told else None

    def _beat_until(
        self, units: Sequence[Unit], say: Callable[[str], None], over: threading.Event
    ) -> None:
        # Signals are for the main thread, which would otherwise notice them late.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not over.wait(self._seconds):
            try:
                with _in_words(NOT_WRITTEN):
                    self._ledger.beat(units)
            except LedgerError as error:  # noqa: PERF203 - one that fails must not stop the next
                say(_("no sign of life this time: {error}", error=error))


@contextmanager
def _in_words(template: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise LedgerError(_(template, cause=cause_of(error))) from error
