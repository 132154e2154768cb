"""What `trigger --wait` says of a run that Airflow calls a success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT
from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.migrating import migrate
from manager.airflow.rest import Api
from manager.layout import Layout
from manager.lifecycle.ports import Ports
from manager.run_outcome import outcome_of
from manager.run_watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUN = "manual__now"
LOGS = "python3 scheduler_manager.py logs erp_store"
JOB = load_registry(PROJECT_ROOT).jobs["erp_store"]


@pytest.fixture
def engine_url(tmp_path: Path) -> str:
    """Return a new warehouse."""
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    migrate(url)
    return url


@pytest.fixture
def watch(engine_url: str, tmp_path: Path) -> Iterator[Callable[[str], Watch]]:
    """Return a watch on a run of a period that has ended well."""
    engine = connect(engine_url)

    def ended(key: str) -> Watch:
        watch = Watch(Api(Layout(var=tmp_path), Ports()), Ledger(engine), JOB, key, dict)
        watch.run_id, watch.landed = RUN, True
        return watch

    yield ended
    engine.dispose()


def land(url: str, run_id: str, key: str, *shops: str) -> None:
    """Let a run land shops of a period."""
    engine = connect(url)
    ledger = Ledger(engine, run_id)
    units = [Unit(JOB.id, shop, JOB.schedule.parse_key(key)) for shop in shops]
    ledger.expect(units)
    ledger.begin(units)
    with engine.begin() as connection:
        for unit in units:
            ledger.land(connection, unit, 5)
    engine.dispose()


def test_a_period_before_every_shop_is_no_success(watch: Callable[[str], Watch]) -> None:
    """Nobody was open, so nothing landed: exit code 99, and each shop's reason."""
    code, reason = outcome_of(PROJECT_ROOT, watch("1900-01-01"))
    assert code == 99
    assert reason.startswith("nothing to do: no shop that was asked for is open in 1900-01-01: ")
    assert "shop 'erp-3' opens after 1900-01-01, its 'from' is " in reason


def test_what_had_landed_before_is_a_success_and_said(
    watch: Callable[[str], Watch], engine_url: str
) -> None:
    """Another run landed it: exit code 0, and that nothing was loaded twice."""
    land(engine_url, "scheduled__before", "2025-10-02", "erp-1", "erp-2")
    code, reason = outcome_of(PROJECT_ROOT, watch("2025-10-02"))
    assert (code, "had landed before" in reason) == (0, True)


def test_what_landed_now_needs_no_reason(watch: Callable[[str], Watch], engine_url: str) -> None:
    """Though some of it had landed before."""
    land(engine_url, "scheduled__before", "2025-10-02", "erp-1")
    land(engine_url, RUN, "2025-10-02", "erp-2")
    assert outcome_of(PROJECT_ROOT, watch("2025-10-02")) == (0, "")


def test_other_shops_do_not_count(watch: Callable[[str], Watch], engine_url: str) -> None:
    """A run that was narrowed to a shop without data did nothing, whatever others landed."""
    land(engine_url, "scheduled__before", "2025-10-02", "erp-1")
    code, reason = outcome_of(PROJECT_ROOT, watch("2025-10-02"), ["erp-2"])
    assert (code, reason) == (99, f"nothing to do: `{LOGS}` says why")


def test_what_failed_is_left_to_its_errors(watch: Callable[[str], Watch]) -> None:
    """Exit code 1, as ever."""
    failed = watch("2025-10-02")
    failed.landed = False
    assert outcome_of(PROJECT_ROOT, failed) == (1, "")


def test_what_landed_before_it_is_due_is_a_success_and_said(
    watch: Callable[[str], Watch], engine_url: str
) -> None:
    """Exit code 0, with when it is due and pulled again."""
    engine, key = connect(engine_url), "2025-10-02"
    ledger, unit = Ledger(engine, RUN), Unit(JOB.id, "erp-1", JOB.schedule.parse_key(key))
    ledger.expect([unit])
    ledger.begin([unit])
    with engine.begin() as connection:
        ledger.land(connection, unit, 5, provisional=True)
    code, reason = outcome_of(PROJECT_ROOT, watch(key))
    assert (code, reason) == (
        0,
        "landed provisionally: the period is due at 2025-10-03 07:00, and is pulled again then",
    )
    engine.dispose()
