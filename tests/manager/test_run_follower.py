"""What somebody sees who waits for a run."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from include import PROJECT_ROOT
from include.coverage.runs import Run
from include.errors import ExpectedError
from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.tables import ledger
from manager import run_follower
from manager.airflow.rest import UnansweredError
from manager.followed import Followed
from manager.layout import Layout
from manager.run_follower import Follower
from tests.coverage.registries import job, row
from tests.warehouses import make_warehouse

ERP, KEY = job("erp_store", platform="erp", start=date(2025, 10, 1)), "2025-10-01"
STUCK = Run(
    ERP.id, "backfill__1", under_way=True, first=KEY, last=KEY, stuck="its backfill was cancelled"
)
RUN = "manual__now"
JOB = load_registry(PROJECT_ROOT).jobs["erp_store"]
SAID = "exit code 1\nTraceback\nValueError: no such column"


class Airflow:
    """An API that shows one run."""

    def __init__(self, *states: str, tasks: dict[str, str] | None = None) -> None:
        self.states, self.tasks = [*states], tasks or {}

    def run_state(self, *_: str) -> str:
        """Return the run's state: each of them once, then the last; `away` for no answer."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "away":
            raise UnansweredError(state)
        return state

    def task_states(self, *_: str) -> dict[str, str]:
        """Return the states of its tasks."""
        return self.tasks

    def runs(self, **_: Any) -> list[dict[str, Any]]:
        """Return the run as one that waits."""
        return [{"dag_id": ERP.id, "dag_run_id": STUCK.run_id}]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return a new warehouse."""
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    make_warehouse(url)
    engine = connect(url)
    yield engine
    engine.dispose()


def _follower(engine: Engine, api: Any = None, *stuck: Run) -> Follower:
    return Follower(api, Ledger(engine), lambda: {run.name: run for run in stuck}, Layout())


@pytest.mark.parametrize(
    ("airflow", "landed"),
    [
        (Airflow("queued"), False),
        (Airflow("running", tasks={"run": "scheduled"}), False),
        (Airflow("running", tasks={"run": "running"}), None),
        (Airflow("running", tasks={"run": "up_for_retry"}), False),
        (Airflow("success", tasks={"run": "success"}), True),
    ],
)
def test_nobody_waits_for_a_run_that_cannot_move(
    engine: Engine,
    airflow: Airflow,
    landed: bool | None,  # noqa: FBT001 - a case
) -> None:
    """Airflow shows it as queued, or its task as scheduled, for ever; what works is waited for."""
    run = Followed(ERP, KEY, STUCK.run_id)
    line = _follower(engine, airflow, STUCK).look(run)
    assert run.landed is landed
    has_given_up = landed is False and "up_for_retry" not in line
    assert (STUCK.trouble in line) == has_given_up


def test_each_change_is_a_line_and_a_web_ui_that_restarts_is_waited_for(
    engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stays as it was is not said again."""
    monkeypatch.setattr(run_follower, "LOOK_SECONDS", 0)
    api, run = Airflow("running", "running", "away", "success"), Followed(ERP, KEY, RUN)
    _write(engine, ERP, "ok", "failed")
    _follower(engine, api).follow(run)
    assert capsys.readouterr().out.splitlines() == [
        f"erp_store {KEY}: queued, 1 of 2 landed, 10 rows",
        f"erp_store {KEY}: success, 1 of 2 landed, 10 rows",
    ]
    monkeypatch.setattr(run_follower, "PATIENCE_SECONDS", 0)
    with pytest.raises(UnansweredError):
        _follower(engine, Airflow("away")).follow(Followed(ERP, KEY, RUN))


def _write(engine: Engine, job: Any, *states: str) -> None:
    """Write rows of shops erp-1, erp-2, ... of the period."""
    period = job.schedule.parse_key(KEY)
    rows = [
        row("erp_store", f"erp-{number}", period, state, **_of(state))
        for number, state in enumerate(states, 1)
    ]
    with engine.begin() as connection:
        connection.execute(insert(ledger), [vars(one) for one in rows])


def _of(state: str) -> dict[str, Any]:
    return {"exit_code": 1, "error": SAID} if state == "failed" else {}


@pytest.mark.parametrize(
    ("shops", "said"),
    [
        (("erp-1", "erp-4"), "landed, 10 rows, erp-4 is disabled by now (1 of 1 runs)"),
        (("erp-1", "erp-3"), "failed: 1 of 2 missing: erp-3 (1 of 1 runs)"),
        (
            ("erp-1", "erp-2"),
            "failed: 1 of 2 missing: erp-2 ValueError: no such column (1 of 1 runs)",
        ),
    ],
)
def test_a_repair_says_of_each_run_what_has_landed(
    engine: Engine, capsys: pytest.CaptureFixture[str], shops: tuple[str, ...], said: str
) -> None:
    """A shop that was switched off meanwhile is missed by nobody; what failed says why."""
    _write(engine, ERP, "ok", "failed")
    run = Followed(ERP, KEY, "repair__1", shops)
    _follower(engine, Airflow()).follow_repairs([run], lambda shop: shop == "erp-4")
    assert capsys.readouterr().out == f"erp_store {KEY}: {said}\n"
    assert run.landed == said.startswith("landed")


def test_a_repair_does_not_wait_for_a_run_that_cannot_move(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown as queued for ever; following ends with why, and what is missing."""
    run = Followed(ERP, KEY, STUCK.run_id, ("erp-3",))
    _follower(engine, Airflow(), STUCK).follow_repairs([run], lambda _: False)
    assert run.landed is False
    assert capsys.readouterr().out == (
        f"erp_store {KEY}: run backfill__1 waits and cannot go on: its backfill was cancelled: "
        "1 of 1 missing: erp-3 (1 of 1 runs)\n"
    )


def _land(engine: Engine, run_id: str, *shops: str, provisional: bool = False) -> None:
    """Make a run land shops of 2025-10-02."""
    kept = Ledger(engine, run_id)
    units = [Unit(JOB.id, shop, JOB.schedule.parse_key("2025-10-02")) for shop in shops]
    kept.expect(units)
    kept.begin(units)
    with engine.begin() as connection:
        for unit in units:
            kept.land(connection, unit, 5, provisional=provisional)


def _outcome(engine: Engine, shops: Sequence[str] = (), key: str = "2025-10-02") -> tuple[int, str]:
    run = Followed(JOB, key, RUN, tuple(shops), landed=True)
    return _follower(engine).outcome(run)


def test_what_did_not_land_names_the_command_that_shows_its_log(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Besides what each shop failed with."""
    _write(engine, ERP, "ok", "failed")
    _follower(engine).explain(Followed(ERP, KEY, RUN))
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("erp_store erp-2: failed: ")
    assert f"erp_store {KEY} did not land: `python3 scheduler_manager.py logs erp_store` sh" in last


def test_a_period_before_every_shop_is_no_success(engine: Engine) -> None:
    """Nobody was open, so nothing landed: exit code 99, and each shop's reason."""
    code, reason = _outcome(engine, key="1900-01-01")
    assert code == 99
    assert reason.startswith("nothing to do: no shop that was asked for is open in 1900-01-01: ")
    assert "shop 'erp-3' opens after 1900-01-01, its 'from' is " in reason


def test_what_had_landed_before_is_a_success_and_said(engine: Engine) -> None:
    """Another run landed it: exit code 0, and that nothing was loaded twice."""
    _land(engine, "scheduled__before", "erp-1", "erp-2")
    code, reason = _outcome(engine)
    assert (code, "had landed before" in reason) == (0, True)


def test_what_landed_now_needs_no_reason(engine: Engine) -> None:
    """Though some of it had landed before."""
    _land(engine, "scheduled__before", "erp-1")
    _land(engine, RUN, "erp-2")
    assert _outcome(engine) == (0, "")


def test_other_shops_do_not_count(engine: Engine) -> None:
    """A run that was narrowed to a shop without data did nothing, whatever others landed."""
    _land(engine, "scheduled__before", "erp-1")
    logs = "python3 scheduler_manager.py logs erp_store"
    assert _outcome(engine, ["erp-2"]) == (99, f"nothing to do: `{logs}` says why")


def test_what_failed_is_left_to_its_errors(engine: Engine) -> None:
    """Exit code 1, as ever."""
    failed = Followed(JOB, "2025-10-02", RUN, landed=False)
    assert _follower(engine).outcome(failed) == (1, "")


def test_what_landed_before_it_is_due_is_a_success_and_said(engine: Engine) -> None:
    """Exit code 0, with when it is due and pulled again."""
    _land(engine, RUN, "erp-1", provisional=True)
    assert _outcome(engine) == (
        0,
        "landed provisionally: the period is due at 2025-10-03 07:00, and is pulled again then",
    )


def test_a_warehouse_that_is_away_is_one_sentence(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first look, and between two."""
    follower, layout = _follower(engine), Layout(var=tmp_path)
    monkeypatch.setattr(run_follower, "warehouse_url", lambda _: f"sqlite:///{tmp_path}/gone.db")
    monkeypatch.setattr(run_follower, "component_environment", lambda *_: {})
    with pytest.raises(ExpectedError, match=r"gone\.db is not there: put it back"):
        Follower.of(layout)
    engine.dispose()
    (tmp_path / "warehouse.db").unlink()
    with pytest.raises(ExpectedError, match=r"the warehouse cannot be read: .*is not there"):
        follower.rows(Followed(ERP, KEY, RUN))
