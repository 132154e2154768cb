"""What a run that ended well really did: it landed something, or there was nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.registry import SHOPS_FILE, load_registry
from include.units.exit_codes import ExitCode
from include.units.ledger import LANDED, PROVISIONAL

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from manager.run_watch import Watch

SHOWN = 3
PULLED_EARLY = (
    "landed provisionally: the period is due at {due:%Y-%m-%d %H:%M}, and is pulled again then"
)


class Outcome(NamedTuple):
    """How a watched run ended.

    Attributes:
        exit_code: 0: all has landed, by it or before; 99: there was nothing to do, and nothing of
            the period has ever landed; 1: something did not land.
        reason: why it did nothing, or why what it did is provisional; empty otherwise.
    """

    exit_code: int
    reason: str = ""


def outcome_of(root: Path, watch: Watch, shops: Collection[str] = ()) -> Outcome:
    """Hold what Airflow says of a run that has ended against the ledger.

    A run whose task was skipped is a success for Airflow, whether all had landed before or nobody
    was open.

    Args:
        root: the project's.
        watch: the run's.
        shops: those that the run was narrowed to; none for all.
    """
    if not watch.landed:
        return Outcome(ExitCode.FAILED)
    rows = [row for row in watch.rows() if not shops or row.shop_id in shops]
    if any(row.state == PROVISIONAL for row in rows):
        due = watch.job.schedule.fire_for(watch.job.schedule.parse_key(watch.key))
        return Outcome(ExitCode.LANDED, PULLED_EARLY.format(due=due))
    if not any(row.state in LANDED for row in rows):
        return Outcome(ExitCode.NOTHING_TO_DO, f"nothing to do: {_why(root, watch, shops)}")
    if all(row.run_id != watch.run_id for row in rows):
        before = "nothing to do: all of it had landed before, and nothing was loaded twice"
        return Outcome(ExitCode.LANDED, before)
    return Outcome(ExitCode.LANDED)


def _why(root: Path, watch: Watch, wanted: Collection[str]) -> str:
    """Say why nobody's data was asked for."""
    job = watch.job
    known = load_registry(root, only=job.id).shops_of(job)
    shops = [shop for shop in known if not wanted or shop.id in wanted]
    period = job.schedule.parse_key(watch.key)
    closed = [why for shop in shops if (why := shop.why_closed(period))]
    if job.platform and not shops:
        return f"no shop on {job.platform} is enabled: list one in {SHOPS_FILE}"
    if len(closed) < len(shops) or not closed:
        return f"`python3 scheduler_manager.py logs {job.id}` says why"
    lines = [*closed[:SHOWN], *([f"and {len(closed) - SHOWN} more"] if closed[SHOWN:] else [])]
    return f"no shop that was asked for is open in {period.key}: {'; '.join(lines)}"
