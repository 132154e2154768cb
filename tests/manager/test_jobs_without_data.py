"""Jobs that land no data of their own: shown apart, and not counted with the data."""

import json
import re
from argparse import Namespace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.coverage import read_coverage
from include.coverage_page import responses
from include.language import LANGUAGES, Message
from include.registry import load_registry
from include.running.environment import NO_DATA
from include.warehouse import connect
from manager.commands.gaps import gaps
from manager.commands.report import report
from manager.jobs_status import Overview, _status_of, lines_of
from tests.manager.covered import Installation, install
from tests.manager.test_jobs_status import dag

TASKS = """
tasks:
  - {id: tidy, name: 清理, cron: "0 0 * * *", script: generate_tasks.py, data: false}
  - {id: own, name: 自己的脚本, cron: "0 0 * * *", script: generate_tasks.py}
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
"""
SHOPS = "shops:\n  - {id: erp-1, platform: erp, name: 店, connection: erp, platform_id: 10001}\n"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return one in which all has landed, but the job without data never ran."""
    made = install(tmp_path, TASKS, SHOPS, {"password": "unused", "extra": "{}"})
    made.land(but=lambda unit: "" if unit.job_id == "tidy" else None)
    return made


def _gaps(installation: Installation, **more: Any) -> int:
    said = {"job": None, "shop": None, "since": None, "waived": False, "json": False}
    return gaps(installation.layout, Namespace(**{**said, **more}))


def test_they_are_no_gap_unless_asked_for_by_name(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says that they did not run; a job of no platform that lands data is counted."""
    since = str(TODAY - timedelta(days=3))
    assert _gaps(installation, since=since) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("no gaps: everything that was due")
    assert re.fullmatch(
        r"not counted, since they land no data: [23] of tidy "  # the last may be due just now
        r"\(`python3 scheduler_manager\.py gaps --job JOB` lists them\)",
        second,
    )
    assert _gaps(installation, since=since, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["gaps"], [*told["without_data"]]) == ([], ["tidy"])
    assert _gaps(installation, since=since, job="tidy") == 1


def test_a_day_is_complete_without_them(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have a part of their own in the report."""
    asked = {"date": None, "period": str(TODAY - timedelta(days=2)), "markdown": False}
    assert report(installation.layout, Namespace(**asked, json=True)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["landed"], told["expected"], sorted(told["jobs"])) == (2, 2, ["erp_store", "own"])
    assert told["without_data"]["tidy"]["missing"] == 1
    assert report(installation.layout, Namespace(**asked, json=False)) == 0
    assert "Without data of their own, and not counted" in capsys.readouterr().out


def test_the_page_has_them_last_and_counts_them_nowhere(installation: Installation) -> None:
    """Their row says that it is one of them."""
    registry = load_registry(installation.layout.root)
    engine = connect(f"sqlite:///{installation.layout.warehouse}")
    since = datetime.now(timezone.utc) - timedelta(days=5)
    coverage = read_coverage(engine, registry, since)
    engine.dispose()
    told = responses.matrix(coverage, registry, registry.jobs.keys(), registry.jobs.keys())
    (group,) = told["groups"]
    rows = [(job["id"], job["data"]) for job in group["jobs"]]
    assert rows == [("own", True), ("erp_store", True), ("tidy", False)]
    assert told["totals"]["missing"] == 0
    assert coverage.totals().missing == 0
    assert len(coverage.gaps(job="tidy")) in (4, 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_status_has_them_below_the_others(language: str) -> None:
    """One whose last run failed does not make the service degraded, whatever that speaks."""
    failed = {"state": "failed", "end_date": "2026-11-24T23:04:05Z"}
    tidy = dag("a_tidy", tags=[{"name": Message(NO_DATA).into(language)}], last_run=failed)
    overview = Overview([_status_of(tidy), _status_of(dag("erp_store", tags=[]))])
    assert overview.failed == []
    _, _, first, title, last = lines_of(overview)
    assert (first.split()[0], title, last.split()[0]) == (
        *("erp_store", "  jobs without data of their own", "a_tidy"),
    )
