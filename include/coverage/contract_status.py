"""A period of a contract as people ask for it: complete, or what is missing and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Any

from include import MANAGER
from include.contracts import Standings
from include.contracts.completing import complete
from include.contracts.revisions import last_of
from include.coverage.gap_ranges import in_brief
from include.coverage.judged_unit import JudgedUnit
from include.coverage.reading import read_coverage
from include.coverage.remedies import FIRST, repair_command
from include.language import N_, _, clauses
from include.units.exit_codes import describe
from include.units.retention import oldest_kept
from include.units.unit import MISCOUNTED_SIGN, NO_SHOP, State, key_of
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Engine

    from include.contracts import Revision, Standing
    from include.periods import Period
    from include.registry import Problem, Registry
    from include.registry.contracts import Contract
    from include.units.unit import Unit

# What is missing and comes without anybody's doing.
COMES = {State.NOT_DUE, State.PENDING, State.PROVISIONAL, State.RUNNING}
FAILED = N_("failed")
WHY = {
    State.RUNNING: N_("is being pulled now"),
    State.MISSED: N_("missed: it was due, and has not been pulled since"),
    State.LOST: N_("lost: running, without a sign of life"),
    State.UNREPAIRABLE: N_("cannot be pulled again: its script takes no period"),
}


@dataclass(frozen=True)
class Missing:
    """A unit that a period lacks.

    Attributes:
        unit: which, and how coverage judges it.
        shop: what people call its shop; empty for a job without shops.
        doubt: why it does not count although it has landed; empty where it has not.
    """

    unit: JudgedUnit
    shop: str
    doubt: str = ""

    @property
    def why(self) -> str:
        """Why it is missing, in a line."""
        unit = self.unit
        if self.doubt:
            return _("has landed, and does not count: {why}", why=self.doubt)
        if unit.state in WHY:
            return _(WHY[unit.state])
        if unit.state in COMES:
            return _("is due at {at:%Y-%m-%d %H:%M}", at=unit.due_at)
        error = in_brief(unit.shown_error)
        if unit.state == State.MISCOUNTED:
            return _("{sign} {error}", sign=MISCOUNTED_SIGN, error=error)
        state = _(FAILED) if unit.state == State.FAILED else unit.state.value
        if unit.exit_code is not None:
            state = _("{state}, {code}", state=state, code=describe(unit.exit_code))
        return _("{state}: {error}", state=state, error=error) if error else state

    @property
    def remedies(self) -> list[str]:
        """What to do about it; nothing where it comes by itself."""
        unit = self.unit
        if self.doubt:
            words = ["run", unit.job_id, "--period", unit.period.key, "--again"]
            return [_("pull it again: {command}", command=f"{MANAGER} {join(words)}")]
        if unit.state in COMES:
            return []
        if unit.state == State.UNREPAIRABLE:
            words = ["waive", unit.job_id, "--period", unit.period.key, "--reason", "TEXT"]
            return [_("accept it: {command}", command=f"{MANAGER} {join(words)}")]
        first = [_(FIRST[unit.exit_code])] if unit.exit_code in FIRST else []
        command = repair_command(unit.job_id, None, unit.period.first_day)
        return [*first, _("repair: {command}", command=command)]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        unit = self.unit
        return {
            "job": unit.job_id,
            "shop": unit.shop_id,
            "shop_name": self.shop,
            "period": unit.period.key,
            "state": unit.state.value,
            "why": self.why,
            "due_at": unit.due_at.isoformat(timespec="seconds"),
            "exit_code": unit.exit_code,
            "error": self.doubt or unit.error,
            "remedies": self.remedies,
        }


@dataclass(frozen=True)
class ContractStatus:
    """How a period stands.

    Attributes:
        contract: whose.
        period: which.
        complete: whether it is complete now.
        deadline: by when it should be; None where that depends on what is broken.
        revision: the last time that it was complete; None where it never was.
        needed: how many units it needs.
        landed: how many of these have landed, and count.
        waived: how many are accepted as missing.
        missing: the others; where some may be missing, also of what is complete.
        unknown: problems of the registry that leave open what it needs.
        ended: whether the period is over.
        kept: whether the ledger still has what landed of it; else only `revision` tells.
    """

    contract: Contract
    period: Period
    complete: bool
    deadline: datetime | None
    revision: Revision | None
    needed: int
    landed: int
    waived: int
    missing: Sequence[Missing]
    unknown: Sequence[Problem]
    ended: bool
    kept: bool

    @property
    def is_vain(self) -> bool:
        """Whether nothing is expected of it, so that it cannot be complete."""
        return self.kept and not self.needed and not self.unknown

    @property
    def is_hopeless(self) -> bool:
        """Whether no waiting makes it complete, as nothing is expected or kept of it."""
        return not self.complete and (self.is_vain or not self.kept)

    def __str__(self) -> str:
        """Return a line on how it stands."""
        last, zone = self.revision, self.contract.calendar.zone
        subject = f"{self.contract.id} {self.period.key} {self.contract.name}"
        if self.complete and last:
            return _(
                "{subject}: complete since {since:%Y-%m-%d %H:%M}, revision {number}: {amount}",
                subject=subject, since=last.complete_at.astimezone(zone), number=last.number,
                amount=last.amount,
            )  # fmt: skip
        if self.complete:
            return _("{subject}: complete", subject=subject)
        if not self.kept:
            return _(
                "{subject}: unknown, the ledger keeps nothing of it (HOUSEKEEPING_LEDGER_DAYS)",
                subject=subject,
            )
        told = _("{subject}: not complete, {progress}", subject=subject, progress=self.progress)
        if not self.deadline:
            return told
        return clauses(told, _("due by {at:%Y-%m-%d %H:%M}", at=self.deadline))

    @property
    def progress(self) -> str:
        """How much of it has landed, and of which jobs something is missing."""
        if not self.ended:
            return _("{key} ends at {at:%Y-%m-%d %H:%M}", key=self.period.key, at=self.period.end)
        jobs = list(dict.fromkeys(one.unit.job_id for one in self.missing))
        text = N_("{landed:,} of {needed:,} units have landed")
        if jobs:
            text = N_("{landed:,} of {needed:,} units have landed, missing: {jobs}")
        return _(text, landed=self.landed, needed=self.needed, jobs=jobs)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        last = self.revision
        return {
            "contract": self.contract.id,
            "name": self.contract.name,
            "period": self.period.key,
            "complete": self.complete,
            "revision": last.number if last else None,
            "complete_at": last.complete_at.isoformat(timespec="seconds") if last else None,
            "deadline": self.deadline.isoformat(timespec="seconds") if self.deadline else None,
            "row_count": last.row_count if last else None,
            "units": {"needed": self.needed, "landed": self.landed, "waived": self.waived},
            "missing": [one.as_dict() for one in self.missing],
            "unknown": [str(problem) for problem in self.unknown],
            "kept": self.kept,
        }


def read_status(
    engine: Engine,
    registry: Registry,
    contract: Contract,
    period: Period,
    *,
    patience: timedelta | None = None,
) -> ContractStatus:
    """Judge a period now; what is complete, and nobody has said, is written down.

    Args:
        engine: of the warehouse.
        registry: all jobs and shops as they are now.
        contract: one that fits them.
        period: one of its periods.
        patience: how long what is running may show no sign of life.
    """
    standings = Standings(engine, registry)
    complete(engine, standings, contract, period)
    standing = standings.of(contract, period)
    with reading(engine) as connection:
        last = last_of(connection, contract, period)
    revision = last.revision if last and last.revision.is_of(period) else None
    is_kept = period.end > oldest_kept(registry, standings.now)
    is_complete = standing.complete if is_kept else revision is not None
    jobs = contract.jobs_of(registry.jobs)
    return ContractStatus(
        contract,
        period,
        is_complete,
        contract.deadline_of(jobs, period) if jobs else None,
        revision,
        len(standing.needed),
        len(standing.landed),
        len(standing.waived),
        _missing(engine, registry, standing, patience) if is_kept and not is_complete else [],
        standing.unknown,
        standing.ended,
        is_kept,
    )


def _missing(
    engine: Engine, registry: Registry, standing: Standing, patience: timedelta | None
) -> list[Missing]:
    """Return what is open, as coverage judges it."""
    if not standing.open:
        return []
    period, jobs = standing.period, standing.contract.jobs
    coverage = read_coverage(
        engine, registry, period.start, period.end, jobs=jobs, in_full=True, patience=patience
    )
    judged = {key_of(unit): unit for unit in coverage.units()}
    found = []
    for unit in standing.open:
        shop = registry.shops.get(unit.shop_id)
        seen = judged.get(key_of(unit)) or _to_come(registry, unit)
        name = shop.name if shop and unit.shop_id != NO_SHOP else ""
        found.append(Missing(seen, name, standing.doubts.get(unit, "")))
    return found


def _to_come(registry: Registry, unit: Unit) -> JudgedUnit:
    """Return a unit of a period that is not over."""
    due_at = registry.jobs[unit.job_id].schedule.fire_for(unit.period)
    return JudgedUnit(unit.job_id, unit.shop_id, unit.period, State.NOT_DUE, due_at)
