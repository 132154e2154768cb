"""Which units a job has in a period, from when on they are expected, and that all go by it."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.coverage import State, units_of
from include.pulling.assignment import Assignment
from include.registry import Job, Registry, load_registry
from include.running.attempt import Attempt
from include.running.context import Request
from include.scheduling.check_operator import CheckOperator
from include.scripts.generate_tasks import expected_units
from include.units.job_units import JobUnits, expected_from
from include.units.unit import NO_SHOP
from tests.coverage.registries import at, job, registry

if TYPE_CHECKING:
    from pathlib import Path

    from include.periods import Period

NOW = datetime(2025, 10, 7, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
CRONS = {"day": "0 7 * * *", "week": "0 12 * * 6", "month": "30 12 3 * *"}
DAYS = st.dates(date(2025, 8, 20), date(2025, 10, 12)).map(str)


@st.composite
def entries(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Draw a job and the shops of two platforms, some of them disabled, closed or not open yet."""
    period = draw(st.sampled_from(sorted(CRONS)))
    job = {
        "id": "own",
        "name": "own",
        "cron": CRONS[period],
        "period": period,
        "script": "own.py",
        "enabled": draw(st.booleans()),
        "checks": {"min_rows": 1},
    }
    if draw(st.booleans()):
        job["platform"] = "erp"
    if draw(st.booleans()):
        job["start"] = draw(DAYS)
    shops = []
    for number in range(draw(st.integers(0, 5))):
        platform = draw(st.sampled_from(["erp", "jd"]))
        shop = {
            "id": f"{platform}-{number}",
            "platform": platform,
            "name": "店",
            "connection": platform,
            "platform_id": str(number),
            "enabled": draw(st.booleans()),
        }
        first, last = sorted((draw(DAYS), draw(DAYS)))
        shop |= draw(st.sampled_from([{}, {"from": first}, {"until": last}]))
        shops.append(shop)
    return job, shops


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project whose registry each example writes."""
    root = tmp_path_factory.mktemp("project")
    (root / "include/scripts").mkdir(parents=True)
    (root / "include/scripts/own.py").write_text("")
    (root / "config/tasks").mkdir(parents=True)
    return root


def _written(root: Path, job: dict[str, Any], shops: list[dict[str, Any]]) -> Registry:
    tasks = root / "config/tasks/own.yaml"  # JSON is YAML
    tasks.write_text(json.dumps({"tasks": [job]}), "utf-8")
    # Of a file without shops the loader says that it is empty; another platform's takes its place.
    other = {"id": "pdd-9", "platform": "pdd", "name": "店", "connection": "pdd"}
    listed = [*shops, {**other, "platform_id": "9"}]
    (root / "config/shops.yaml").write_text(json.dumps({"shops": listed}), "utf-8")
    registry = load_registry(root)
    assert not registry.problems
    return registry


def _runs(root: Path, registry: Registry, period: Period, wanted: set[str]) -> list[set[str]]:
    """Return for which shops each part of a run would work."""
    job = registry.jobs["own"]
    words = {"job_id": job.id, "period": period.key, "first": None, "last": None, "again": False}
    request = Request.of(Namespace(**words, shop=sorted(wanted), root=str(root)), {})
    context: Any = SimpleNamespace(
        job=job, registry=registry, request=request, ledger=None, subject=str
    )
    lock: Any = None
    attempt = {unit.shop_id for unit in Attempt(context, period, lock).units}
    check = CheckOperator(
        task_id="check",
        job=job,
        checks=job.checks,
        shops=registry.shops_of(job),
        script_task="run",
    )
    conf = {"shops": sorted(wanted)} if wanted else {}
    run = SimpleNamespace(partition_key=period.key, logical_date=None, conf=conf, run_after=NOW)
    checked = {unit.shop_id for unit in check._units(run)}
    environment = {
        "SCHEDULER_ROOT": str(root),
        "JOB_ID": "own",
        "PERIOD_KEY": period.key,
        "WAREHOUSE_URL": "sqlite://",
    }
    if shops := sorted(attempt - {NO_SHOP}):  # as the runner narrows it
        environment["SHOPS"] = ",".join(shops)
    pulled = {shop.id for shop in Assignment.from_environment(environment).shops}
    return [attempt, checked, pulled if job.platform and attempt else attempt]


def _has_begun(job: Job, period: Period, seen: datetime) -> bool:
    """Go through the periods one by one, from one that had surely ended when the job was seen."""
    if job.start is not None:
        return period.last_day >= job.start
    one = job.schedule.last_ended(seen - timedelta(days=62))
    while job.schedule.following(one).end <= seen:
        one = job.schedule.following(one)
    if job.schedule.fire_for(one) < seen - timedelta(days=7):
        one = job.schedule.following(one)
    return period.start >= one.start


@given(entries(), st.integers(0, 50), st.data())
@settings(max_examples=60, deadline=None)
def test_everybody_means_the_same_units(
    root: Path, drawn: tuple[dict[str, Any], list[dict[str, Any]]], days: int, data: st.DataObject
) -> None:
    """Runner, checks, scripts, generation and coverage agree with what is written shop by shop."""
    registry = _written(root, *drawn)
    job = registry.jobs["own"]
    period = job.schedule.last_ended(NOW - timedelta(days=days))
    own = [shop for shop in registry.shops.values() if shop.platform == job.platform]
    open_ = {
        shop.id: shop.enabled
        for shop in own
        if (shop.from_day is None or shop.from_day <= period.last_day)
        and (shop.until_day is None or period.first_day <= shop.until_day)
    }
    covered = {shop for shop, enabled in open_.items() if enabled} if job.platform else {NO_SHOP}
    seen = {job.id: NOW - timedelta(hours=data.draw(st.integers(0, 1_200)))}
    begun = _has_begun(job, period, seen[job.id])
    expected = covered if begun and job.enabled else set()
    switched_off = ({*open_} | covered) - expected if begun else set()

    mine = JobUnits(job, registry.shops.values(), seen[job.id]).of(period)
    assert (set(mine.covered), mine.expected, mine.switched_off) == (
        *(covered, expected, switched_off),
    )
    wanted = data.draw(st.sets(st.sampled_from([shop.id for shop in own]))) if own else set()
    wanted &= {shop.id for shop in registry.shops_of(job)}
    for found in _runs(root, registry, period, wanted):
        assert found == {shop for shop in covered if not wanted or shop in wanted}
    moment = period.end
    generated = {unit.shop_id for unit in expected_units(registry, job.period, moment, seen)}
    assert generated == expected
    units = units_of(registry, [], NOW, period.start, period.end, seen=seen)
    assert {u.shop_id for u in units if u.state != State.DISABLED} == expected
    assert {u.shop_id for u in units if u.state == State.DISABLED} == switched_off


@pytest.mark.parametrize(
    ("cron", "period", "seen", "key"),
    [
        ("0 7 * * *", "day", "2025-10-03T12:00", "2025-10-02"),
        ("0 7 * * *", "day", "2025-10-03T06:00", "2025-10-02"),
        ("0 12 * * 6", "week", "2025-10-08T09:00", "2025-09-27"),
        ("0 12 * * 6", "week", "2025-10-04T09:00", "2025-09-27"),
        ("30 12 3 * *", "month", "2025-10-02T09:00", "2025-09"),
        ("30 12 3 * *", "month", "2025-10-10T12:30", "2025-09"),
        ("30 12 3 * *", "month", "2025-10-10T12:31", "2025-10"),  # its run was past recovering
        ("0 */2 * * *", "tick", "2025-10-03T12:40", "2025-10-03T10:00"),
    ],
)
def test_a_new_job_begins_with_the_period_that_ended_last(
    cron: str, period: str, seen: str, key: str
) -> None:
    """It is the first that is expected, unless its run was past recovering: then the next is."""
    one = job("own", cron, period, start=None)
    first = one.schedule.parse_key(key)
    assert expected_from(one, at(seen)) == first.start


def test_an_entry_that_is_dropped_at_noon_has_one_period_to_its_name() -> None:
    """And however much later, none before it; a start reaches back on purpose."""
    noon, long_ago = at("2025-10-03T12:00"), at("2025-07-01T00:00")
    new = registry([job("own", start=None)])
    (unit,) = units_of(new, [], noon, long_ago, seen={"own": noon})
    assert (unit.period.key, unit.state) == ("2025-10-02", State.MISSED)
    later = units_of(new, [], at("2025-10-05T12:00"), long_ago, seen={"own": noon})
    assert [one.period.key for one in later] == ["2025-10-02", "2025-10-03", "2025-10-04"]
    reaching = registry([job("own", start="2025-09-30")])
    assert len(units_of(reaching, [], noon, long_ago, seen={"own": noon})) == 3


def test_without_recovery_only_what_is_due_later_is_expected() -> None:
    """An entry with recover 0d whose run has passed begins with the period under way."""
    one = job("own", start=None, recover="0d")
    assert expected_from(one, at("2025-10-03T12:00")) == at("2025-10-03T00:00")
    assert expected_from(one, at("2025-10-03T07:05")) == at("2025-10-02T00:00")
