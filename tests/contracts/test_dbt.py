"""A team's dbt project waits for a contract, as docs/contracts.md says, and builds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment
from sqlalchemy import Engine, column, create_engine, inspect, make_url, select, table, text

from include import PROJECT_ROOT
from include.contracts import completed
from include.periods import Schedule
from include.registry import load_registry
from include.registry.contracts import CONTRACTS_FILE
from include.units.first_seen import first_seen
from include.units.job_units import LONG_AGO
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from tests.manager.covered import Installation, install
from tests.warehouses import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parent / "dbt"
GUIDE = (PROJECT_ROOT / "docs/contracts.md").read_text("utf-8")
TASKS = """
tasks:
  - {id: erp_store, name: ERP, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: jd_store, name: 京东, cron: "0 0 * * *", script: jd/jd_store.py, platform: jd}
"""
SHOPS = """
shops:
  - {id: erp-1, platform: erp, name: 一店, connection: erp, platform_id: "1"}
  - {id: jd-1, platform: jd, name: 二店, connection: jd_1, platform_id: "2"}
"""
CONTRACT = "contracts: [{id: store_day, name: 门店日报, jobs: [erp_store, jd_store]}]"
DAY = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).date().isoformat()


class Team:
    """An installation, and a dbt project that reads its warehouse."""

    def __init__(self, folder: Path, url: str) -> None:
        self.root = folder / "checkout"
        self.made: Installation = install(folder, TASKS, SHOPS, fields_of(url))
        (self.root / CONTRACTS_FILE).write_text(CONTRACT, "utf-8")
        self.engine: Engine = connect(url)
        first_seen(self.engine, load_registry(self.root).jobs, LONG_AGO)
        self.url = make_url(url)

    def land(self, job_id: str, shop: str) -> None:
        """Land yesterday of a shop, and judge the contract as its run does."""
        unit = Unit(job_id, shop, Schedule("0 0 * * *", "day").parse_key(DAY))
        with self.engine.begin() as connection:
            Ledger(self.engine).land(connection, unit, 7)
        completed(self.engine, self.root, job_id, [unit.period])

    def add_programs(self) -> None:
        """Make the command work in it, as a user types it."""
        for name in ("include", "manager"):
            shutil.copytree(PROJECT_ROOT / name, self.root / name, dirs_exist_ok=True)
        for path in (*PROJECT_ROOT.glob("*.py"), *PROJECT_ROOT.glob("requirements*.txt")):
            shutil.copy(path, self.root)
        (self.root / ".venv").symlink_to(sys.prefix)


@pytest.fixture
def team(tmp_path: Path, warehouse_url: str) -> Iterator[Team]:
    """Return one that waits for one shop."""
    made = Team(tmp_path, warehouse_url)
    made.land("erp_store", "erp-1")
    yield made
    made.engine.dispose()


def test_the_guide_shows_the_files_that_are_tried() -> None:
    """Each file of the project that it shows is as it stands there."""
    shown = re.findall(r"```(?:yaml|sql)\n(?:#|--) ([\w/]+\.\w+)\n(.*?)```", GUIDE, re.DOTALL)
    assert [name for name, _ in shown] == [
        "macros/require_complete.sql",
        "dbt_project.yml",
        "models/sources.yml",
    ]
    for name, content in shown:
        assert content in (PROJECT / name).read_text("utf-8"), name


@pytest.mark.every_warehouse
def test_its_macro_refuses_what_is_not_complete(team: Team) -> None:
    """The query of it is asked of a real warehouse; only what dbt adds to Jinja is ours here."""
    source = (PROJECT / "macros/require_complete.sql").read_text("utf-8")
    template = Environment().from_string(source)  # noqa: S701 -- SQL

    class Exceptions:
        @staticmethod
        def raise_compiler_error(told: str) -> None:
            raise ValueError(told)

    class Found:
        def __init__(self, query: str) -> None:
            with team.engine.connect() as connection:
                self.rows = connection.execute(text(query)).all()

    class Flags:
        WHICH = "build"

    said: list[str] = []

    def log(told: str, *, info: bool) -> str:
        assert info
        said.append(told)
        return ""

    known = {
        "execute": True,
        "flags": Flags,
        "run_query": Found,
        "exceptions": Exceptions,
        "log": log,
    }
    macro = vars(template.make_module(known))["require_complete"]
    with pytest.raises(ValueError, match=f"store_day {DAY} is not complete"):
        macro("store_day", DAY)
    team.land("jd_store", "jd-1")
    macro("store_day", DAY)
    assert said == [f"store_day {DAY} is complete, revision 1"]


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install dbt as a team does: in an environment of its own."""
    folder = tmp_path_factory.mktemp("dbt")
    venv.create(folder, with_pip=True)
    wanted = ["-m", "pip", "install", "--quiet", "-r", str(PROJECT / "requirements.txt")]
    done = subprocess.run(
        [str(folder / "bin/python"), *wanted], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "bin/dbt"


class Dbt:
    """A team's dbt project, which builds into a schema, and the shell for its commands."""

    def __init__(self, team: Team, program: Path, project: Path) -> None:
        shutil.copytree(PROJECT, project)
        self._root = team.root
        url = team.url
        self._environment = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "DBT_HOST": str(url.query.get("host", url.host)),
            "DBT_PORT": str(url.port),
            "DBT_USER": str(url.username),
            "DBT_PASSWORD": str(url.password or ""),
            "DBT_DATABASE": str(url.database),
            "DBT_SCHEMA": project.name,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_PROFILES_DIR": str(project),
            "DBT_PROJECT_DIR": str(project),
        }

    def type(self, lines: str) -> subprocess.Popen[str]:
        """Begin some lines of the guide, for yesterday."""
        lines = lines.replace("2025-10-02", DAY).replace("sleep 60", "sleep 1")
        lines = lines.replace("python3 ", f"{quote(sys.executable)} ")
        return subprocess.Popen(
            ["/bin/bash", "-c", lines],
            cwd=self._root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def answer(self, lines: str) -> tuple[int, str]:
        """Return how lines ended, and what they said."""
        process = self.type(lines)
        said, _ = process.communicate()
        return process.returncode, said


@pytest.mark.campaign
@pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)
def test_it_waits_and_builds(team: Team, dbt: Path, tmp_path: Path) -> None:
    """Alone it refuses; behind the command, or by its own freshness, it waits and then builds."""
    team.add_programs()
    shell, other = (Dbt(team, dbt, tmp_path / name) for name in ("team", "others"))
    waiting, by_itself = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
    build = waiting.splitlines()[-1]
    code, said = shell.answer(build)
    assert (code != 0, f"store_day {DAY} is not complete" in said) == (True, True), said
    assert not _built(team, "team")
    both = [shell.type(waiting), other.type(by_itself)]
    with pytest.raises(subprocess.TimeoutExpired):
        both[0].wait(30)
    assert not _built(team, "team") + _built(team, "others")
    team.land("jd_store", "jd-1")
    for process in both:
        said, _ = process.communicate()
        assert process.returncode == 0, said
        assert f"store_day {DAY} is complete, revision 1" in said, said
    for schema in ("team", "others"):
        assert _built(team, schema) == [("erp_store", 7), ("jd_store", 7)]


def _built(team: Team, schema: str) -> list[tuple[str, int]]:
    """Return what the team's own model has; nothing before it was built."""
    engine = create_engine(team.url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("landed", schema):
                return []
            landed = table("landed", column("job_id"), column("row_count"), schema=schema)
            rows = connection.execute(select(landed).order_by(landed.c.job_id))
            return [(job_id, int(count)) for job_id, count in rows]
    finally:
        engine.dispose()
