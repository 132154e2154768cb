"""A period of a contract as people ask for it: complete, or what is missing and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.contracts import Standings
from include.contracts.completing import complete
from include.contracts.revisions import last_of
from include.coverage.judged_unit import JudgedUnit
from include.coverage.missing import Missing
from include.coverage.reading import read_coverage
from include.language import N_, _, clauses
from include.units.retention import oldest_kept
from include.units.unit import NO_SHOP, State, key_of
from include.warehouse.transactions import reading
from include.warehouse.views import contract_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Engine, Select

    from include.contracts import Revision, Standing
    from include.periods import Period
    from include.registry import Problem, Registry
    from include.registry.contracts import Contract
    from include.units.unit import Unit

NAMED = 5  # of what is missing of a period that is complete without


@dataclass(frozen=True)
class ContractStatus:
    """How a period stands."""

    contract: Contract
    period: Period
    complete: bool  # whether it is complete now
    deadline: datetime | None  # by when it should be; None where that depends on what is broken
    revision: Revision | None  # the last time that it was complete; None where it never was
    first_complete_at: datetime | None  # when it was complete for the first time
    needed: int  # how many units it needs
    landed: int  # how many of these have landed, and count
    waived: int  # how many are accepted as missing
    missing: Sequence[Missing]  # the others; where some may be missing, also of what is complete
    unknown: Sequence[Problem]  # problems of the registry that leave open what it needs
    ended: bool  # whether the period is over
    kept: bool  # whether the ledger still has what landed of it; else only `revision` tells

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
            text = N_(
                "{subject}: complete since {since:%Y-%m-%d %H:%M}, revision {number}: {amount}"
            )
            if last.number > 1:
                text = N_(
                    "{subject}: complete since {since:%Y-%m-%d %H:%M}, revision {number} of "
                    "{at:%Y-%m-%d %H:%M}: {amount}"
                )
            since = (self.first_complete_at or last.complete_at).astimezone(zone)
            at = last.complete_at.astimezone(zone)
            told = _(
                text, subject=subject, since=since, number=last.number, at=at, amount=last.amount
            )
            return clauses(told, self._without())
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

    def _without(self) -> str:
        """Return what a period that is complete lacks all the same; empty where nothing is."""
        if not self.missing:
            return ""
        units = [(one.shop, one.unit.shop_id, one.unit.job_id) for one in self.missing[:NAMED]]
        names = [job_id if id_ == NO_SHOP else f"{shop} ({id_})" for shop, id_, job_id in units]
        if (more := len(self.missing) - NAMED) > 0:
            names.append(_("{count:,} more", count=more))
        return _(
            "{landed:,} of {needed:,} units, without {names}",
            landed=self.landed, needed=self.needed, names=names,
        )  # fmt: skip

    def _shown(self, moment: datetime | None) -> str | None:
        """Return a moment as programs read it, on the contract's clock."""
        zone = self.contract.calendar.zone
        return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        last = self.revision
        return {
            "contract": self.contract.id,
            "name": self.contract.name,
            "period": self.period.key,
            "complete": self.complete,
            "revision": last.number if last else None,
            "complete_at": self._shown(last.complete_at) if last else None,
            "first_complete_at": self._shown(self.first_complete_at),
            "deadline": self._shown(self.deadline),
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
        first = connection.scalar(_first_complete_at(contract, period))
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
        first if revision else None,
        len(standing.needed),
        len(standing.landed),
        len(standing.waived),
        _missing(engine, registry, standing, patience) if is_kept else [],
        standing.unknown,
        standing.ended,
        is_kept,
    )


def _first_complete_at(contract: Contract, period: Period) -> Select[Any]:
    view = contract_status
    return select(view.c.first_complete_at).where(
        view.c.contract_id == contract.id, view.c.period_key == period.key
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
