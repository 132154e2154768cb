"""What `trigger` asks for and says."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.coverage.runs import Run
from include.errors import ConfigurationError, ExpectedError
from manager.airflow.starting_runs import begin_run
from manager.commands.trigger import trigger
from manager.layout import Layout


def test_an_empty_period_makes_no_run() -> None:
    """`trigger JOB --period "$DAY"` with DAY unset is refused before Airflow is asked."""
    asked = Namespace(job="erp_store", period="", shop=None, again=False)
    with pytest.raises(ConfigurationError, match="--period '' names no period"):
        trigger(Layout(), asked)


@pytest.mark.parametrize(
    ("job", "period", "said"),
    [
        ("erp_stor", None, "did you mean 'erp_store'?"),
        ("erp_store", "2025-13-01", "not in the calendar"),
        ("erp_store", "2999-01-01", "the last one that can run is"),
    ],
)
def test_what_makes_no_sense_makes_no_run(job: str, period: str | None, said: str) -> None:
    """It is refused before Airflow is asked, with what was meant or can be."""
    asked = Namespace(job=job, period=period, shop=None, again=False)
    with pytest.raises(ConfigurationError) as refusal:
        trigger(Layout(), asked)
    assert said in str(refusal.value)


def test_a_day_that_cannot_be_pulled_again_makes_no_run(tmp_path: Path) -> None:
    """The script takes no period: the run would be refused, and that is said at once."""
    (tmp_path / "include/scripts").mkdir(parents=True)
    (tmp_path / "include/scripts/old.py").write_text("print('yesterday')\n")
    (tmp_path / "config/tasks").mkdir(parents=True)
    entry = "tasks:\n  - {id: old, name: x, cron: '0 7 * * *', script: old.py}\n"
    (tmp_path / "config/tasks/t.yaml").write_text(entry, "utf-8")
    asked = Namespace(job="old", period="2025-10-02", shop=None, again=False)
    with pytest.raises(ConfigurationError, match="2025-10-02 cannot be pulled again"):
        trigger(Layout(root=tmp_path, var=tmp_path / "var"), asked)


KEY = "2025-10-02"
WAITING = Run("pdd_chat", "backfill__1", under_way=True, first=KEY, last=KEY)


class Airflow:
    """An API with one job and a run of its period that waits."""

    def dag(self, _: str) -> dict[str, Any]:
        """Return a DAG that is not paused."""
        return {"is_paused": False}

    def unfinished_runs(self, _job_id: str, _key: str) -> list[str]:
        """Return the run that waits."""
        return ["backfill__1"]

    def trigger(self, _job_id: str, _key: str, _conf: Any) -> str:
        """Make another."""
        return "manual__2"


def _begin(*stuck: Run) -> tuple[str, bool]:
    api: Any = Airflow()
    return begin_run(api, "pdd_chat", KEY, stuck=lambda: {run.name: run for run in stuck})


def test_a_run_that_waits_is_not_made_twice() -> None:
    """But one that cannot start is nobody's run of the period."""
    assert _begin() == ("backfill__1", False)
    cancelled = replace(WAITING, stuck="its backfill was cancelled")
    assert _begin(cancelled) == ("manual__2", True)


def test_a_run_that_would_wait_like_the_old_one_is_not_made() -> None:
    """Its pool is missing, say: who asks is told why, and by what that is found."""
    run = replace(WAITING, stuck="its pool 'pdd' is not there", blocks=True)
    told = "its pool 'pdd' is not there; another one would wait like it: `python3 .* doctor`"
    with pytest.raises(ExpectedError, match=told):
        _begin(run)


@pytest.mark.parametrize(
    ("job", "shop", "told"),
    [
        (
            "erp_store",
            "pdd-1",
            "shop 'pdd-1' is on pdd, and job 'erp_store' is for erp: name a job",
        ),
        ("erp_store", "erp-9", "there is no shop 'erp-9' on erp: did you mean 'erp-"),
        ("housekeeping", "erp-1", "job 'housekeeping' has no shops: leave shop 'erp-1' out"),
    ],
)
def test_a_shop_that_is_not_the_jobs_is_explained(
    tmp_path: Path, job: str, shop: str, told: str
) -> None:
    """A shop of another platform is no misspelt one; nothing is asked of the service."""
    asked = Namespace(job=job, period=None, shop=[shop], again=False, wait=False)
    with pytest.raises(ConfigurationError) as caught:
        trigger(Layout(var=tmp_path), asked)
    assert str(caught.value).startswith(told)
