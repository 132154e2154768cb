"""Whether all that a contract names has landed of a period."""

from __future__ import annotations

import json
import threading
from argparse import ArgumentTypeError, Namespace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigurationError, TemporaryError
from include.periods import Schedule
from include.registry.contracts import CONTRACTS_FILE
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from manager.commands import complete as module
from manager.commands.complete import complete
from manager.commands.options import seconds
from manager.commands.waive import waive
from tests.manager.covered import Installation, install

if TYPE_CHECKING:
    from pathlib import Path

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: jd_store, name: 京东门店数据, cron: "1 0 * * *", script: jd/jd_store.py, platform: jd}
"""
SHOP = "  - {{id: {0}-{1}, platform: {0}, name: 店{1}, connection: erp, platform_id: 1000{1}}}\n"
SHOPS = "shops:\n" + "".join(SHOP.format(*one) for one in (("erp", 1), ("erp", 2), ("jd", 1)))
CONTRACT = """
contracts:
  - {id: store_day, name: 门店日报, jobs: [erp_store, jd_store], deadline: "09:30"}
  - {id: store_week, name: 门店周报, jobs: [erp_store], period: week}
"""
DAYS = Schedule("0 0 * * *", "day")
YESTERDAY = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).date().isoformat()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return one in which everything has landed but yesterday's of one shop."""
    made = install(tmp_path, TASKS, SHOPS, {"password": "unused", "extra": "{}"})
    (made.layout.root / CONTRACTS_FILE).write_text(CONTRACT, "utf-8")
    made.land(
        but=lambda unit: "" if (unit.shop_id, unit.period.key) == ("jd-1", YESTERDAY) else "ok"
    )
    return made


def _ask(installation: Installation, **more: Any) -> int:
    said = {"contract": "store_day", "period": YESTERDAY, "wait": None, "json": False}
    return complete(installation.layout, Namespace(**{**said, **more}))


def _land(installation: Installation, shop: str = "jd-1", job: str = "jd_store") -> None:
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    with engine.begin() as connection:
        Ledger(engine).land(connection, Unit(job, shop, DAYS.parse_key(YESTERDAY)), 7)
    engine.dispose()


def _fail(installation: Installation, code: int, error: str) -> None:
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    unit, ledger = Unit("jd_store", "jd-1", DAYS.parse_key(YESTERDAY)), Ledger(engine)
    ledger.expect([unit])
    ledger.begin([unit])
    ledger.fail(unit, code, error)
    engine.dispose()


def test_what_is_missing_by_job_and_shop(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the shop's name, why, and what to do about it; the exit code is 1."""
    _fail(installation, 77, "the token has expired")
    assert _ask(installation) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"store_day {YESTERDAY} 门店日报: not complete, 2 of 3 units have landed, missing: "
        "jd_store; due by "
    )
    assert lines[1:] == [
        "",
        "jd_store  京东门店数据  (1)",
        "  jd-1 店1  failed, exit code 77 (credentials refused or expired): the token has expired",
        "  first: renew the credentials that the message names, in their connection",
        f"  repair: python3 scheduler_manager.py repair --job jd_store --since {YESTERDAY} --yes",
    ]


def test_complete(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 0; whoever asks first writes it down."""
    _land(installation)
    assert _ask(installation, period="yesterday") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"store_day {YESTERDAY} 门店日报: complete since ")
    assert told.endswith(", revision 1: 3 units, 27 rows\n")
    _fail_after(installation)
    assert _ask(installation) == 1
    assert "it was complete at " in capsys.readouterr().out


def _fail_after(installation: Installation) -> None:
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    ledger = Ledger(engine)
    (row,) = ledger.rows("jd_store", YESTERDAY)
    ledger.reject(row, "too few")
    engine.dispose()


def test_json(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """A program is told the same."""
    assert _ask(installation, json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["complete"], told["revision"], told["complete_at"]) == (False, None, None)
    assert told["units"] == {"needed": 3, "landed": 2, "waived": 0}
    (missing,) = told["missing"]
    assert (missing["job"], missing["shop"], missing["shop_name"]) == ("jd_store", "jd-1", "店1")
    assert missing["state"] in ("missed", "pending")
    _land(installation)
    assert _ask(installation, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["complete"], told["revision"], told["missing"]) == (True, 1, [])
    assert datetime.fromisoformat(told["complete_at"]).tzinfo is not None


def test_waiting(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends as soon as the last has landed; when the time is over the exit code is 75."""
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.05)
    assert _ask(installation, wait=0) == 75
    assert _ask(installation, wait=2) == 75
    told = capsys.readouterr()
    assert told.err == "waiting: 2 of 3 units have landed, missing: jd_store\n"
    assert "not complete" in told.out
    lander = threading.Timer(0.3, _land, [installation])
    lander.start()
    assert _ask(installation, wait=600) == 0
    lander.join()


def test_waiting_through_a_broken_file(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong while somebody edits it is waited for; what is wrong at once is not."""
    file = installation.layout.root / CONTRACTS_FILE

    def edit(_seconds: float) -> None:
        if file.read_text("utf-8") == CONTRACT:
            file.write_text("contracts: [", "utf-8")
        else:
            file.write_text(CONTRACT, "utf-8")
            _land(installation)

    monkeypatch.setattr(module.time, "sleep", edit)
    assert _ask(installation, wait=600) == 0
    file.write_text("contracts: [", "utf-8")
    assert _ask(installation, wait=600) == 0
    file.write_text("contracts: [", "utf-8")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        _ask(installation)
    with pytest.raises(TemporaryError, match="could not be known in time"):
        _ask(installation, wait=0)


def test_a_warehouse_that_is_away(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is waited for from the start; to a script that does not wait it is not "not complete"."""
    _land(installation)
    there, away = installation.layout.warehouse, installation.layout.warehouse.with_suffix(".away")
    there.rename(away)
    there.mkdir()
    with pytest.raises(TemporaryError, match="the warehouse cannot be read"):
        _ask(installation)
    with pytest.raises(TemporaryError, match="could not be known in time"):
        _ask(installation, wait=0)

    def comes_back(_seconds: float) -> None:
        there.rmdir()
        away.rename(there)

    monkeypatch.setattr(module.time, "sleep", comes_back)
    assert _ask(installation, wait=600) == 0
    assert capsys.readouterr().err.startswith("waiting: the warehouse cannot be read")


def test_what_is_no_contract_and_no_period(installation: Installation) -> None:
    """What was probably meant is named."""
    with pytest.raises(ConfigurationError, match="did you mean 'store_day'"):
        _ask(installation, contract="store_dy")
    with pytest.raises(ConfigurationError, match="is not a day: write it like 2025-10-02"):
        _ask(installation, period="2025-10")
    with pytest.raises(ConfigurationError, match="write it like 2025-10-02; or write yesterday"):
        _ask(installation, period="today")
    with pytest.raises(
        ConfigurationError, match="yesterday is a day, and contract 'store_week' is"
    ):
        _ask(installation, contract="store_week", period="yesterday")


def test_a_period_that_is_not_over(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says when it ends, and what is due when."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert _ask(installation, period=today) == 1
    told = capsys.readouterr().out
    assert f"not complete, {today} ends at " in told
    assert told.count(" is due at ") == 3
    assert "repair" not in told


def test_what_is_disabled_or_older_than_the_ledger(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither is complete, and it is said why; what the ledger has lost is not waited for."""
    assert _ask(installation, period="2001-01-01", wait=600) == 1
    assert "unknown, the ledger keeps nothing of it (HOUSEKEEPING" in capsys.readouterr().out
    tasks = installation.layout.root / "config/tasks/tasks.yaml"
    tasks.write_text(TASKS.replace("platform:", "enabled: false, platform:"), "utf-8")
    for wait in (None, 600):
        assert _ask(installation, wait=wait) == 1
        assert "nothing is expected of it" in capsys.readouterr().out


def test_broken_entries(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """What it needs is not known, which is said with the problem."""
    _land(installation)
    tasks = installation.layout.root / "config/tasks/tasks.yaml"
    tasks.write_text(TASKS.replace('"1 0', '"99 0'), "utf-8")
    assert _ask(installation) == 1
    told = capsys.readouterr().out
    assert "broken, so that what it needs is not known:\n  config/tasks/tasks.yaml:4:" in told


def test_a_waiver_completes_it(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command that waives the last says so, and the journal has it."""
    _fail(installation, 1, "no")
    said = {"job": "jd_store", "shop": None, "period": YESTERDAY, "until": None, "json": False}
    assert waive(installation.layout, Namespace(**said, reason="closed")) == 0
    line = f"that completes store_day {YESTERDAY} (revision 1): 2 units, 20 rows, 1 waived\n"
    assert line in capsys.readouterr().out
    assert "completed store_day" in (installation.layout.logs / "scheduler.log").read_text("utf-8")
    assert _ask(installation) == 0


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("0s", 0)]
)
def test_times_to_wait(text: str, expected: int) -> None:
    """As durations are written elsewhere."""
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "h", "2 h", "2x", "-1m"])
def test_no_times_to_wait(text: str) -> None:
    """The message says how to write it."""
    with pytest.raises(ArgumentTypeError, match="write it like 90s, 30m or 2h"):
        seconds(text)
