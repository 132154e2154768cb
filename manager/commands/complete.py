"""`complete`: whether all that a contract names has landed of a period, now or within a time."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from itertools import groupby

from include import MANAGER
from include.coverage.contract_status import ContractStatus, Missing, read_status
from include.errors import ConfigurationError, ExpectedError
from include.heartbeats import patience_of
from include.language import _
from include.periods import Period
from include.registry import Registry, load_registry
from include.registry.contracts import Contract, load_contracts
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
        0 complete, 1 not, 75 not within the time.

    Raises:
        ConfigurationError: there is no such contract or period, or the contract is wrong.
        ExpectedError: the warehouse does not answer.
    """
    with open_warehouse(layout) as warehouse:
        look = _Look(layout, warehouse, arguments.contract, arguments.period)
        status = look.now() if arguments.wait is None else look.until(arguments.wait)
        paused = paused_jobs(warehouse.environment) or frozenset()
    if arguments.json:
        print_json(status.as_dict())
    else:
        print("\n".join(_lines(status, look.registry, paused)))
    if status.complete:
        return COMPLETE
    return NOT_COMPLETE if arguments.wait is None else ExitCode.TEMPORARY


class _Look:
    """Looks at one period; what it is of is read again each time, as it may be edited.

    Args:
        layout: of the installation.
        warehouse: of it.
        contract_id: as it was typed.
        period: the same.

    Attributes:
        registry: as it was read last.
    """

    def __init__(self, layout: Layout, warehouse: Warehouse, contract_id: str, period: str) -> None:
        self._layout = layout
        self._warehouse = warehouse
        self._contract_id = contract_id
        self._said = period
        self._period: Period | None = None
        self.registry: Registry = load_registry(layout.root)

    def now(self) -> ContractStatus:
        """Return how it stands; raises what `complete` does."""
        root, (engine, environment) = self._layout.root, self._warehouse
        self.registry = load_registry(root)
        contract = load_contracts(root, self.registry).get(self._contract_id)
        with in_words():
            if self._period is None:
                self._period = self._found(contract)
            patience = patience_of(environment)
            return read_status(engine, self.registry, contract, self._period, patience=patience)

    def until(self, seconds: float) -> ContractStatus:
        """Return how it stands when it is complete, or the time is over; raises as `now`.

        Once it was understood, a warehouse that is away for a while, or an entry that is being
        edited, is waited for, too.
        """
        over = time.monotonic() + seconds
        status, told = self.now(), ""
        while not status.complete and status.kept and (left := over - time.monotonic()) > 0:
            if told != (told := status.progress):
                print(_("waiting: {told}", told=told), file=sys.stderr, flush=True)
            time.sleep(min(left, SECONDS_BETWEEN_LOOKS))
            try:
                status = self.now()
            except ExpectedError as error:
                print(error, file=sys.stderr, flush=True)
        return status

    def _found(self, contract: Contract) -> Period:
        calendar = contract.calendar
        if self._said != YESTERDAY:
            return calendar.parse_key(self._said)
        with reading(self._warehouse.engine) as connection:
            last = calendar.last_ended(clock_of(connection))
        if contract.period != "day":
            raise ConfigurationError(
                _(
                    "{word} is a day, and contract {contract!r} is about a {period}: write the "
                    "last one as {key}",
                    word=YESTERDAY,
                    contract=contract.id,
                    period=_(contract.period),
                    key=last.key,
                )
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
    if not status.needed and not status.unknown:
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
        yield _("  paused: `{manager} resume {job}` lets it run again", manager=MANAGER, job=job_id)
