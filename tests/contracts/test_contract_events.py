"""Airflow is told once of each revision of a contract, whatever is cut off in between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manager.airflow.rest import NotThereError, UnansweredError
from manager.contract_events import JUDGE_SECONDS, PATIENCE_SECONDS
from tests.contracts.contracted import DAY, KEY
from tests.contracts.watched import Killed, last_key

if TYPE_CHECKING:
    from tests.contracts.watched import Watched

RUN = ("contract.day", f"complete__{KEY}__r1", KEY)


def test_who_completes_it_is_followed_by_a_run(watched: Watched) -> None:
    """The next look makes it, and marks the revision; later looks ask for nothing."""
    assert watched.events.look()
    watched.project.land_all()
    watched.project.completed()
    assert watched.waiting() == [1]
    for _ in range(3):
        assert watched.events.look()
    assert (watched.runs.made, watched.waiting()) == ([RUN], [])
    assert watched.runs.asked.total() == 1
    assert watched.said == [f"said: day {KEY} (revision 1): 5 units, 25 rows"]


def test_kill_9_between_the_row_and_the_event(watched: Watched) -> None:
    """Before the run is made, or after it and before its mark: there is one run in the end."""
    watched.project.land_all()
    watched.project.completed()
    watched.runs.kill_after = True
    with pytest.raises(Killed):
        watched.events.look()
    assert watched.waiting() == [1]
    watched.runs.kill_after = False
    watched.restart()
    assert watched.events.look()
    assert (watched.runs.made, watched.waiting()) == ([RUN], [])


def test_a_later_landing_is_said_again(watched: Watched) -> None:
    """Each revision has a run of its own, in their order."""
    watched.project.land_all()
    watched.project.completed()
    watched.project.land("orders", "o-1", rows=7)
    watched.project.completed()
    watched.events.look()
    assert [run[1] for run in watched.runs.made] == [
        f"complete__{KEY}__r1",
        f"complete__{KEY}__r2",
    ]


def test_a_waiver_is_followed_too(watched: Watched) -> None:
    """It completes the period without any run."""
    watched.project.land_all(but=("c-1",))
    assert watched.project.completed() == []
    watched.project.waive("chats", "c-1")
    watched.project.completed(job_id="chats")
    watched.events.look()
    assert watched.runs.made == [RUN]


def test_an_edit_that_completes_it(watched: Watched) -> None:
    """A shop that is disabled is not waited for any more: the edit is enough."""
    key = last_key(watched)
    watched.project.land_all(key=key, but=("c-1",))
    watched.project.jobs["chats"]["start"] = key
    watched.project.write()
    watched.events.look()
    assert watched.runs.made == []
    watched.project.shops["c-1"]["enabled"] = False
    watched.project.write()
    watched.events.look()
    assert [run[2] for run in watched.runs.made] == [key]


def test_what_was_cut_off_before_its_row(watched: Watched) -> None:
    """Nobody has written that it is complete: it is judged again after five minutes."""
    watched.events.look()
    key = last_key(watched)
    watched.project.land_all(key=key)
    watched.events.look()
    assert watched.runs.made == []
    watched.seconds += JUDGE_SECONDS
    watched.events.look()
    assert [run[2] for run in watched.runs.made] == [key]


@pytest.mark.parametrize("error", [NotThereError("no such DAG"), UnansweredError("busy")])
def test_airflow_that_does_not_take_it(watched: Watched, error: Exception) -> None:
    """It is said once why, and tried until it is taken."""
    watched.project.land_all()
    watched.project.completed()
    watched.runs.trouble = error
    assert [watched.events.look() for _ in range(3)] == [False] * 3
    assert [str(error) in line for line in watched.said] == [True]
    beat = watched.layout.contracts_heartbeat
    assert beat.exists()
    beat.unlink()
    watched.seconds += PATIENCE_SECONDS
    assert not watched.events.look()
    assert not beat.exists()  # which `status` and the watchdog tell
    watched.runs.trouble = None
    assert watched.events.look()
    assert (watched.runs.made, watched.waiting()) == ([RUN], [])


def test_a_warehouse_that_is_away(watched: Watched, tmp_path: Path) -> None:
    """It is waited for, with a sign of life; what was completed meanwhile is said then."""
    url, watched.project.url = watched.project.url, f"sqlite:///{tmp_path}/nowhere/w.db"
    assert not watched.events.look()
    assert watched.layout.contracts_heartbeat.exists()
    watched.project.url = url
    watched.project.land_all()
    watched.project.completed()
    assert watched.events.look()
    assert watched.runs.made == [RUN]


def test_a_contract_that_is_broken_costs_itself(watched: Watched) -> None:
    """Its revisions wait until it is valid again; those of others are said."""
    other = DAY | {"id": "other", "jobs": ["orders"]}
    watched.project.write(DAY, other)
    watched.project.land_all()
    watched.project.completed()
    watched.project.write(DAY | {"period": "dai"}, other)
    assert watched.events.look()
    assert [run[0] for run in watched.runs.made] == ["contract.other"]
    watched.project.write(DAY, other)
    watched.events.look()
    assert [run[0] for run in watched.runs.made] == ["contract.other", "contract.day"]


def test_a_warehouse_whose_file_is_gone_is_not_made_anew(watched: Watched) -> None:
    """Whether it is missed at the start or under way; once it is back, the next look says it."""
    file = Path(watched.project.url.removeprefix("sqlite:///"))
    aside = file.with_name("aside.db")
    watched.project.land_all()
    watched.project.completed()
    watched.project.engine.dispose()
    for _ in range(2):
        file.rename(aside)
        watched.seconds += JUDGE_SECONDS
        assert not watched.events.look()
        assert not file.exists()
        assert f"the file {file} is not there: put it back" in watched.said[-1]
        aside.rename(file)
        assert watched.events.look()
    assert watched.runs.made == [RUN]
