"""What somebody sees while jobs land: a picture on a terminal, elsewhere a line for what is new."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from include.language import _
from include.units.unit import LANDED, NO_SHOP, LedgerRow, State
from manager.followed import Followed

DONE = (*LANDED, State.PROVISIONAL)
STYLES: dict[str, str] = {
    **dict.fromkeys(DONE, "green"),
    State.FAILED: "red",
    State.RUNNING: "yellow",
}
SIGNS: dict[str, str] = {State.RUNNING: "...", State.FAILED: "x", State.OK: "ok"}
WIDTH = 4  # of a number up to 999; longer ones move what follows
Found = Sequence[tuple[Followed, Sequence[LedgerRow]]]


class Progress:
    """Shows what the ledger has of some runs' periods, as it comes; each row once.

    Args:
        began: the moment from which on time is counted.
    """

    def __init__(self, began: datetime) -> None:
        self._began = began
        self._said: dict[tuple[str, str, str], str] = {}
        self._live = Live(console=Console()) if sys.stdout.isatty() else None

    def shown(self) -> AbstractContextManager[object]:
        """Show the picture meanwhile; its last state stays."""
        return self._live or nullcontext()

    def show(self, found: Found) -> None:
        """Show the runs as they are, or what is new of them."""
        if self._live:
            self._live.update(_picture(found), refresh=True)
            return
        for run, rows in found:
            new = [row for row in rows if self._is_news(run, row)]
            if new:
                units = [_unit(row) for row in new]
                line = _(
                    "{time}  {run}: {units}",
                    time=clock_since(self._began),
                    run=run.title,
                    units=units,
                )
                print(line, flush=True)

    def _is_news(self, run: Followed, row: LedgerRow) -> bool:
        """Return whether a row has ended, and not been said; a failure counts when its run ends."""
        has_ended = row.state in DONE or (row.state == State.FAILED and run.landed is not None)
        unit = row.job_id, row.shop_id, row.period_key
        if not has_ended or self._said.get(unit) == row.state:
            return False
        self._said[unit] = row.state
        return True


def clock_since(begun: datetime) -> str:
    """Return how long ago a moment was, in minutes and seconds."""
    minutes, seconds = divmod(int((datetime.now(timezone.utc) - begun).total_seconds()), 60)
    return f"{minutes}:{seconds:02}"


def _unit(row: LedgerRow) -> str:
    """Return a shop with what landed of it, or what became of it."""
    if row.state == State.FAILED:
        what = _("failed")
    else:
        what = _("landed") if row.rows is None else _("{rows} rows", rows=f"{row.rows:,}")
    return what if row.shop_id == NO_SHOP else _("{shop} {what}", shop=row.shop_id, what=what)


def _picture(found: Found) -> Table:
    """Return a table with a line for each job, in it each shop with its rows."""
    table = Table(_("job"), _("period"), _("rows of each shop"), box=None, padding=(0, 2, 0, 0))
    table.add_column(_("all"), justify="right")
    table.add_column(_("state"), no_wrap=True)
    for run, rows in found:
        shops = [_painted(row) for row in rows if row.shop_id != NO_SHOP]
        landed = [row.rows for row in rows if row.state in DONE and row.rows is not None]
        table.add_row(
            run.job.id,
            run.key,
            Text(" ").join(shops),
            f"{sum(landed):,}" if landed else "",
            _state(run, rows),
        )
    return table


def _painted(row: LedgerRow) -> Text:
    """Return a shop's rows once they have landed, else a sign of what becomes of them."""
    is_done = row.state in DONE and row.rows is not None
    sign = f"{row.rows:,}" if is_done else SIGNS.get(row.state, "-")
    return Text(f"{sign:>{WIDTH}}", STYLES.get(row.state, "dim"))


def _state(run: Followed, rows: Sequence[LedgerRow]) -> Text:
    """Return what a job does, and for how long it has."""
    begun = [row.started_at for row in rows if row.started_at and row.run_id == run.run_id]
    if run.landed is False or any(row.state == State.FAILED for row in rows):
        return Text(_("failed"), "red")
    if run.landed:
        return Text(_("landed"), "green")
    if not begun:
        return Text(_("waits"), "dim")
    return Text(_("pulls {time}", time=clock_since(min(begun))), "yellow")
