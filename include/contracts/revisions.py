"""The table `contracts`: a row for each time that a period became complete, or its rows changed.

Its key decides between those who write at once. A writer reads the last revision first, then the
ledger, and adds the next number: of two one is refused and begins again, with what the other wrote
before it. So none is written twice, and none of rows that had changed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import insert, select, update

from include.language import N_, _
from include.warehouse.tables import contracts
from include.warehouse.transactions import in_transaction, reading
from include.warehouse.transactions import now as clock_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine

    from include.contracts.standing import Standing
    from include.periods import Period
    from include.registry.contracts import Contract


class Revision(NamedTuple):
    """A period that was complete at a moment."""

    contract_id: str
    period_key: str
    number: int  # 1 when it was complete for the first time, and one more for each change since
    complete_at: datetime  # by the warehouse's clock
    units: int  # how many have landed
    waived: int  # how many are missing, which somebody has accepted
    row_count: int | None  # how many rows have landed; None where nobody counted
    period_start: datetime  # when the period begins
    period_end: datetime  # when it ends
    run_id: str | None  # the run that has completed it; None: nobody's

    def __str__(self) -> str:
        """Name it as messages do."""
        return _(
            "{contract} {key} (revision {number}): {amount}",
            contract=self.contract_id, key=self.period_key, number=self.number, amount=self.amount,
        )  # fmt: skip

    @property
    def event_id(self) -> str:
        """The run of the contract's DAG that tells Airflow of it: of one id there is one run."""
        return f"complete__{self.period_key}__r{self.number}"

    def as_event(self) -> dict[str, str | int | None]:
        """Return it as those who wait for it are told."""
        return {
            "contract": self.contract_id,
            "period": self.period_key,
            "revision": self.number,
            "complete_at": self.complete_at.isoformat(timespec="seconds"),
            "units": self.units,
            "waived": self.waived,
            "row_count": self.row_count,
        }

    @property
    def amount(self) -> str:
        """How much has landed, in words."""
        units = N_("{count:,} unit") if self.units == 1 else N_("{count:,} units")
        parts = [_(units, count=self.units)]
        if self.row_count is not None:
            parts.append(_("{count:,} rows", count=self.row_count))
        if self.waived:
            parts.append(_("{count:,} waived", count=self.waived))
        return _("{parts}", parts=parts)

    def is_of(self, period: Period) -> bool:
        """Return whether it is of the very window that a period means by its key."""
        return (self.period_start, self.period_end) == (period.start, period.end)


# As a revision has them.
COLUMNS = tuple("revision" if name == "number" else name for name in Revision._fields)


class Last(NamedTuple):
    """The last revision of a period, with the marks of the units that had landed."""

    revision: Revision
    marks: frozenset[str]

    def tells(self, standing: Standing) -> bool:
        """Return whether nothing has landed since; what is gone is no change of rows."""
        return self.revision.is_of(standing.period) and standing.marks() <= self.marks


def last_of(connection: Connection, contract: Contract, period: Period) -> Last | None:
    """Read the last revision of a period; None where it was never complete."""
    query = (
        select(*(contracts.c[name] for name in COLUMNS), contracts.c.landings)
        .where(contracts.c.contract_id == contract.id, contracts.c.period_key == period.key)
        .order_by(contracts.c.revision.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return Last(Revision(*found[:-1]), frozenset(found.landings.split())) if found else None


def write_next(
    connection: Connection, standing: Standing, last: Last | None, run_id: str | None
) -> Revision:
    """Write the revision that follows the last one.

    Raises:
        IntegrityError: another has written it just now.
    """
    revision = Revision(
        standing.contract.id,
        standing.period.key,
        last.revision.number + 1 if last else 1,
        clock_of(connection),
        len(standing.landed),
        len(standing.waived),
        standing.row_count,
        standing.period.start,
        standing.period.end,
        run_id,
    )
    values = dict(zip(COLUMNS, revision, strict=True))
    landings = "\n".join(sorted(standing.marks()))
    connection.execute(insert(contracts).values(**values, landings=landings))
    return revision


def unemitted(engine: Engine, contract_ids: Collection[str]) -> list[Revision]:
    """Return the revisions of some contracts that Airflow has not been told of, oldest first."""
    return _found(engine, contract_ids, contracts.c.emitted_at.is_(None))


def completed_since(
    engine: Engine, contract_ids: Collection[str], moment: datetime
) -> list[Revision]:
    """Return the revisions of some contracts that were written after a moment, oldest first."""
    return _found(engine, contract_ids, contracts.c.complete_at > moment)


def mark_emitted(engine: Engine, revision: Revision) -> None:
    """Write down that Airflow has been told of a revision."""

    def write(connection: Connection) -> None:
        query = update(contracts).where(
            contracts.c.contract_id == revision.contract_id,
            contracts.c.period_key == revision.period_key,
            contracts.c.revision == revision.number,
        )
        connection.execute(query.values(emitted_at=clock_of(connection)))

    in_transaction(engine, write)


def written(engine: Engine, contract_id: str, event_id: str) -> Revision | None:
    """Return the revision that a run of a contract's DAG is of; None where there is none."""
    _, _, rest = event_id.partition("__")
    key = rest.rpartition("__r")[0]
    found = _found(engine, [contract_id], contracts.c.period_key == key)
    return next((one for one in found if one.event_id == event_id), None)


def _found(
    engine: Engine, contract_ids: Collection[str], condition: ColumnElement[bool]
) -> list[Revision]:
    query = (
        select(*(contracts.c[name] for name in COLUMNS))
        .where(contracts.c.contract_id.in_(contract_ids), condition)
        .order_by(contracts.c.complete_at, contracts.c.period_key, contracts.c.revision)
    )
    with reading(engine) as connection:
        return [Revision(*row) for row in connection.execute(query)]
