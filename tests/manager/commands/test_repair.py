"""What `repair` says of its plan."""

from argparse import Namespace
from datetime import date
from typing import Any, cast

import pytest

from include.coverage import repairing
from include.coverage.repairing import SEEN_TO, Plan, RepairRun, RunUnderWay
from manager.commands.repair import NO_GAPS, WHY, _answer, _lines
from manager.run_follower import Follower
from tests.coverage.registries import job


def test_what_is_under_way_is_not_nothing() -> None:
    """Asked again while its runs work, it says that they cover what is missing."""
    erp = job("erp_store", platform="erp", start=date(2025, 10, 1))
    run = RunUnderWay(erp, "2025-10-01", ("erp-1",), "repair__2025-10-01__1")
    plan = Plan([], {("erp_store", SEEN_TO): 1}, [run])
    assert _lines(plan) == ["erp_store: 1 left out: a queued or running run covers them"]
    assert _lines(Plan([])) == ["nothing to repair"]


def test_what_is_broken_is_not_nothing() -> None:
    """Nobody knows what it should land."""
    problem = "config/shops.yaml:1:1: is empty"
    assert _lines(Plan([]), [problem]) == [
        f"broken, so that what it should land is not known: {problem}",
        "nothing to repair of what is known",
    ]


class InterruptedApi:
    """Airflow's API, of which somebody has enough at the third run."""

    def __init__(self) -> None:
        self.made = 0

    def make_run(self, _job_id: str, _body: object) -> str:
        """Make one."""
        self.made += 1
        if self.made > 2:
            raise KeyboardInterrupt
        return ""


def test_an_interruption_stops_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    """What was made is told as it is made, and that it goes on by itself."""
    erp = job("erp_store", platform="erp", start=date(2025, 10, 1))
    keys = ("2025-10-01", "2025-10-02", "2025-10-03")
    runs = [RepairRun(erp, key, ("erp-1",), True, 1, None, None) for key in keys]  # noqa: FBT003
    asked = Namespace(json=False, yes=True, no_wait=False)
    nothing: Any = None
    follower = Follower(cast("Any", InterruptedApi()), nothing, nothing, nothing)
    told = "interrupted; 2 runs go on without it, and the same command with"
    with pytest.raises(KeyboardInterrupt, match=told):
        _answer(Plan(runs), [], follower, nothing, asked)
    said = capsys.readouterr()
    assert [line for line in said.out.splitlines() if "started" in line] == [
        f"erp_store {key} started (run repair__{key}__1)" for key in keys[:2]
    ]


def test_a_long_plan_is_a_line_for_alike_runs() -> None:
    """Ninety days of one job are one line, with what they cost together."""
    erp = job("erp_store", platform="erp", start=date(2025, 10, 1))

    def run(key: str, *shops: str) -> RepairRun:
        return RepairRun(erp, key, shops, len(shops) == 3, 1, 10, 60.0)

    three = ("erp-1", "erp-2", "erp-3")
    plan = Plan([run("2025-10-01", *three), run("2025-10-02", *three), run("2025-10-03", "erp-2")])
    assert [" ".join(line.split()) for line in _lines(plan)] == [
        "job period shops calls about",
        "erp_store 2025-10-01 to 2025-10-02 (2 runs) all 20 2.0 min",
        "erp_store 2025-10-03 erp-2 10 1.0 min",
        "7 units in 3 runs, about 30 calls, minutes: about 3",
    ]


def test_every_reason_to_make_no_run_has_its_words() -> None:
    """The command file spells them, since `--help` works before any package is installed."""
    held = (
        *(repairing.PAUSED, repairing.NO_DAG, repairing.SEEN_TO, repairing.UNREPAIRABLE),
        *(repairing.BLOCKED, repairing.LATER, repairing.DISABLED, repairing.AWAITING),
    )
    assert {*WHY} == {*held}
    assert {*NO_GAPS} == {repairing.SEEN_TO, repairing.DISABLED}
