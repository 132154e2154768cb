"""Writes down what is to land: a `pending` row of the ledger for every job and shop of a period.

`--period-unit day` expects, of each enabled daily job, the day that ended last at the end of the
run's own period, for each of the job's shops. Again changes nothing; a shop or job that was added
gets its rows.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

try:
    from include.command_line import Parser, language_parser, parsed
    from include.errors import ConfigurationError
    from include.language import _
    from include.registry import Registry, load_registry
    from include.running.environment import given, project_root
    from include.units.exit_codes import ExitCode
    from include.units.first_seen import first_seen
    from include.units.job_units import JobUnits
    from include.units.ledger import Ledger
    from include.warehouse import connect
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(
        f"{error}: start it with 'python3 scheduler_manager.py run generate_daily'", file=sys.stderr
    )
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.units.unit import Unit

UNITS = ("day", "week", "month")


def expected_units(
    registry: Registry, period_unit: str, now: datetime, seen: Mapping[str, datetime]
) -> Iterator[Unit]:
    """Return what all jobs of a kind of period are to land for the period that ended last."""
    for job in registry.jobs.values():
        if job.period == period_unit and job.id != os.environ.get("JOB_ID"):
            period = job.schedule.last_ended(now)
            yield from JobUnits(job, registry.shops.values(), seen[job.id]).expected(period)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the rows, print how many were new; return the exit code."""
    unit = parsed(_parser, argv).period_unit
    try:
        engine = connect(given("WAREHOUSE_URL"))
        now = datetime.fromisoformat(given("PERIOD_END"))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    registry = load_registry(project_root(os.environ))
    seen = first_seen(engine, registry.jobs)
    units = list(expected_units(registry, unit, now, seen))
    new = Ledger(engine).expect(units)
    print(
        _(
            "{count} units of period {period} are expected, {new} of them new",
            count=len(units),
            period=unit,
            new=new,
        )
    )
    for job_id in sorted({unit.job_id for unit in units}):
        mine = [unit for unit in units if unit.job_id == job_id]
        print(f"  {job_id} {mine[0].period.key}: {len(mine)}")
    return ExitCode.LANDED


def _parser() -> Parser:
    text = _(
        "Writes down what is to land: a `pending` row of the ledger for every job and shop of the "
        "period that ended last. Again changes nothing."
    )
    parser = Parser(description=text, parents=[language_parser()])
    which = _("the jobs of this kind of period")
    parser.add_argument("--period-unit", choices=UNITS, required=True, help=which)
    return parser


if __name__ == "__main__":
    sys.exit(main())
