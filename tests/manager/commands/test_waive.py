"""Accepting gaps that can never be closed."""

import getpass
import json
from argparse import Namespace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.coverage import JudgedUnit
from include.coverage.waiving import select
from include.errors import ConfigurationError
from include.registry import load_registry
from include.units.waivers import waive as waive_units
from include.warehouse import connect
from include.warehouse.tables import contracts
from manager.commands.gaps import gaps
from manager.commands.report import report
from manager.commands.waive import unwaive, waive
from tests.coverage.registries import row
from tests.manager.covered import Installation, install

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
"""
SHOP = "  - {{id: erp-{0}, platform: erp, name: 店{0}, connection: erp, platform_id: 1000{0}}}\n"
SHOPS = "shops:\n" + "".join(SHOP.format(number) for number in (1, 2, 3))
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def _ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return one in which two shops missed the days three and four days ago."""
    return _made(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return the same, that no test changes."""
    return _made(tmp_path_factory.mktemp("unchanged"))


def _made(folder: Path) -> Installation:
    made = install(folder, TASKS, SHOPS, {"password": "unused", "extra": "{}"})

    def but(unit: JudgedUnit) -> str | None:
        missed = unit.period.key in (_ago(3), _ago(4)) and unit.shop_id != "erp-3"
        return "" if missed else None

    made.land(but=but)
    return made


def _do(command: Any, installation: Installation, **more: Any) -> int:
    said = {"job": "erp_store", "shop": None, "period": _ago(3), "until": None, "json": False}
    code: int = command(installation.layout, Namespace(**{**said, **more}))
    return code


def _gaps(
    installation: Installation, capsys: pytest.CaptureFixture[str], **more: Any
) -> tuple[int, Any]:
    capsys.readouterr()
    said = {"job": None, "shop": None, "since": None, "waived": False, "json": True}
    code = gaps(installation.layout, Namespace(**{**said, **more}))
    told = capsys.readouterr().out
    return code, json.loads(told) if {**said, **more}["json"] else told


def test_what_is_waived_is_no_gap_and_is_listed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """One shop's, then all of a range; with the reason, who and when; the journal has it, too."""
    _do(waive, installation, shop="erp-1", reason="  closed\tfor good ")
    assert f"waived erp_store erp-1 {_ago(3)}: it counts nowhere" in capsys.readouterr().out
    code, told = _gaps(installation, capsys)
    left = [(_ago(4), "erp-1"), (_ago(4), "erp-2"), (_ago(3), "erp-2")]
    assert (code, [(gap["period"], gap["shop"]) for gap in told["gaps"]]) == (1, left)
    (waived,) = told["waived"]
    assert datetime.fromisoformat(waived.pop("at"))
    who = {"reason": "closed for good", "by": getpass.getuser()}
    assert waived == {"job": "erp_store", "shop": "erp-1", "period": _ago(3), **who}
    assert told["besides"]["waived"] == 1

    _do(waive, installation, period=_ago(4), until=_ago(3), reason="the platform was down")
    assert "2 landed already" in capsys.readouterr().out
    code, told = _gaps(installation, capsys)
    assert (code, told["gaps"], len(told["waived"])) == (0, [], 4)
    # The one that was waived before keeps its own reason.
    assert [one["reason"] for one in told["waived"]].count("closed for good") == 1
    code, shown = _gaps(installation, capsys, waived=True, json=False)
    assert code == 0
    assert f"erp-2  {_ago(4)} to {_ago(3)}  {getpass.getuser()}, " in shown
    assert shown.splitlines()[0].startswith("4 waived since ")
    code, shown = _gaps(installation, capsys, json=False)
    assert "4 waived (`python3 scheduler_manager.py gaps --waived` says why)" in shown
    journal = (installation.layout.logs / "scheduler.log").read_text("utf-8")
    assert f"waived erp_store erp-1 {_ago(3)}: closed for good" in journal


def test_what_is_waived_is_a_gap_again(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Undone by the same options; what is not waived is said."""
    _do(waive, installation, period=_ago(4), until=_ago(3), reason="why not")
    _do(unwaive, installation, shop="erp-2", json=True, until=None)
    _, told = _gaps(installation, capsys)
    assert [(gap["period"], gap["shop"]) for gap in told["gaps"]] == [(_ago(3), "erp-2")]
    with pytest.raises(
        ConfigurationError, match=rf"nothing of erp_store erp-2 {_ago(3)} is waived"
    ):
        _do(unwaive, installation, shop="erp-2")


def test_a_waived_unit_that_lands_has_landed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger wins over the waiver."""
    _do(waive, installation, reason="why not")
    units = {unit.shop_id: unit for unit in installation.units(5) if unit.period.key == _ago(3)}
    installation.write([row("erp_store", "erp-1", units["erp-1"].period, "ok")])
    _, told = _gaps(installation, capsys)
    assert [one["shop"] for one in told["waived"]] == ["erp-2"]
    arguments = Namespace(date=None, period=_ago(3), markdown=False, json=True)
    assert report(installation.layout, arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["landed"], told["expected"], told["complete"]) == (2, 2, True)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"reason": " \t"}, "a reason is missing: say why it can never be pulled"),
        ({"reason": "x" * 1001}, "the reason has 1,001 characters"),
        ({"job": "erp_stroe"}, "did you mean 'erp_store'?"),
        ({"shop": "erp-11"}, "did you mean 'erp-1'?"),
        ({"period": "2025-9-1"}, "period '2025-9-1' is not a day: write it like 2025-10-02"),
        ({"period": TODAY.isoformat()}, "the last one that can run is"),
        ({"period": _ago(3), "until": _ago(4)}, "swap the two"),
        ({"shop": "erp-3"}, "has no gap that could be waived: 1 landed already"),
        ({"period": _ago(5)}, "has no gap that could be waived: 3 landed already"),
        ({"period": "2001-01-01"}, "nothing is expected of erp_store 2001-01-01"),
    ],
)
def test_what_cannot_be_waived_is_said(
    unchanged: Installation, said: dict[str, str], why: str
) -> None:
    """No reason, an unknown name, or no gap: one line that says what to write instead."""
    with pytest.raises(ConfigurationError) as error:
        _do(waive, unchanged, **{"reason": "closed", **said})
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_waiver_is_of_its_very_window(installation: Installation) -> None:
    """Where a key has come to mean another window, what was waived of the old one is a gap."""
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    registry = load_registry(installation.layout.root)
    job = registry.jobs["erp_store"]
    day = job.schedule.parse_key(_ago(3))
    found = select(engine, registry, job, (day, day))
    waive_units(engine, found.gaps, "closed", "me")
    assert select(engine, registry, job, (day, day)).gaps == []
    elsewhere = job.model_copy(update={"timezone": "America/New_York"})
    moved = elsewhere.schedule.parse_key(_ago(3))
    registry.jobs["erp_store"] = elsewhere
    assert {unit.shop_id for unit in select(engine, registry, elsewhere, (moved, moved)).gaps} == {
        *("erp-1", "erp-2", "erp-3")
    }
    engine.dispose()


def test_a_fault_of_contracts_costs_no_waiver(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong there is told beside it."""
    contract = "contracts: [{id: day, name: x, jobs: [erp_store]}]\n"
    (installation.layout.root / "config/contracts.yaml").write_text(contract, "utf-8")
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    with engine.begin() as connection:
        contracts.drop(connection)
    engine.dispose()
    assert _do(waive, installation, reason="closed") == 0
    out, error = capsys.readouterr()
    assert "waived erp_store erp-1" in out
    assert error.startswith("contracts could not be judged:")
    assert error.count("\n") == 1
