"""When this installation first saw each job: from then on it is expected to land.

An entry that is removed, or broken for a while, and comes back is the same job: it keeps its first
sighting, so that no day in between is lost silently. A job that is renamed is a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, insert, select, update

from include.warehouse.tables import jobs_seen
from include.warehouse.transactions import in_transaction, reading
from include.warehouse.transactions import now as clock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


def first_seen(
    engine: Engine, job_ids: Iterable[str], now: datetime | None = None
) -> dict[str, datetime]:
    """Write down the jobs that were never seen before, and return when each was first seen.

    `now` is by the warehouse's clock unless given.
    """
    wanted = set(job_ids)
    with reading(engine) as connection:
        known = _known(connection)
        moment = now or clock_of(connection)

    def see(connection: Connection) -> dict[str, datetime]:
        missing = wanted - _known(connection).keys()  # another process may have seen them just now
        if missing:
            rows = [{"job_id": job_id, "first_seen": moment} for job_id in sorted(missing)]
            connection.execute(insert(jobs_seen), rows)
        return _known(connection)

    return in_transaction(engine, see) if wanted - known.keys() else known


def keep_expected(engine: Engine, begins: Mapping[str, datetime]) -> None:
    """Write down from when on jobs, which have been seen, are expected, if it has changed.

    Periods that end after a job's moment are expected.
    """
    query = select(jobs_seen.c.job_id, jobs_seen.c.expected_from)
    with reading(engine) as connection:
        known = {row.job_id: row.expected_from for row in connection.execute(query)}
    changed = {job: begin for job, begin in begins.items() if known.get(job, begin) != begin}

    def write(connection: Connection) -> None:
        for job_id, begin in changed.items():
            mine = update(jobs_seen).where(jobs_seen.c.job_id == job_id)
            connection.execute(mine.values(expected_from=begin))

    if changed:
        in_transaction(engine, write)


def _known(connection: Connection) -> dict[str, datetime]:
    query = select(jobs_seen.c.job_id, jobs_seen.c.first_seen)
    return {row.job_id: row.first_seen for row in connection.execute(query)}
