"""Follows the runs of a repair until each has ended, and says what each landed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.coverage.gap_ranges import in_brief
from include.coverage.runs import UNDER_WAY
from include.units.exit_codes import describe
from include.units.ledger import LANDED, Ledger
from include.units.unit import NO_SHOP
from manager.airflow.rest import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from include.coverage.repairing import RepairRun, RunUnderWay
    from include.coverage.runs import Name, Run
    from include.units.ledger_row import LedgerRow
    from manager.airflow.rest import Api
    from manager.airflow.stuck_runs import Stuck

LOOK_SECONDS = 2.0
# The API is away for a while when it, or the whole service, is restarted.
PATIENCE_SECONDS = 300.0
SHOWN = 3


@dataclass
class Started:
    """A run of a repair.

    Attributes:
        run: as planned, or as it was found.
        new: whether this repair made it; else it was there.
        landed: none while it goes on, then whether all of its units landed.
    """

    run: RepairRun | RunUnderWay
    new: bool
    landed: bool | None = None

    @property
    def title(self) -> str:
        """Name its job and period."""
        return f"{self.run.job.id} {self.run.key}"

    @property
    def name(self) -> Name:
        """What tells its run from all others."""
        return self.run.job.id, self.run.run_id

    @property
    def line(self) -> str:
        """Say whether it was made."""
        happened = "started" if self.new else "is on its way already"
        return f"{self.title} {happened} (run {self.run.run_id})"


def follow(
    api: Api,
    engine: Engine,
    started: Sequence[Started],
    disabled: Callable[[str], bool],
    stuck: Stuck,
    *,
    quiet: bool = False,
) -> list[Started]:
    """Look until every run has ended.

    Args:
        api: of Airflow.
        engine: of the warehouse.
        started: the runs.
        disabled: tells of a shop whether it is switched off by now, so that nobody expects it.
        stuck: finds the runs that cannot move by then; nobody waits for these.
        quiet: print nothing.

    Returns:
        those of which something did not land.

    Raises:
        ApiError: the web UI has not answered for minutes. The runs go on.
    """
    ledger = Ledger(engine)
    heard = time.monotonic()
    while waiting := [one for one in started if one.landed is None]:
        try:
            going_on, cannot_move = _going_on(api), stuck()
            heard = time.monotonic()
        except ApiError:
            if time.monotonic() - heard > PATIENCE_SECONDS:
                raise
            time.sleep(LOOK_SECONDS)
            continue
        for one in waiting:
            held_up = cannot_move.get(one.name)
            if held_up or one.name not in going_on:
                said = _end(ledger, one, disabled, held_up)
                if not quiet:
                    done = sum(each.landed is not None for each in started)
                    print(f"{one.title}: {said} ({done} of {len(started)} runs)", flush=True)
        time.sleep(LOOK_SECONDS)
    return [one for one in started if not one.landed]


def _going_on(api: Api) -> set[tuple[str, str]]:
    runs = api.runs(state=UNDER_WAY)
    return {(run["dag_id"], run["dag_run_id"]) for run in runs}


def _end(
    ledger: Ledger, one: Started, disabled: Callable[[str], bool], held_up: Run | None = None
) -> str:
    """Say by the ledger, which is the truth about it, how a run has ended."""
    rows = {row.shop_id: row for row in ledger.rows(one.run.job.id, one.run.key)}
    found = {shop: rows.get(shop) for shop in one.run.shops}
    landed = [row for row in found.values() if row is not None and row.state in LANDED]
    left = [shop for shop, row in found.items() if row is None or row.state not in LANDED]
    off = [shop for shop in left if disabled(shop)]
    missing = [shop for shop in left if shop not in off]
    one.landed = not missing
    if one.landed:
        counted = [row.rows for row in landed if row.rows is not None]
        rows_said = [f"{sum(counted):,} rows"] if counted else []
        return ", ".join(["landed", *rows_said, *(f"{shop} is disabled by now" for shop in off)])
    whys = {shop: _why(row) for shop, row in found.items() if row}
    told = [f"{'' if shop == NO_SHOP else shop} {whys.get(shop, '')}".strip() for shop in missing]
    more = f"; and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    word = held_up.trouble if held_up else "failed"
    return f"{word}: {len(missing)} of {len(found)} missing: {'; '.join(told[:SHOWN])}{more}"


def _why(row: LedgerRow) -> str:
    code = "" if row.exit_code is None else describe(row.exit_code)
    return in_brief(row.error) or (code if row.error else "")
