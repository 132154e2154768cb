"""Each time that a period becomes complete, or its rows change, is written down once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from include.contracts.completing import complete
from include.contracts.standing import Standings
from include.language import speaking
from include.registry import load_registry
from include.units.retries import write_recount
from include.units.unit import Drift
from include.warehouse.views import contract_status
from tests.contracts.contracted import DAY, KEY

if TYPE_CHECKING:
    from include.contracts import Revision
    from tests.contracts.contracted import Contracted


def test_the_last_unit_completes_the_period(contracted: Contracted) -> None:
    """Not before it has landed, and only once."""
    contracted.land_all(but=("c-1",))
    assert contracted.completed() == []
    contracted.land("chats", "c-1", rows=0)
    before = datetime.now(timezone.utc)
    (revision,) = contracted.completed(run_id="r")
    assert str(revision) == f"day {KEY} (revision 1): 5 units, 20 rows"
    with speaking("zh"):
        assert str(revision) == f"day {KEY}（修订号 1）：5 项、20 行"
    assert before - timedelta(minutes=5) < revision.complete_at
    assert contracted.completed() == []
    assert contracted.written() == [("day", KEY, 1, 5)]


@pytest.mark.every_warehouse
def test_what_lands_again_raises_the_revision(contracted: Contracted) -> None:
    """Once; the view has the latest, and when the period was complete first."""
    contracted.land_all()
    (first,) = contracted.completed()
    contracted.land("orders", "o-1", rows=7)
    (second,) = contracted.completed()
    assert (first.number, second.number, second.row_count) == (1, 2, 27)
    assert contracted.completed() == []
    with contracted.engine.connect() as connection:
        (status,) = connection.execute(select(contract_status)).all()
    assert status.contract_id == "day"
    assert (status.period_start, status.period_end) == (second.period_start, second.period_end)
    assert (status.revision, status.units, status.row_count) == (2, 5, 27)
    assert (status.first_complete_at, status.complete_at) == (
        first.complete_at,
        second.complete_at,
    )


def test_what_lands_again_with_equal_rows_is_no_revision(contracted: Contracted) -> None:
    """Nobody has to read again what is as it was; one row that differs is a change."""
    contracted.land_all()
    contracted.completed()
    contracted.land("orders", "o-1", drift=Drift(5, 5, 0))
    assert contracted.completed() == []
    contracted.land("orders", "o-1", drift=Drift(5, 5, 1))
    assert [revision.number for revision in contracted.completed()] == [2]


def test_a_unit_that_is_rejected_and_repaired(contracted: Contracted) -> None:
    """In between nothing is written; afterwards there is one revision more."""
    contracted.land_all()
    contracted.completed()
    (row,) = [one for one in contracted.ledger.rows("orders", KEY) if one.shop_id == "o-1"]
    contracted.ledger.reject(row, "too few")
    assert contracted.completed() == []
    contracted.land("orders", "o-1")
    assert [revision.number for revision in contracted.completed()] == [2]


def test_a_recount(contracted: Contracted) -> None:
    """Only one that finds other rows is a change."""
    contracted.land_all()
    contracted.completed()
    for rows, expected in ((5, []), (6, [2])):
        row = contracted.ledger.rows("orders", KEY)[0]
        assert write_recount(contracted.engine, row, rows, rows, datetime.now(timezone.utc))
        assert [revision.number for revision in contracted.completed()] == expected


def test_what_is_gone_is_no_change_of_rows(contracted: Contracted) -> None:
    """A shop that is switched off, or a job that is taken out, says nothing once more."""
    contracted.land_all()
    contracted.completed()
    contracted.shops["o-2"]["enabled"] = False
    contracted.write({**DAY, "jobs": ["orders", "refunds"]})
    assert contracted.completed() == []
    contracted.write(DAY)
    assert contracted.completed() == []
    contracted.shops["o-2"]["enabled"] = True
    contracted.write()
    assert contracted.completed() == []


def test_what_a_contract_gains_is_said(contracted: Contracted) -> None:
    """A shop that is opened, or a job that is added, has to land first."""
    contracted.write({**DAY, "jobs": ["orders", "refunds"]})
    contracted.land_all(but=("c-1",))
    assert [revision.units for revision in contracted.completed()] == [4]
    contracted.write(DAY)
    assert contracted.completed() == []
    contracted.land("chats", "c-1")
    (revision,) = contracted.completed()
    assert (revision.number, revision.units) == (2, 5)
    contracted.shops["o-3"] = contracted.shops["o-1"] | {"id": "o-3", "platform_id": "3000"}
    contracted.write()
    assert contracted.completed() == []
    contracted.land("orders", "o-3")
    assert [(revision.number, revision.units) for revision in contracted.completed()] == [(3, 6)]


def test_a_waiver_completes_it_too(contracted: Contracted) -> None:
    """What is missing is counted; that it lands after all is a change."""
    contracted.land_all(but=("r-2",))
    contracted.waive("refunds", "r-2")
    (revision,) = contracted.completed()
    assert (revision.units, revision.waived) == (4, 1)
    assert str(revision).endswith("4 units, 20 rows, 1 waived")
    contracted.land("refunds", "r-2")
    assert [revision.number for revision in contracted.completed()] == [2]


def test_a_key_that_comes_to_mean_another_window(contracted: Contracted) -> None:
    """The week that begins on that day is another period, whose revision follows."""
    saturday = "2025-09-27"
    contracted.land_all(saturday)
    period = contracted.period(saturday)
    assert [one.number for one in contracted.completed(periods=[period])] == [1]
    contracted.write({**DAY, "period": "week"})
    for day in range(28, 31):
        contracted.land_all(f"2025-09-{day}")
    for day in range(1, 3):
        contracted.land_all(f"2025-10-0{day}")
    assert contracted.completed() == []
    contracted.land_all("2025-10-03")
    (revision,) = contracted.completed()
    assert (revision.period_key, revision.number, revision.units) == (saturday, 2, 35)


def test_the_last_days_are_looked_at_too(contracted: Contracted) -> None:
    """What nobody has said of them since somebody was killed, the next call says."""
    calendar = contracted.contract().calendar
    last = calendar.last_ended(datetime.now(timezone.utc))
    before = calendar.preceding(last)
    for period in (last, before):
        contracted.land_all(period.key)
    assert [one.period_key for one in contracted.completed(lately=True, periods=[])] == [
        before.key,
        last.key,
    ]
    assert contracted.completed(lately=True, job_id=None, periods=[]) == []


def test_a_job_of_no_contract(contracted: Contracted) -> None:
    """Its runs look at nothing; a contract that is broken costs itself alone."""
    contracted.land_all()
    contracted.write({**DAY, "jobs": ["orders", "order"]}, {**DAY, "id": "other"})
    assert [revision.contract_id for revision in contracted.completed()] == ["other"]
    assert contracted.completed(job_id="stocks") == []


def test_several_contracts(contracted: Contracted) -> None:
    """Each has rows of its own; a run looks at those of its job."""
    contracted.write(
        {**DAY, "id": "both", "jobs": ["orders", "refunds"]},
        {**DAY, "id": "some", "jobs": ["chats"]},
    )
    contracted.land_all()
    assert [one.contract_id for one in contracted.completed()] == ["both"]
    assert [one.contract_id for one in contracted.completed(job_id="chats")] == ["some"]
    assert contracted.completed(job_id=None) == []


class _Restless(Standings):
    """In which a unit lands again each time that it is looked at."""

    project: Contracted
    times = 0

    def checked(self, standing: object) -> object:  # type: ignore[override]
        """Land something, once or more, while the checks are held against the rows."""
        if self.times:
            self.times -= 1
            self.project.land("orders", "o-1", rows=self.times)
        return super().checked(standing)  # type: ignore[arg-type]


@pytest.mark.parametrize(("times", "rows"), [(2, 20), (99, None)])
def test_what_changes_while_it_is_judged(
    contracted: Contracted, times: int, rows: int | None
) -> None:
    """It is judged again; where that never ends it is left to whoever changes it."""
    contracted.land_all()
    standings = _Restless(contracted.engine, load_registry(contracted.root))
    standings.project, standings.times = contracted, times
    contract, period = contracted.contract(), contracted.period()
    written: Revision | None = complete(contracted.engine, standings, contract, period)
    assert (written and written.row_count) == rows
    assert len(contracted.written()) == (rows is not None)
