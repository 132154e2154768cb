"""Mistakes in config/alerts.yaml: each costs what it is in, and nothing else."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from include.registry.alerts import ALERTS_FILE, load_alerts
from tests.mutations import mutated

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

WHOLE = """\
language: zh
repeat: 24h
channels:
  - id: ops
    kind: dingtalk
    connection: alert_dingtalk
    keyword: 数据
    mention: ["13800000000"]
  - id: boss
    kind: email
    connection: alert_smtp
    to: [boss@example.com]
  - id: night
    kind: feishu
    connection: alert_feishu
routes:
  - to: ops
    on: [late, credentials]
  - to: boss
    on: [late]
    after: 60m
    platforms: [erp, jd]
digest: {at: "09:30", to: [ops], also: all_landed}
quiet: {from: "22:30", until: "07:00", except: [service]}
storm: {group: 3, budget: 6/10m}
heartbeat: {connection: alert_heartbeat, every: 5m}
mutes:
  - job: pdd_review
    until: 2026-12-05
    reason: 店铺装修停业
"""


def _check(project: ProjectFolder, seeds: range) -> None:
    project.write(ALERTS_FILE, WHOLE)
    whole = load_alerts(project.root)
    assert whole.problems == ()
    for seed in seeds:
        mutation = mutated(WHOLE, Random(seed))
        project.write(ALERTS_FILE, mutation.raw)
        found = load_alerts(project.root)
        lines = [str(problem) for problem in found.problems]
        shown = f"seed {seed}: {lines}\n{mutation.raw.decode()}"
        assert all("fault of the scheduler" not in line for line in lines), shown
        assert all("\n" not in line and line.encode() for line in lines), shown
        if mutation.entry is not None and not any(
            problem.job_id is None for problem in found.problems
        ):
            claimed = {one.job_id for one in found.problems if "is also" in one.message}
            kept = set(whole.channels) - {mutation.entry, *claimed}
            assert _of(found, kept) == _of(whole, kept), shown


def _of(found: Any, names: set[str]) -> dict[str, Any]:
    return {name: found.channels.get(name) for name in names}


def test_mistakes_cost_their_own_entry(project: ProjectFolder) -> None:
    """Whatever is wrong in one costs that one; the others are what they were."""
    _check(project, range(200))


@pytest.mark.campaign
def test_thousands_of_mistakes_cost_their_own_entry(project: ProjectFolder) -> None:
    """The same for five thousand mistakes."""
    _check(project, range(1_000, 6_000))
