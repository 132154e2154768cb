"""The guide of going live, walked from its first line to its last, as a team with three shops does.

The platforms stand elsewhere than the delivered sandbox; their rows are those of another day of it.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import yaml

from include import PROJECT_ROOT
from include.registry.airflow_objects import connections
from include.units.retention import HOUSEKEEPING
from manager.lifecycle.ports import remember
from tests.conftest import WIDE
from tests.integration.installation import copy_project, installed, system_python, until
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.installation import Service

GUIDE = (PROJECT_ROOT / "docs/go-live.md").read_text("utf-8")
MANAGER = "python3 scheduler_manager.py"
COMMAND = re.compile(
    r"`(python3 scheduler_manager\.py [^`]+)`|^   ((?:python3|mv) .+)$", re.MULTILINE
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
OURS = """
shops:
  - {id: erp-1, platform: erp, name: 我们的店, connection: erp, platform_id: "10002"}
  - {id: jd-7, platform: jd, name: 我们的京东店, connection: jd_7, platform_id: "30002"}
"""
WANTED = {"erp_store", "jd_store"}
CONNECTIONS = {"erp": "erp", "jd_7": "jd_2"}  # ours, each as the sandbox's that it is like
WALK = GUIDE.partition("\n1. ")[2].partition("\nWho empties")[0]
STEPS = re.split(r"\n\d+\. ", WALK)
OURS_IN, DAYS_BEFORE_IN = 2, 9
DUE_HOUR = 8  # by then all of yesterday is due, in Shanghai
# Jobs that have just been started may not have landed yet.
AT_LAST = {"status", "gaps"}


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Service]:
    """Return a clone that has been tried out: its `var/` lies where the guide says."""
    root = tmp_path / "checkout"
    copy_project(root)
    with installed(root, root) as service:
        service.layout.make_var()
        yield service


@pytest.fixture
def platforms() -> Iterator[str]:
    """Serve what stands for the real platforms."""
    with serve(seed=7, allowances=[WIDE]) as base_url:
        yield base_url


def walked(service: Service, line: str, answers: list[str]) -> tuple[int, str]:
    """Run a line of the guide; return its exit code and what it said. `answers`: if it asks."""
    words = shlex.split(line)
    if words[0] == "python3":
        words[0] = str(system_python())
    if words[2:3] == ["start"]:
        words += ["--port", str(service.ports.base)]
    done = subprocess.run(
        words,
        cwd=service.root,
        input="".join(f"{one}\n" for one in answers),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if words[0] == "mv":  # with the port, in place of which somebody else may have the usual one
        service.layout.make_var()
        remember(service.layout, service.ports)
    return done.returncode, done.stdout


def list_what_is_ours(root: Path, first: str) -> None:
    """Do what step 2 says by hand: our shops, and only the jobs that we have something for."""
    (root / "config/shops.yaml").write_text(OURS, "utf-8")
    for path in (root / "config/tasks").glob("*.yaml"):
        said = yaml.safe_load(path.read_text("utf-8"))
        for entry in said["tasks"]:
            if entry["id"] in WANTED:
                entry["start"] = first
            elif entry["id"] != HOUSEKEEPING:
                entry["enabled"] = False
        path.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")


def test_the_guide_is_walked_from_the_first_line_to_the_last(
    clone: Service, platforms: str
) -> None:
    """Every command that it names is called, in its order, and each check says what it says."""
    now = datetime.now(SHANGHAI)
    at_night = now.hour < DUE_HOUR
    yesterday = now.date() - timedelta(days=1)
    before = str(yesterday - timedelta(days=1))
    said: dict[str, str] = {}
    for number, text in enumerate(STEPS, 1):
        if number == OURS_IN:
            list_what_is_ours(clone.root, str(yesterday))
        if number == DAYS_BEFORE_IN:
            list_what_is_ours(clone.root, before)
        for line in commands_of(text):
            command = line.replace("2025-10-01", before)
            expected = 3 if (number, command) == (1, f"{MANAGER} status") else 0

            def done(command: str = command, expected: int = expected) -> str:
                if "gaps" in command:  # which takes more time than to ask whether anything runs
                    until(lambda: not clone.api.runs(state=["queued", "running"]))
                code, output = walked(clone, command, answers_for(command, platforms))
                assert code == expected or command.split()[2] in AT_LAST, f"{command}: {output}"
                return (output or "done") if code == expected else ""

            said[f"{number} {command.removeprefix(MANAGER).strip()}"] = until(done)
    assert "not running" in said["1 status"]
    assert re.search("^erp_store ERP门店数据: ", said["2 check"], re.MULTILINE)
    for conn_id in CONNECTIONS:
        assert said[f"3 connect {conn_id}"].splitlines()[-1].startswith("ok ")
    assert "10002" in said["4 probe erp"]
    assert "not in config/shops.yaml" in said["4 probe erp"], "the account's other shops"
    assert "rows as they would land in jd_orders:" in said["4 probe jd_7"]
    assert "nothing to repair" in said["5 doctor"]
    assert "still lead to the sandbox" not in said["5 doctor"]
    state, gaps = "ok", f"no gaps: everything that was due since {before}"
    if at_night:  # what lands before it is due may still change
        state, gaps = "(ok|provisional)", f"({gaps}|no gaps since {before}; \\d+ still to come)"
    row = rf"│ erp-1 │ +\d+ │ +\d+ │ +[\d.]+ │ {state} "
    assert re.search(row, said["6 run erp_store --shop erp-1"])
    assert re.search(gaps, said[f"9 gaps --since {before}"])


def commands_of(step: str) -> Iterator[str]:
    """Yield what a step calls, in order; what it says of one connection for each of ours."""
    for found in COMMAND.findall(step):
        line = "".join(found)
        if line.split()[2:3] in (["connect"], ["probe"]):
            yield from (f"{line.rpartition(' ')[0]} {conn_id}" for conn_id in CONNECTIONS)
        else:
            yield line
            if line.split()[2:3] == ["repair"]:
                yield f"{line} --yes"


def answers_for(command: str, platforms: str) -> list[str]:
    """Return what the team types when `connect` asks."""
    if command.split()[2:3] != ["connect"]:
        return []
    fields = connections(platforms)[CONNECTIONS[command.split()[3]]]
    extra = json.loads(fields["extra"])
    tokens = [extra["access_token"], extra["refresh_token"]]
    return [platforms, fields["login"], fields["password"], *tokens]
