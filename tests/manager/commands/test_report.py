"""What `report` says of a day."""

import json
from argparse import Namespace
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.coverage import JudgedUnit, State
from include.errors import ConfigurationError
from include.units.unit import LedgerRow
from manager.commands.report import report
from manager.commands.waive import waive
from tests.coverage.registries import row
from tests.manager.covered import Installation, install

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: jd_store, name: 京东, cron: "0 0 * * *", script: jd/jd_store.py, platform: jd}
"""
SHOP = "  - {{id: {0}-{1}, platform: {0}, name: 店{1}, connection: {0}, platform_id: 1{1}}}\n"
SHOPS = "shops:\n" + "".join(
    SHOP.format(platform, number) for platform in ("erp", "jd") for number in (1, 2, 3)
)
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
DAY = TODAY - timedelta(days=3)
KEY = (DAY - timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return one with a month of 100 rows a shop, and a day on which not all went well."""
    return _made(tmp_path_factory.mktemp("month"))


@pytest.fixture
def own(tmp_path: Path) -> Installation:
    """Return the same for a test that changes it."""
    return _made(tmp_path)


def _made(folder: Path, contracts: str = "contracts: []") -> Installation:
    made = install(folder, TASKS, SHOPS, {})
    (made.layout.root / "config/contracts.yaml").write_text(contracts, "utf-8")
    made.write([one for unit in made.units(30) if (one := _row(unit)) is not None])
    return made


def _row(unit: JudgedUnit) -> LedgerRow | None:
    if unit.period.key != KEY:
        return row(unit.job_id, unit.shop_id, unit.period, "ok", rows=100)
    if unit.shop_id == "jd-3":
        return None
    state = {"erp-2": "failed", "jd-1": "empty"}.get(unit.shop_id, "ok")
    rows = {"erp-1": 95, "erp-3": 10, "jd-1": 0, "jd-2": 105}.get(unit.shop_id)
    made = row(unit.job_id, unit.shop_id, unit.period, state, rows=rows)
    begun = made.started_at or datetime.now(timezone.utc)
    seconds = int(unit.shop_id[-1]) * 10
    notice = "12 orders without freight" if unit.shop_id == "erp-1" else None
    made = replace(made, finished_at=begun + timedelta(seconds=seconds), notice=notice)
    if unit.shop_id != "jd-2":
        return made
    return replace(made, revision=2, rows_before=100, rows_changed=7, restated_at=begun)


def _ask(installation: Installation, **more: Any) -> None:
    assert _code(installation, **more) == 0


def _code(installation: Installation, **more: Any) -> int:
    said = {"date": DAY.isoformat(), "period": None, "markdown": False, "json": False}
    return report(installation.layout, Namespace(**{**said, **more}))


def test_a_day_is_one_page(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """What landed, per platform and job, what is missing, far from the usual, and slow."""
    _ask(installation)
    page = capsys.readouterr().out
    assert page.splitlines()[:3] == [
        f"What was due on {DAY}",
        "",
        "4 of 6 landed, 2 missing; 210 rows (-48 % against the usual)",
    ]
    by_name = {line.split()[0]: " ".join(line.split()) for line in page.splitlines() if line}
    assert by_name["erp"] == f"erp {KEY} 2 of 3 1 105 200 (-48 %) 30.0 s"
    assert by_name["jd"] == f"jd {KEY} 2 of 3 1 1 105 200 (-48 %) 20.0 s"
    assert "failed: the gateway answered 503" in page
    assert "`python3 scheduler_manager.py gaps` says how to repair them" in page
    lines = [" ".join(line.split()) for line in page.splitlines()]
    assert f"erp_store erp-3 {KEY} 10 100 -90 %" in lines
    assert f"jd_store jd-3 {KEY} missed" in lines
    assert f"erp_store erp-3 {KEY} 30.0 s" in lines


def test_what_a_pull_found_worth_knowing_is_said(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what landed, such as how many rows lack a field that no figure needs."""
    _ask(installation)
    _, _, said = capsys.readouterr().out.partition("Worth knowing\n")
    line = said.splitlines()[1].split()
    assert line == ["erp_store", "erp-1", KEY, *["12", "orders", "without", "freight"]]
    _ask(installation, json=True)
    (told,) = json.loads(capsys.readouterr().out)["notices"]
    assert told["notice"] == "12 orders without freight"


def test_what_has_changed_since_it_landed_is_said(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many rows there were, and how many differ."""
    _ask(installation)
    _, _, said = capsys.readouterr().out.partition("Changed since they landed\n")
    line = said.splitlines()[1].split()
    assert line == ["jd_store", "jd-2", KEY, *["100", "->", "105", "rows", "(+5),", "7", "changed"]]
    _ask(installation, json=True)
    (told,) = json.loads(capsys.readouterr().out)["restated"]
    assert (told["revision"], told["before"], told["rows"], told["changed"]) == (2, 100, 105, 7)


def test_the_page_may_be_markdown(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in headings and tables."""
    _ask(installation, markdown=True)
    page = capsys.readouterr().out
    assert page.startswith(f"# What was due on {DAY}\n\n4 of 6 landed")
    assert "\n## Missing\n\n| job | shop | period | why |\n| --- | --- | --- | --- |\n" in page
    assert f"\n| erp_store | erp-3 | {KEY} | 10 | 100 | -90 % |\n" in page


def test_a_program_is_told_the_same(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers as numbers."""
    _ask(installation, json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["expected"], told["landed"], told["missing"]) == (6, 4, 2)
    assert told["states"] == {"ok": 3, "failed": 1, "empty": 1, "missed": 1}
    assert told["platforms"]["jd"]["usual_rows"] == 200
    assert {gap["state"] for gap in told["gaps"]} == {State.FAILED, State.MISSED}
    assert told["slowest"][0] == {
        "job": "erp_store",
        "shop": "erp-3",
        "period": KEY,
        "seconds": 30.0,
    }


def test_today_is_meant_unless_a_day_is_named(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was due on it by the jobs' clock."""
    _ask(installation, date=None)
    assert f"What was due on {DAY + timedelta(days=3)}" in capsys.readouterr().out


def test_the_first_line_says_that_something_is_broken(
    own: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would seem to be all."""
    config = own.layout.root / "config/tasks/tasks.yaml"
    config.write_text(TASKS.replace("jd/jd_store.py", "jd/gone.py"), "utf-8")
    _ask(own)
    assert (
        capsys.readouterr()
        .out.splitlines()[2]
        .endswith("; 1 problem of the registry: what its entry should land is not known")
    )


def test_the_first_line_says_of_what_it_speaks_where_that_is_no_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A week has the name of its first day; that the week has landed says nothing of the day."""
    weekly = TASKS.replace("platform: erp}", "platform: erp, period: week}").replace(
        '"0 0 * * *", script: erp', '"0 0 * * 1", script: erp'
    )
    made = install(tmp_path, "\n".join(weekly.splitlines()[:-1]) + "\n", SHOPS, {})
    made.land()
    week = made.units(30)[0].period.key
    assert _code(made, date=None, period=week) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{week} (week) is complete"


def test_a_period_is_complete_or_not_and_the_exit_code_says_it(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its business day, and not by the day on which it was due."""
    assert _code(installation, date=None, period=KEY) == 1
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"{KEY} is not complete",
        "",
        "4 of 6 landed, 2 missing; 210 rows (-48 % against the usual)",
    ]
    assert _code(installation, date=None, period="yesterday", json=True) == 0
    told = json.loads(capsys.readouterr().out)
    yesterday = (DAY + timedelta(days=2)).isoformat()
    assert (told["period"], told["complete"], told["landed"]) == (yesterday, True, 6)


def test_what_is_waived_is_named_in_the_first_line(
    own: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that nobody wonders where the units that do not count have gone."""
    told = {
        "job": "jd_store",
        "shop": "jd-3",
        "period": KEY,
        "until": None,
        "reason": "closed",
        "json": False,
    }
    waive(own.layout, Namespace(**told))
    capsys.readouterr()
    _code(own, date=None, period=KEY)
    said = capsys.readouterr().out.splitlines()[2]
    assert said.startswith("4 of 5 landed, 1 missing, 1 waived; 210 rows")


CONTRACTS = """
contracts:
  - {id: store_day, name: 门店日报, jobs: [erp_store, jd_store], deadline: "09:30"}
  - {id: store_week, name: 门店周报, jobs: [jd_store], period: week}
  - {id: jd_day, name: 京东, jobs: [jd_stor]}
"""


def test_it_begins_with_the_contracts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Complete since when, or what is missing; and which contract is wrong."""
    made = _made(tmp_path, CONTRACTS)
    wrong = "config/contracts.yaml:5:35: jd_day: jobs 'jd_stor' is no job of config/tasks"
    told = f"store_day {KEY} 门店日报: not complete, 4 of 6 units have landed, "
    told += f"missing: erp_store, jd_store; due by {DAY} 09:30"
    for asked in ({"date": str(DAY)}, {"date": None, "period": KEY}):
        _code(made, **asked)
        _, _, first, *others = capsys.readouterr().out.splitlines()
        assert first == told
        assert others[others.index("") - 1].startswith(wrong)
    yesterday = TODAY - timedelta(days=1)
    assert _code(made, date=None, period="yesterday", markdown=True) == 0
    said = capsys.readouterr().out.splitlines()[2]
    assert said.startswith(f"- store_day {yesterday} 门店日报: complete since ")
    assert said.endswith(", revision 1: 6 units, 600 rows")
    _code(made, date=None, period="yesterday", json=True)
    (contract,) = json.loads(capsys.readouterr().out)["contracts"]
    assert (contract["contract"], contract["complete"], contract["revision"]) == (
        "store_day",
        True,
        1,
    )


def test_a_contract_of_weeks_is_told_on_one_day_of_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the one on which the last of its jobs runs; and by the name of the week."""
    made = _made(tmp_path, CONTRACTS)
    told: dict[str, list[int]] = {}
    for ago in range(14):
        _code(made, date=str(TODAY - timedelta(days=ago)), json=True)
        for contract in json.loads(capsys.readouterr().out)["contracts"]:
            if contract["contract"] == "store_week":
                told.setdefault(contract["period"], []).append(ago)
    assert [len(days) for days in told.values()] == [1, 1]
    for week in told:
        _code(made, date=None, period=week)
        assert f"store_week {week} 门店周报: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("2999-01-01", "--period 2999-01-01 has not come: today is 20"),
        ("0001-01-01", "--period 0001-01-01: of what ended before"),
        ("２０２５-10-02", "--period '２０２５-10-02' is no day of the calendar"),
        (f"{TODAY:%Y-%m}", f" a month like {TODAY.replace(day=1) - timedelta(days=1):%Y-%m}, or"),
        ("2020-01", "--period 2020-01: of what ended before"),
        ("2025-13", "--period '2025-13-01' is no day of the calendar"),
        ("today", "--period 'today' is no day of the calendar"),
        (
            (DAY + timedelta(days=3)).isoformat(),
            ": no job has a period of this name that has ended",
        ),
    ],
)
def test_a_period_of_which_nothing_is_known_is_refused(
    installation: Installation, said: str, answer: str
) -> None:
    """With the reason, and how to write one."""
    with pytest.raises(ConfigurationError) as refused:
        _code(installation, date=None, period=said)
    assert answer in str(refused.value)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("2999-01-01", "--date 2999-01-01 has not come: today is 20"),
        ("2020-01-01", "--date 2020-01-01: of what ended before"),
        ("0001-01-01", "--date 0001-01-01: of what ended before"),
        ("yesterday", "--date 'yesterday' is no day of the calendar"),
    ],
)
def test_a_day_of_which_nothing_is_known_is_refused(
    installation: Installation, said: str, answer: str
) -> None:
    """With the reason."""
    with pytest.raises(ConfigurationError) as refused:
        _ask(installation, date=said)
    assert answer in str(refused.value)


def test_other_rows_than_the_source_counts_have_a_sign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both numbers are told, and the unit counts as failed."""
    made = install(tmp_path, TASKS, SHOPS, {})
    told = {"error": "52 landed, the source counts 55", "source_rows": 55, "rows": 52}
    made.write(
        [
            row(unit.job_id, unit.shop_id, unit.period, "failed", **told)
            if unit.shop_id == "jd-1"
            else row(unit.job_id, unit.shop_id, unit.period, "ok")
            for unit in made.units(30)
        ]
    )
    _ask(made)
    page = capsys.readouterr().out
    assert "≠ 52 landed, the source counts 55" in page
    _ask(made, json=True)
    told_again = json.loads(capsys.readouterr().out)
    assert told_again["states"]["miscounted"] == told_again["missing"] == 1
