"""`complete`: whether all that a contract names has landed of a period, now or within a time."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby

from sqlalchemy import Engine

from include.coverage.contract_status import ContractStatus, read_status
from include.coverage.missing import Missing
from include.errors import ConfigurationError, ExpectedError, TemporaryError
from include.heartbeats import patience_of
from include.language import _
from include.periods import Period, PeriodError
from include.registry import Registry, load_registry
from include.registry.contracts import Contract, Contracts, load_contracts
from include.units.exit_codes import ExitCode
from include.units.unit import NO_SHOP
from include.warehouse.transactions import now as clock_of
from include.warehouse.transactions import reading
from manager.airflow.tables import paused_jobs
from manager.layout import Layout
from manager.table import cut, lined_up, print_json
from manager.warehouse import Warehouse, in_words, open_warehouse

COMPLETE, NOT_COMPLETE = 0, 1
YESTERDAY = "yesterday"
SECONDS_BETWEEN_LOOKS = 5.0
SHOPS_OF_A_JOB, WHY_CELLS = 12, 110


def complete(layout: Layout, arguments: Namespace) -> int:
    """Print whether it is complete; with `--wait` once it is, or when the time is over.

    Returns:
        0 complete; 1 not, and what is waited for will not come by waiting; 75 not within the time.

    Raises:
        ConfigurationError: there is no such contract or period, or the contract is wrong.
        TemporaryError: the warehouse does not answer, or did not within the time.
    """
    with ExitStack() as stack:
        look = _Look(layout, stack, arguments.contract, arguments.period)
        try:
            status = look.now() if arguments.wait is None else look.until(arguments.wait)
        except ConfigurationError:
            raise
        except ExpectedError as error:  # not known is not "not complete"
            raise TemporaryError(str(error)) from error
        paused = paused_jobs(look.warehouse().environment) or frozenset()
    if arguments.json:
        print_json(status.as_dict())
    else:
        print("\n".join(_lines(status, look.registry, paused)))
    if status.complete:
        return COMPLETE
    is_over = arguments.wait is not None and not status.is_hopeless
    return ExitCode.TEMPORARY if is_over else NOT_COMPLETE


class _Look:
    """Looks at one period; what it is of is read again each time, as it may be edited.

    Args:
        layout: of the installation.
        stack: keeps its warehouse open.
        contract_id: as it was typed.
        period: the same.

    Attributes:
        registry: as it was read last.
    """

    def __init__(self, layout: Layout, stack: ExitStack, contract_id: str, period: str) -> None:
        self._layout = layout
        self._stack = stack
        self._warehouse: Warehouse | None = None
        self._contract_id = contract_id
        self._said = period
        self._period: Period | None = None
        self._contracts = Contracts()
        self.registry = Registry()

    def warehouse(self) -> Warehouse:
        """Return the warehouse, which the first call opens; raises as `open_warehouse`."""
        if self._warehouse is None:
            self._warehouse = self._stack.enter_context(open_warehouse(self._layout))
        return self._warehouse

    def now(self) -> ContractStatus:
        """Return how it stands; raises ExpectedError where that cannot be known now."""
        root = self._layout.root
        self.registry = load_registry(root)
        self._contracts = load_contracts(root, self.registry)
        contract = self._contracts.get(self._contract_id)
        engine, environment = self.warehouse()
        with in_words():
            if self._period is None:
                self._period = self._found(contract, engine)
            patience = patience_of(environment)
            return read_status(engine, self.registry, contract, self._period, patience=patience)

    def until(self, seconds: float) -> ContractStatus:
        """Return how it stands when it is complete, or the time is over.

        A warehouse that is away for a while, or an entry that is being edited, is waited for, too.

        Raises:
            ConfigurationError: what was typed is no contract, or no period of one.
            TemporaryError: nobody could know it within the time.
        """
        over, told = time.monotonic() + seconds, ""
        while True:
            status: ContractStatus | None = None
            try:
                status = self.now()
                news = _("waiting: {told}", told=status.progress)
            except ExpectedError as error:
                if self._is_mistyped(error):
                    raise
                news = _("waiting: {told}", told=error)
            if status and (status.complete or status.is_hopeless):
                return status
            if (left := over - time.monotonic()) <= 0:
                break
            if told != (told := news):
                print(told, file=sys.stderr, flush=True)
            time.sleep(min(left, SECONDS_BETWEEN_LOOKS))
        if status is None:
            raise TemporaryError("it could not be known in time whether it is complete")
        return status

    def _is_mistyped(self, error: ExpectedError) -> bool:
        """Return whether an error is of the command line, which no waiting repairs."""
        is_known = self._period is not None or self._contracts.is_broken(self._contract_id)
        return isinstance(error, ConfigurationError) and not is_known

    def _found(self, contract: Contract, engine: Engine) -> Period:
        calendar = contract.calendar
        if self._said != YESTERDAY:
            try:
                return calendar.parse_key(self._said)
            except PeriodError as error:
                if contract.period != "day":
                    raise
                raise ConfigurationError(
                    "{problem}; or write {word}", problem=error, word=YESTERDAY
                ) from error
        with reading(engine) as connection:
            last = calendar.last_ended(clock_of(connection))
        if contract.period != "day":
            raise ConfigurationError(
                "{word} is a day, and contract {contract!r} is about a {period}: write the "
                "last one as {key}",
                word=YESTERDAY,
                contract=contract.id,
                period=_(contract.period),
                key=last.key,
            )
        return last


def _lines(status: ContractStatus, registry: Registry, paused: frozenset[str]) -> list[str]:
    lines = [str(status)]
    if status.complete or not status.kept:
        return lines
    if last := status.revision:
        since = f"{last.complete_at.astimezone(status.contract.calendar.zone):%Y-%m-%d %H:%M}"
        lines.append(
            _(
                "it was complete at {since} (revision {number}), and is not any more",
                since=since,
                number=last.number,
            )
        )
    if status.is_vain:
        lines.append(_("nothing is expected of it: its jobs or shops are disabled, or begin later"))
    if status.unknown:
        lines += ["", _("broken, so that what it needs is not known:")]
        lines += [f"  {problem}" for problem in status.unknown]
    for job_id, group in groupby(status.missing, key=lambda one: one.unit.job_id):
        lines += _of_job(registry, job_id, list(group), is_paused=job_id in paused)
    return lines


def _of_job(
    registry: Registry, job_id: str, missing: list[Missing], *, is_paused: bool
) -> Iterator[str]:
    """Yield what is missing of a job, shop by shop, and what to do about it."""
    yield ""
    yield f"{job_id}  {registry.jobs[job_id].name}  ({len(missing):,})"
    days = len({one.unit.period.key for one in missing}) > 1
    rows = []
    for one in missing[:SHOPS_OF_A_JOB]:
        shop = "" if one.unit.shop_id == NO_SHOP else f"{one.unit.shop_id} {one.shop}".rstrip()
        key = [one.unit.period.key] if days else []
        rows.append((*key, shop, cut(one.why, WHY_CELLS)))
    yield from lined_up(rows)
    if len(missing) > SHOPS_OF_A_JOB:
        yield _("  and {count:,} more (--json has all)", count=len(missing) - SHOPS_OF_A_JOB)
    yield from dict.fromkeys(f"  {remedy}" for one in missing for remedy in one.remedies)
    if is_paused:
        yield _("  paused: `{manager} resume {job}` lets it run again", job=job_id)
