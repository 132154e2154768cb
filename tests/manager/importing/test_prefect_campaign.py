"""A real Prefect 3.9.1 runs the old system: its database, API, library and commands are asked."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.registry import Job
from include.registry.paths import Place as EntryPlace
from include.registry.paths import Project
from manager.importing import flows, prefect_api, prefect_database, prefect_yaml
from manager.importing.enabling import how_to_stop
from manager.importing.entries import PlannedFolders
from manager.importing.fire_times import old_fires
from manager.importing.old_jobs import Place
from manager.importing.old_library import ask_prefect
from manager.importing.parity import Pair, compare
from manager.importing.record import Imported
from manager.importing.translating import period_of
from tests.manager.importing.prefect import server
from tests.manager.importing.prefect.schedules import CHANGING, FIRST, LAST, SHANGHAI, in_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.importing.old_jobs import OldJob, Read
    from tests.manager.importing.prefect.server import Prefect

pytestmark = pytest.mark.campaign
OF_YAML = "of yaml"
RUNS_WITHIN = 120  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the old system stands."""
    return tmp_path_factory.mktemp("prefect") / "old_system"


@pytest.fixture(scope="module")
def prefect(folder: Path) -> Iterator[Prefect]:
    """Serve a Prefect of its own, to which the old system is deployed."""
    python = server.install(folder.parent / "venv")
    home = folder.parent / "home"
    home.mkdir()
    with server.serve(python, home) as running:
        running.deploy(folder)
        yield running


def _jobs(read: Read) -> dict[str, OldJob]:
    return {job.name: replace(job, place=Place("")) for job in read.jobs}


def test_database_and_api_say_the_same(prefect: Prefect) -> None:
    """Whichever is read, the jobs are the same."""
    of_database = _jobs(prefect_database.read(str(prefect.database)))
    assert of_database == _jobs(prefect_api.read(prefect.api))
    assert of_database["ERP门店数据"].last_success is not None


def test_the_database_says_what_the_programs_say(prefect: Prefect, folder: Path) -> None:
    """The eleven jobs have the name, cron and state that is read from the programs' text."""
    found = _jobs(prefect_database.read(str(prefect.database)))
    files = [str(folder / name) for name in ("scheduler_config.py", "scheduler_flows.py")]
    of_programs = _jobs(flows.read(files))
    assert len(of_programs) == 11
    for name, job in of_programs.items():
        one = found[name]
        assert (one.deployment, one.is_enabled) == (job.deployment, job.is_enabled)
        assert [each.cron for each in one.schedules] == [each.cron for each in job.schedules]


def test_prefect_yaml_is_read_as_prefect_does(prefect: Prefect, folder: Path) -> None:
    """What is read of the file is what `prefect deploy` has made of it."""
    there = _jobs(prefect_api.read(prefect.api))
    read = _jobs(prefect_yaml.read(str(folder / "prefect.yaml")))
    assert len(read) == 3
    for name, job in read.items():
        one = there[name]
        assert (one.deployment, one.is_enabled, one.tags) == (
            job.deployment, job.is_enabled, job.tags,
        )  # fmt: skip
        assert _fires(job) == _fires(one), name
        assert {each.is_active for each in one.schedules} == {
            each.is_active for each in job.schedules
        }


def _fires(job: OldJob) -> set[datetime]:
    return {fire for one in job.schedules for fire in old_fires(one, "prefect", FIRST, LAST)}


@pytest.mark.parametrize("zone", [None, SHANGHAI, *CHANGING])
def test_rules_are_those_of_the_library(prefect: Prefect, zone: str | None) -> None:
    """400 days of each kind of schedule are equal, also where clocks change."""
    schedules = in_zone(zone)
    answer = ask_prefect(str(prefect.python), schedules, FIRST, LAST)
    assert answer.version == server.VERSION
    assert answer.fires.keys() == set(schedules)
    for schedule, fires in answer.fires.items():
        assert list(old_fires(schedule, "prefect", FIRST, LAST)) == fires, schedule


def test_fires_here_are_equal_or_explained(prefect: Prefect) -> None:
    """Each of the eleven fires here as there, or the report says that its cron was read in UTC."""
    jobs = _jobs(prefect_database.read(str(prefect.database)))
    pairs = []
    folders = PlannedFolders(Path("/nowhere"), frozenset({"x.py"}))
    for job in jobs.values():
        if job.name in (job.deployment or "").split("/")[:1]:
            (schedule,) = job.schedules
            said = {"id": "x", "name": "x", "script": "x.py", "cron": schedule.cron,
                    "period": period_of(str(schedule.cron))}  # fmt: skip
            new = Job.model_validate(said, context=EntryPlace(Project(folders), "x.yaml", 1))
            pairs.append(Pair(Imported("x", job), new, None))
    assert len(pairs) == 11
    now = datetime.now(timezone.utc)
    for python in (None, str(prefect.python)):
        for one in compare(pairs, now, python).jobs:
            assert one.there is not None
            if one.there:
                assert "UTC" in str(one.reason), one.pair.old.name
        zoned = [
            one._replace(now=replace(one.old, schedules=tuple(
                replace(each, timezone=SHANGHAI) for each in one.old.schedules)))
            for one in pairs
        ]  # fmt: skip
        found = compare(zoned, now, python).jobs
        assert not [one for one in found for each in one.differences if each.key == "fires"]


def test_prefect_itself_makes_runs_then(prefect: Prefect) -> None:
    """The runs that its scheduler has put into its database are at the moments that we say."""
    jobs = prefect_database.read(str(prefect.database)).jobs
    expected = {
        job.deployment: job
        for job in jobs
        if job.is_enabled
        and any(one.is_active for one in job.schedules)
        and job.name != "both days"  # whose next day is further than Prefect looks ahead
    }
    until = time.monotonic() + RUNS_WITHIN
    made: dict[str, list[datetime]] = {}
    while made.keys() != expected.keys() and time.monotonic() < until:
        time.sleep(2)
        made = _scheduled(prefect.database)
    assert made.keys() == expected.keys()
    for name, moments in made.items():
        active = [one for one in expected[name].schedules if one.is_active]
        window = (min(moments), max(moments).replace(year=max(moments).year + 1))
        ours = {fire for one in active for fire in old_fires(one, "prefect", *window)}
        assert sorted(ours)[: len(moments)] == sorted(moments), name


def _scheduled(database: Path) -> dict[str, list[datetime]]:
    query = """
        SELECT flow.name || '/' || deployment.name, flow_run.expected_start_time
        FROM flow_run JOIN deployment ON deployment.id = flow_run.deployment_id
        JOIN flow ON flow.id = flow_run.flow_id WHERE flow_run.auto_scheduled = 1
    """
    found: dict[str, list[datetime]] = {}
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        for name, moment in connection.execute(query):
            aware = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
            found.setdefault(name, []).append(aware)
    return found


def test_the_printed_command_stops_it(prefect: Prefect, folder: Path) -> None:
    """After it Prefect makes no more runs of the job, and of the others it does."""
    job = _jobs(prefect_api.read(prefect.api))["PDD质量数据"]
    before = prefect_api.makes_runs(prefect.api, 30)
    assert before[str(job.deployment)]
    (command, _by_hand) = how_to_stop(job)
    prefect.run(command, folder)
    after = prefect_api.makes_runs(prefect.api, 30)
    assert {name for name in before if before[name] != after[name]} == {job.deployment}


def test_the_recording_has_the_same_tables(prefect: Prefect, tmp_path: Path) -> None:
    """What plain tests read has the columns of a real database."""
    recorded = tmp_path / "recorded.db"
    with closing(sqlite3.connect(recorded)) as connection:
        connection.executescript((server.HERE / "prefect_3_9_1.sql").read_text("utf-8"))
    for table in server.TABLES:
        assert _columns(recorded, table) == _columns(prefect.database, table)


def _columns(database: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
