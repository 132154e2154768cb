"""What `status --prometheus` tells of an installation whose service does not run."""

from __future__ import annotations

import asyncio
import math
from argparse import Namespace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from include import project_version
from include.gateways.limiter import RateLimiter
from include.metrics.figures import HELPS, LIMITS, LOOKED_BACK
from include.registry.alerts import KINDS
from manager.commands.status import status
from manager.coverage_reader import DAYS
from manager.layout import Layout
from tests.manager.covered import Installation, install
from tests.manager.watched import NOW, Watched, late, refused

if TYPE_CHECKING:
    from pathlib import Path

    from include.coverage import JudgedUnit

TASKS = """
tasks:
  - {id: erp_store, name: 'ERP "门店"', cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: pdd_chat, name: 聊天, cron: "0 0 * * *", script: pdd/pdd_feed.py, platform: pdd}
  - {id: generate_daily, name: 生成, cron: "0 0 * * *", script: generate_tasks.py, data: false}
"""
SHOP = "  - {{id: {0}-{1}, platform: {0}, name: 店{1}, connection: {0}, platform_id: 1000{1}}}\n"
SHOPS = "shops:\n" + "".join(SHOP.format(*of) for of in (("erp", 1), ("erp", 2), ("pdd", 1)))
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
Labels = tuple[tuple[str, str], ...]


def _ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return one in which two days of a shop are missing, one of them today's."""
    made = install(tmp_path, TASKS, SHOPS, {"password": "unused", "extra": "{}"})

    def but(unit: JudgedUnit) -> str | None:
        is_missing = (unit.job_id, unit.shop_id) == ("erp_store", "erp-2")
        return "failed" if is_missing and unit.period.key in (_ago(1), _ago(4)) else None

    made.land(but=but)
    return made


def _figures(layout: Layout, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[Labels, float]]:
    """Return the samples of each metric, as Prometheus's own parser reads them."""
    capsys.readouterr()
    assert status(layout, Namespace(prometheus=True, json=False)) == 0
    families = [*text_string_to_metric_families(capsys.readouterr().out)]
    assert [family.name for family in families] == [
        name for name in HELPS if name in {family.name for family in families}
    ]
    for family in families:
        assert (family.type, family.documentation) == ("gauge", HELPS[family.name])
    return {
        family.name: {
            tuple(sample.labels.items()): sample.value
            for sample in family.samples
            if sample.name == family.name
        }
        for family in families
    }


def _of(label: str, **values: float) -> dict[Labels, float]:
    return {((label, name),): value for name, value in values.items()}


def test_every_metric_is_told(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gaps, today, alerts, channels, the watchdog and the limits, of what really happened."""
    layout = installation.layout
    watched = Watched(layout)
    watched.refusing = {"boss"}
    watched.round(late(1), refused(), now=NOW - timedelta(hours=2))
    watched.round(late(1), refused(), now=NOW - timedelta(minutes=10))
    limiter = RateLimiter(
        layout.var / "limits/calls.sqlite", "jushuitan-a", LIMITS["erp"][1], timedelta(hours=1)
    )

    async def call() -> dict[str, dict[Labels, float]]:
        async with limiter.turn("erp-1"):
            return await asyncio.to_thread(_figures, layout, capsys)

    found = asyncio.run(call())
    assert set(found) == set(HELPS)
    assert found["store_data_gaps"] == _of("job_id", erp_store=2, pdd_chat=0)
    ages = found["store_data_oldest_gap_age_seconds"]
    assert ages[("job_id", "pdd_chat"),] == 0
    oldest = ages[("job_id", "erp_store"),]
    assert timedelta(days=3) <= timedelta(seconds=oldest) < timedelta(days=4)
    assert found["store_data_units_expected_today"] == _of("job_id", erp_store=2, pdd_chat=1)
    assert found["store_data_units_landed_today"] == _of("job_id", erp_store=1, pdd_chat=1)
    named = (("job_id", "erp_store"), ("name", 'ERP "门店"'), ("platform", "erp"))
    assert found["store_data_job_info"][named] == 1
    assert len(found["store_data_job_info"]) == 2
    opened = dict.fromkeys(KINDS, 0) | {"late": 1, "credentials": 1}
    assert found["store_data_alerts_open"] == _of("kind", **opened)
    assert found["store_data_channel_failing"] == {
        (("channel", "ops"), ("kind", "dingtalk")): 0,
        (("channel", "boss"), ("kind", "webhook")): 1,
    }
    (age,) = found["store_data_watchdog_round_age_seconds"].values()
    assert age >= 600
    assert found["store_data_source_up"] == _of("source", warehouse=1, alerts=1, limits=1)
    per_second = (("platform", "erp"), ("per", "app"), ("seconds", "1"))
    assert found["store_data_platform_calls_used"][per_second] == 1
    assert found["store_data_platform_calls_limit"][per_second] == 5
    assert found["store_data_platform_calls_waiting"] == _of("platform", **dict.fromkeys(LIMITS, 0))
    (build,) = found["store_data_build_info"]
    assert dict(build)["version"] == project_version()
    (made_at,) = found["store_data_figures_timestamp_seconds"].values()
    assert made_at >= NOW.timestamp()


def test_what_cannot_be_read_is_missing_and_not_zero(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each source by itself; a broken entry is counted as a problem."""
    layout = installation.layout
    layout.warehouse.unlink()
    layout.warehouse.mkdir()
    tasks = layout.root / "config/tasks/tasks.yaml"
    tasks.write_text(TASKS + "  - {id: broken}\n", "utf-8")
    found = _figures(layout, capsys)
    assert found["store_data_source_up"] == _of("source", warehouse=0, alerts=0, limits=0)
    problems = found["store_data_registry_problems"][()]
    assert problems >= 1
    (layout.root / "config/alerts.yaml").write_text("channels: [", "utf-8")
    assert _figures(layout, capsys)["store_data_registry_problems"][()] == problems + 1
    assert set(found) == {
        "store_data_build_info",
        "store_data_figures_timestamp_seconds",
        "store_data_registry_problems",
        "store_data_source_up",
    }


def test_a_watchdog_that_never_looked_is_infinitely_old(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that an alert on its age is raised, which one on a missing figure is not."""
    watched = Watched(installation.layout)
    assert watched.do("mute", "erp_store", "--until", TODAY.isoformat(), "--reason", "x") == 0
    found = _figures(installation.layout, capsys)
    assert found["store_data_watchdog_round_age_seconds"][()] == math.inf


def test_before_the_first_start_there_are_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is made."""
    layout = Layout(var=tmp_path / "var")
    found = _figures(layout, capsys)
    assert found["store_data_source_up"] == _of("source", warehouse=0, alerts=0, limits=0)
    assert not layout.var.exists()


def test_gaps_are_counted_as_far_back_as_gaps_lists_them() -> None:
    """The figure is that of the command."""
    assert timedelta(days=DAYS) == LOOKED_BACK
