"""Contracts, for one round: which of their periods are late, and how the last of each stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.catalogue import Language
from include.alerts.findings import (
    OF_CONTRACT,
    Completed,
    ContractDay,
    Finding,
    Identity,
    Kind,
    Resolution,
)
from include.alerts.watching.units import NEVER_BEGUN
from include.contracts.revisions import completed_since
from include.coverage.contract_periods import How, read_periods
from include.language import N_
from include.registry.contracts import load_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alerts.watching.scope import Scope
    from include.alerts.watching.units import UnitFindings
    from include.coverage.contract_periods import PeriodSummary
    from include.registry.contracts import Contract

LENGTHS = {"day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=28)}
# Of what was complete within this time the digest says so; of a day it always does.
FRESH = timedelta(days=1)
NO_CONTRACT = N_("the contract is not there any more")
HELD = N_("its DAG is paused, and {count} events of what is complete wait, the oldest for {span}")
# Who pauses it for a moment lets it go on himself.
HELD_FOR = timedelta(minutes=10)
WAIVED = N_("{count} of it waived")


class ContractFindings:
    """Judges the contracts.

    Args:
        scope: of the round.
        engine: of the warehouse.
        since: from when on periods may be late, for each kind of period.
        now: the moment at which they are judged; None: that of the warehouse's own clock.
    """

    def __init__(
        self, scope: Scope, engine: Engine, since: Mapping[str, datetime], now: datetime | None
    ) -> None:
        self._scope, self._engine = scope, engine
        self._found = load_contracts(scope.root, scope.registry)
        self._jobs = {
            one.id: one.jobs_of(scope.registry.jobs) for one in self._found.by_id.values()
        }
        counts = {kind: (scope.now - since[kind]) // span + 1 for kind, span in LENGTHS.items()}
        contracts = list(self._found.by_id.values())
        self._periods = read_periods(engine, scope.registry, contracts, counts, now=now)

    @property
    def unseen(self) -> set[str]:
        """The subjects of which nothing is known: what is broken, or needs what is broken."""
        broken = self._found.said.keys() - self._found.by_id.keys()
        unknown = {
            contract_id
            for contract_id, periods in self._periods.items()
            if any(one.how is How.UNKNOWN for one in periods)
        }
        return {f"{OF_CONTRACT}{one}" for one in broken | unknown}

    def late(
        self, units: UnitFindings, late: Iterable[Finding], open_now: Iterable[Identity]
    ) -> list[Finding]:
        """Return what is late: contracts, and the periods of jobs for which none of them stands.

        A contract's alert takes the place of those of its jobs that would be sent no earlier; one
        that is open already stays.

        Args:
            units: describes what is missing.
            late: the late periods of jobs.
            open_now: the alerts that are open.
        """
        found, replaced, kept = [], set[tuple[str, str]](), set(open_now)
        for contract in self._found.by_id.values():
            for one in self._periods[contract.id]:
                if one.deadline is None:
                    continue
                is_late = one.how is How.LATE and units.is_told(one.deadline)
                identity = Identity(Kind.LATE, f"{OF_CONTRACT}{contract.id}", one.period.key)
                if is_late:
                    found.append(self._finding(contract, one, units))
                if is_late or (one.how is How.UNKNOWN and identity in kept):
                    replaced |= self._replaced(contract, one, units)
        found += (
            one
            for one in late
            if (one.subject, one.period_key) not in replaced or one.identity in kept
        )
        return found

    def held(self, held: Mapping[str, tuple[int, datetime]]) -> Iterator[Finding]:
        """Yield the contracts whose events wait for a paused DAG.

        Args:
            held: of each such DAG, how many wait and since when.
        """
        scope = self._scope
        for contract in self._found.by_id.values():
            count, since = held.get(contract.dag_id, (0, scope.now))
            if scope.now - since >= HELD_FOR:
                span = Language(scope.language).span(scope.now - since)
                yield Finding.of(
                    Kind.PAUSED,
                    f"{OF_CONTRACT}{contract.id}",
                    since.astimezone(contract.calendar.zone),
                    contract.timezone,
                    name=contract.name,
                    what=scope.say(HELD, count=count, span=span),
                    remedy=scope.to_do("resume", job=contract.dag_id),
                    link=scope.page(),
                )

    def resolutions(self, gone: Iterable[Identity]) -> Iterator[tuple[Identity, Resolution]]:
        """Yield how alerts of contracts that are not found any more were resolved."""
        for identity in gone:
            if identity.kind is not Kind.LATE or not identity.subject.startswith(OF_CONTRACT):
                continue
            contract_id = identity.subject.removeprefix(OF_CONTRACT)
            if contract_id not in self._found.said:
                yield identity, Resolution(0, 0, note=self._scope.say(NO_CONTRACT))
            for one in self._periods.get(contract_id, ()):
                last = one.revision
                if one.period.key == identity.period_key and one.how is How.COMPLETE and last:
                    note = self._scope.say(WAIVED, count=last.waived) if last.waived else ""
                    yield identity, Resolution(last.units, last.units, last.complete_at, note)

    def days(self) -> tuple[ContractDay, ...]:
        """Return how the last period of each contract stands, for the digest."""
        found = []
        for contract in self._found.by_id.values():
            periods = self._periods[contract.id]
            if not periods:
                continue
            last = periods[-1]
            at = last.revision.first_complete_at if last.revision else None
            is_old = at is not None and self._scope.now - at > FRESH
            if contract.period != "day" and last.how is How.COMPLETE and is_old:
                continue
            names = {job.id: job.name for job in self._jobs[contract.id]}
            lacks = tuple((names[job_id], count) for job_id, count in last.missing.items())
            found.append(
                ContractDay(
                    contract.name, last.period.key, last.how.value, at, last.deadline, lacks
                )
            )
        return tuple(found)

    def completed(self) -> tuple[Completed, ...]:
        """Return the revisions of late, for those who are told of each."""
        by_id, since = self._found.by_id, self._scope.now - FRESH
        return tuple(
            Completed(by_id[one.contract_id].name, by_id[one.contract_id].timezone, one)
            for one in completed_since(self._engine, by_id, since)
        )

    def _replaced(
        self, contract: Contract, one: PeriodSummary, units: UnitFindings
    ) -> set[tuple[str, str]]:
        """Return the periods of its jobs that are told no earlier than the contract's."""
        told_at = units.told_at(one.deadline or one.period.end)
        return {
            (job.id, part.key)
            for job in self._jobs[contract.id]
            for part in job.schedule.within(one.period)
            if units.told_at(job.deadline_of(part)) >= told_at
        }

    def _finding(self, contract: Contract, one: PeriodSummary, units: UnitFindings) -> Finding:
        """Return one alert of all that is missing, put together of what each job lacks."""
        scope, jobs = self._scope, self._jobs[contract.id]
        parts = ((job, part) for job in jobs for part in job.schedule.within(one.period))
        of_jobs = [told for job, part in parts if (told := units.of(job.id, part.key))]
        missing = tuple(
            replace(unit, job_id=told.subject, job_name=told.name)
            for told in of_jobs
            for unit in told.units
        )
        held_up_by = filter(None, (told.facts.get("service") for told in of_jobs))
        fire = ""
        if len(missing) == one.expected and all(told.is_unstarted for told in of_jobs):
            fire = min(told.facts["fire"] for told in of_jobs)
        found = Finding.of(
            Kind.LATE,
            f"{OF_CONTRACT}{contract.id}",
            (one.deadline or one.period.end).astimezone(contract.calendar.zone),
            contract.timezone,
            period_key=one.period.key,
            name=contract.name,
            platform=" ".join(sorted({told.platform for told in of_jobs if told.platform})),
            tags=dict.fromkeys(tag for job in jobs for tag in job.tags),
            units=missing,
            expected=str(one.expected),
            started=NEVER_BEGUN if fire else "",
            fire=fire,
            service=next(held_up_by, ""),
            remedy=self._remedy(contract, one, of_jobs),
            link=scope.page(),
        )
        return replace(found, jobs=tuple(contract.jobs))

    def _remedy(self, contract: Contract, one: PeriodSummary, of_jobs: list[Finding]) -> str:
        """Return what helps: of one job its own remedy, of several what names that of each."""
        remedies = {told.facts.get("remedy", "") for told in of_jobs}
        if len(remedies) == 1:
            return remedies.pop()
        return self._scope.to_do("complete", contract=contract.id, key=one.period.key)
