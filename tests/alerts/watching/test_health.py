"""The service: components, heartbeats, databases, disk."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from include.alerts.watching import health
from include.alerts.watching.scope import Scope
from tests.alerts.watched import at
from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.alerts.findings import Finding

NOW = at("12:00")
SIGHT = Scope(NOW)


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """Return what each is about, and what it says."""
    return [(one.subject, one.facts["what"]) for one in findings]


@pytest.mark.parametrize(
    ("beat", "began", "what"),
    [
        ("11:57:01", "06:00", None),
        ("11:57:00", "06:00", "调度器 11:57 起没有心跳：任务不会按时运行"),
        ("2026-11-28 23:59", "06:00", "调度器 11-28 23:59 起没有心跳：任务不会按时运行"),
        ("06:12", "11:57:30", None),  # it was started two and a half minutes ago
        (None, "11:56", "调度器 11:56 起没有心跳：任务不会按时运行"),
    ],
)
def test_a_component_may_be_silent_for_three_minutes(
    beat: str | None, began: str, what: str | None
) -> None:
    """And as long after it was started."""
    beats: dict[str, datetime | None] = {"scheduler": at(beat) if beat else None}
    found = told([*health.heartbeat_findings(SIGHT, beats, at(began))])
    assert found == ([("scheduler", what)] if what else [])


def test_a_component_that_is_down_for_a_minute_is_told() -> None:
    """So is one that ends again and again; one that is up, or just ended, is not."""
    components = [
        health.Component("scheduler", NOW - timedelta(seconds=59), "backoff"),
        health.Component("triggerer", NOW - timedelta(seconds=60), "fatal"),
        health.Component("api-server", None, "running", 3, flaps=True),
        health.Component("journal", None, "running", 2),
    ]
    found = [*health.component_findings(SIGHT, components)]
    assert told(found) == [
        ("triggerer", "触发器 11:59 起没有运行（fatal）：等待外部条件的任务不会继续"),
        ("api-server", "网页和 API十分钟内结束了 3 次，又被重新启动：任务无法汇报，网页打不开"),
    ]
    assert found[0].facts["remedy"] == "python3 scheduler_manager.py logs triggerer"


def test_in_containers_no_command_of_one_machine_is_named() -> None:
    """They have their own."""
    scope = Scope(NOW, language="en", contained=True)
    beats = {"scheduler": at("06:00")}
    (found,) = health.heartbeat_findings(scope, beats, at("05:00"))
    assert found.facts["what"] == "scheduler: no sign of life since 06:00; no job starts"
    assert found.facts["remedy"] == "restart the component scheduler"


def test_a_disk_is_told_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps, so that not every round finds something new."""
    left = [1_000_000_000, 999_999_999, 81_000_000, 0]

    def usage(_folder: object) -> object:
        return type("usage", (), {"free": left.pop(0)})

    monkeypatch.setattr(health.shutil, "disk_usage", usage)
    assert [*health.disk_findings(SIGHT, [tmp_path])] == []
    for shown in (900, 80, 0):
        (found,) = health.disk_findings(SIGHT, [tmp_path])
        assert f"只剩 {shown} MB 空间" in found.facts["what"]


def test_a_database_that_does_not_answer_is_told_and_a_fault_of_ours_is_not() -> None:
    """The driver's own words say why."""
    refused = OperationalError("SELECT", {}, Exception("connection refused\nis it running?"))
    found = health.database_finding(health.WAREHOUSE, SIGHT, refused)
    assert found is not None
    assert found.facts["what"] == "数仓连不上：该地址和端口没有服务在监听：connection refused"
    assert health.database_finding(health.WAREHOUSE, SIGHT, KeyError("x")) is None


def test_the_api_is_asked_where_the_tasks_ask() -> None:
    """What is no answer of its own is none."""
    from fastapi import FastAPI  # noqa: PLC0415 - a server for this test

    app = FastAPI()
    app.add_api_route("/api/v2/monitor/health", lambda: {"metadatabase": {"status": "healthy"}})
    with serve_app(app) as base_url:
        assert health.api_answers(f"{base_url}/execution/")
    assert not health.api_answers(f"{base_url}/execution/")
