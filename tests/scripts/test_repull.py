"""Days that a source restates afterwards: the run of a later day pulls them again."""

from __future__ import annotations

import signal
import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from include.units.unit import Unit
from include.warehouse import replace
from include.warehouse.tables import ledger, pdd_reviews
from tests.gateways.data_service import DataService, serving
from tests.scripts.test_pdd_feed import JOBS, FeedPull, feed_pull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.units.unit import LedgerRow

FIRST, TODAY = "2025-10-01", "2025-10-09"
AGES = [1, 3, 7]
HALF_PAST_EIGHT = timedelta(hours=8, minutes=30)


class Reviews:
    """A feed of bad reviews, as many a day as a test says, and runs of its job.

    Attributes:
        counts: how many a day has, by its key; five unless it is there.
        asked: the days that were asked for, in order, each once.
    """

    def __init__(self, pull: FeedPull, service: DataService) -> None:
        self.pull, self.service = pull, service
        self.counts: dict[str, int] = {}
        self.score = 1
        self.busy = ""
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.days: list[str] = []
        service.asked(self._answer)

    @property
    def asked(self) -> list[str]:
        """The days that were asked for since this was read last."""
        days, self.days = list(dict.fromkeys(self.days)), []
        return days

    def run(self, *words: str) -> tuple[int, str]:
        """Run the job as its schedule does."""
        self.pull.environment |= {"RETRY_EARLIER": "1"}
        return self.pull.run_job("pdd_review", TODAY, "--shop", "pdd-1", *words)

    def history(self) -> None:
        """Land the days before today's, each pulled again at each of its ages but the last."""
        schedule = JOBS["pdd_review"].schedule
        for number in range(8):
            day = date.fromisoformat(FIRST) + timedelta(days=number)
            unit = Unit("pdd_review", "pdd-1", schedule.parse_key(f"{day}"))
            end = unit.period.end
            reached = [age for age in AGES if age <= 7 - number]
            pulled = end + timedelta(days=max(reached, default=0)) + HALF_PAST_EIGHT
            values = {"finished_at": end + HALF_PAST_EIGHT, "repulled_at": pulled}
            with self.pull.engine.begin() as connection:
                scope = {"shop_id": "pdd-1", "business_day": day}
                replace(connection, pdd_reviews, map(_kept, self._rows(f"{day}")), scope)
                self.pull.ledger.land(connection, unit, 5, table_name="pdd_reviews")
                of = ledger.c.period_key == f"{day}"
                connection.execute(update(ledger).where(of).values(values))

    def row(self, day: str) -> LedgerRow:
        """Return a day's row of the ledger."""
        (row,) = self.pull.ledger.rows("pdd_review", day)
        return row

    def landed(self, day: str) -> int:
        """Return how many reviews the warehouse has of a day."""
        rows = self.pull.rows(pdd_reviews)
        return sum(f"{row['business_day']}" == day for row in rows)

    def journal(self) -> str:
        """Return what the journal says."""
        return (self.pull.folder / "logs/scheduler.log").read_text("utf-8")

    def _answer(self, _number: int, query: dict[str, str]) -> dict[str, Any]:
        day = query["start"][:10]
        self.days.append(day)
        if day == self.busy:
            self.begun.set()
            if not self.go_on.is_set():
                self.go_on.wait(60)
            return {"code": 50001, "msg": "busy"}
        rows = self._rows(day)
        return {"code": 0, "data": {"list": rows, "total": len(rows)}}

    def _rows(self, day: str) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{day}-{number}",
                "order": {"sn": f"s-{number}"},
                "goods": {"id": 1, "name": "伞"},
                "stars": self.score if day in self.counts else 1,
                "text": "坏的",
                "created_at": f"{day}T09:{number:02}:00+08:00",
            }
            for number in range(self.counts.get(day, 5))
        ]


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the feed as the warehouse keeps it."""
    return {
        "review_id": row["id"],
        "order_sn": row["order"]["sn"],
        "goods_id": row["goods"]["id"],
        "goods_name": row["goods"]["name"],
        "score": row["stars"],
        "content": row["text"],
        "created_time": datetime.fromisoformat(row["created_at"]).replace(tzinfo=None),
    }


@pytest.fixture
def reviews(warehouse_url: str, tmp_path: Path) -> Iterator[Reviews]:
    """Return the feed, and eight days of it that have landed."""
    with serving() as service:
        made = Reviews(feed_pull(service.base_url, tmp_path, warehouse_url), service)
        made.history()
        yield made
        made.go_on.set()


@pytest.mark.every_warehouse
def test_what_is_restated_takes_the_place_of_what_landed(reviews: Reviews) -> None:
    """Three days are asked for after today's; the one that has changed has another revision."""
    reviews.counts["2025-10-02"] = 8
    code, said = reviews.run()
    assert code == 0, said
    assert reviews.asked == [TODAY, "2025-10-02", "2025-10-06", "2025-10-08"]
    changed, same = reviews.row("2025-10-02"), reviews.row("2025-10-06")
    assert (changed.state, changed.revision, changed.rows_before, changed.rows) == ("ok", 2, 5, 8)
    assert changed.source_rows == 8
    assert (same.state, same.revision, same.restated_at) == ("ok", 1, None)
    assert reviews.landed("2025-10-02") == 8
    assert "5 -> 8 rows (+3), 3 changed" in reviews.journal()
    assert reviews.run()[0] == 99  # today's has landed, and each age counts once
    assert reviews.asked == []


def test_what_the_source_has_forgotten_stays(reviews: Reviews) -> None:
    """No rows, or rows that fail the job's checks, are no reason to give up good ones."""
    reviews.counts |= {"2025-10-02": 0, "2025-10-06": 6}
    reviews.score = 9
    code, said = reviews.run()
    assert code == 0, said
    assert "5 rows have landed and are kept: the source has none of this period" in said
    assert "5 rows have landed and are kept: score max is 9, at least 1" not in said
    assert "kept: score max is 9, at most 5 expected" in said
    for day in ("2025-10-02", "2025-10-06"):
        row = reviews.row(day)
        assert (row.state, row.rows, row.revision, row.error) == ("ok", 5, 1, None)
        assert reviews.landed(day) == 5
        assert f"pdd_review {day} was pulled again in vain, and what has landed stays" in said
    assert "2025-10-08" in reviews.asked


def test_a_source_that_is_busy_is_asked_by_the_next_run(reviews: Reviews) -> None:
    """What has landed stays, no gap comes of it, and the others are left for then, too."""
    reviews.busy = "2025-10-02"
    assert reviews.run()[0] == 0
    assert reviews.asked == [TODAY, "2025-10-02"]
    assert reviews.row("2025-10-02").state == "ok"
    reviews.busy = ""
    assert reviews.run()[0] == 99
    assert reviews.asked == ["2025-10-02", "2025-10-06", "2025-10-08"]


def test_a_kill_leaves_what_landed(reviews: Reviews) -> None:
    """In the middle of it; the next run takes it up."""
    reviews.busy = "2025-10-02"
    reviews.go_on.clear()
    reviews.pull.environment |= {"RETRY_EARLIER": "1"}
    reviews.pull.job_id = "pdd_review"
    runner = reviews.pull.start(TODAY, "--shop", "pdd-1")
    assert reviews.begun.wait(60)
    runner.send_signal(signal.SIGKILL)  # its script dies with it
    runner.communicate(60)
    assert runner.returncode == -signal.SIGKILL
    reviews.go_on.set()
    row = reviews.row("2025-10-02")
    assert (row.state, row.rows, row.revision, reviews.landed("2025-10-02")) == ("ok", 5, 1, 5)
    reviews.busy = ""
    assert reviews.run()[0] == 99
    assert "2025-10-02" in reviews.asked


def test_a_run_by_hand_pulls_nothing_again(reviews: Reviews) -> None:
    """That is for the schedule's runs."""
    assert reviews.pull.run_job("pdd_review", TODAY, "--shop", "pdd-1")[0] == 0
    assert reviews.asked == [TODAY]
