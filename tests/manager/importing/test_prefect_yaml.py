"""prefect.yaml, as people write it: with anchors, templates and mistakes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.errors import ExpectedError
from manager.importing.prefect_yaml import read

if TYPE_CHECKING:
    from pathlib import Path

    from manager.importing.old_jobs import Read

FILE = """\
name: shop-data
prefect-version: 3.9.1
pull:
  - prefect.deployments.steps.set_working_directory: {directory: D:/testyd}
definitions:
  schedules:
    daily: &daily
      cron: "0 8 * * *"
      timezone: Asia/Shanghai
deployments:
  - name: PDD质量数据
    description: 每天08:00
    tags: [PDD, 质量]
    entrypoint: scheduler_flows.py:pdd_quality_flow
    schedules:
      - <<: *daily
      - interval: 3600
        anchor_date: "2026-01-01T02:00:00Z"
        active: false
    work_pool: {name: local}
  - name: kpi
    flow_name: 客服KPI
    entrypoint: kpi.py:kpi
    parameters: {shop: pdd-1, token: s3cret}
    paused: true
    schedule: {rrule: "FREQ=WEEKLY;BYDAY=MO", timezone: Asia/Shanghai}
    concurrency_limit: 1
  - name: templated
    entrypoint: kpi.py:kpi
    schedules:
      - cron: "{{ prefect.variables.cron }}"
  - name: wrong
    schedules:
      - crom: "0 8 * * *"
      - interval: PT6H
        anchor_date: yesterday
      - interval: PT6H
"""


def _read(folder: Path, text: str = FILE) -> Read:
    (folder / "prefect.yaml").write_text(text, "utf-8")
    return read(str(folder / "prefect.yaml"))


def test_deployments_are_jobs(tmp_path: Path) -> None:
    """A deployment has its schedules, also merged ones, and its place."""
    quality, kpi, templated, wrong = _read(tmp_path).jobs
    assert (quality.name, quality.place.line) == ("PDD质量数据", 11)
    assert quality.deployment == "pdd-quality-flow/PDD质量数据"
    daily, hourly = quality.schedules
    assert (daily.cron, daily.timezone, daily.is_active) == ("0 8 * * *", "Asia/Shanghai", True)
    assert (hourly.interval, hourly.is_active) == (timedelta(hours=1), False)
    assert (kpi.deployment, kpi.is_enabled) == ("客服KPI/kpi", False)
    assert kpi.schedules[0].rrule == "FREQ=WEEKLY;BYDAY=MO"
    assert templated.schedules == ()
    assert [one.interval for one in wrong.schedules] == [timedelta(hours=6)]


def test_what_is_not_carried_over_is_named_with_its_line(tmp_path: Path) -> None:
    """Parameters, templates, other keys and mistakes; never a value that may be secret."""
    found = [str(one).partition("prefect.yaml:")[2] for one in _read(tmp_path).findings]
    lines = {int(one.partition(":")[0]): one for one in found}
    assert "shop, token" in lines[24]
    assert "concurrency_limit" in lines[27]
    assert "{{ … }}" in lines[31]
    assert "crom" in lines[34]
    assert "'yesterday'" in lines[35]
    assert not any("s3cret" in one for one in found)


def test_a_file_that_runs_its_flow_is_a_script(tmp_path: Path) -> None:
    """Where running the file calls the flow, the job runs the file; `serve` is no such call."""
    called = "def kpi(): ...\nif __name__ == '__main__':\n    {}\n"
    (tmp_path / "kpi.py").write_text(called.format("kpi()"), "utf-8")
    assert _read(tmp_path).jobs[1].script == str(tmp_path / "kpi.py")
    (tmp_path / "kpi.py").write_text(called.format("kpi.serve(name='x')"), "utf-8")
    assert _read(tmp_path).jobs[1].script is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("deployments:\n  - name: [\n", r"prefect\.yaml:\d+ is not YAML"),
        ("deployments: {}\n", r"prefect\.yaml:1: deployments is not a list"),
        ("- 1\n", "not a mapping"),
        ("", "not a mapping"),
        ("deployments: " + "[" * 5000, "nested deeper"),
        ("deployments: 2026-99-99\n", "is not YAML"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, where: str) -> None:
    """A file that is no prefect.yaml is one error with its place."""
    with pytest.raises(ExpectedError, match=where):
        _read(tmp_path, text)


@pytest.mark.parametrize(
    "said", ["7", "[a]", "{name: 7}", "{name: '{{ x }}'}", "!!python/object:os.system {}"]
)
def test_a_wrong_deployment_costs_itself(tmp_path: Path, said: str) -> None:
    """The others are read, and the wrong one is named."""
    found = _read(tmp_path, f"deployments:\n  - {said}\n  - name: good\n")
    assert [job.name for job in found.jobs] == ["good"]
    assert len(found.findings) == 1


def test_a_small_file_cannot_grow(tmp_path: Path) -> None:
    """Aliases of aliases are not written out, also where they are wrong."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "\n".join([*lines, "deployments:", "  - name: x", "    schedules: *a29", ""])
    found = _read(tmp_path, text)
    assert [job.schedules for job in found.jobs] == [()]
