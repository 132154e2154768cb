"""From entries to DAGs: the policies that every DAG of the project keeps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from include.coverage.repairing import MOST_WAITING
from include.errors import ConfigurationError
from include.language import speaking
from include.registry import load_registry
from include.registry.checks import check_project
from include.registry.contracts import load_contracts
from include.scheduling import factory, problems

if TYPE_CHECKING:
    from airflow.sdk import DAG

ROOT = Path(__file__).parents[2]
JOBS = load_registry().jobs
# What is written wrong in each file of config/.
BREAKING = {
    "tasks/erp.yaml": ("period: day", "period: dai"),
    "shops.yaml": ("id: jd-1", "id: JD 1"),
    "feeds.yaml": ("rows: data.list", "rows: data["),
    "pools.json": ('"pdd"', '"pd"'),
}
PROCESSOR = """
import sys
from types import SimpleNamespace
import plugins.store_data
from include.scheduling.listeners import ParsePreload
for job_type in ("SchedulerJob", "DagProcessorJob"):
    ParsePreload().on_starting(SimpleNamespace(job_type=job_type))
    print("loaded", "include.scheduling.factory" in sys.modules)
before = set(sys.modules)
import include.scheduling.factory, include.scheduling.problems
dags = list(include.scheduling.factory.build_dags())
include.scheduling.problems.raise_problems()
print("loaded", len([name for name in set(sys.modules) - before if name.startswith("include.")]))
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization
for dag in dags:
    print("hash", dag.dag_id, SerializedDagModel.hash(DagSerialization.to_dict(dag)))
"""
POOLS = json.loads((ROOT / "config/pools.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def bag() -> DagBag:
    """Return the DAGs as the DAG processor finds them."""
    return DagBag(ROOT / "dags", safe_mode=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a registry of its own."""
    for name in ("config/tasks", "include/scripts"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "include/scripts/own.py").touch()
    return tmp_path


def _dag(project: Path, **keys: Any) -> DAG:
    entry = {"id": "own", "name": "自己的", "cron": "0 6 * * *", "script": "own.py", **keys}
    path = project / "config/tasks/own.yaml"
    path.write_text(json.dumps({"tasks": [entry]}), "utf-8")  # YAML reads JSON
    registry = load_registry(project)
    assert not registry.problems, registry.problems
    (dag,) = factory.build(registry)
    return dag


def test_the_folder_loads_without_an_error(bag: DagBag) -> None:
    """Every entry is a DAG, and every contract; there is none besides."""
    assert not bag.import_errors, bag.import_errors
    contracts = [contract.dag_id for contract in load_contracts().by_id.values()]
    assert sorted(bag.dags) == sorted([*JOBS, *contracts])


@pytest.mark.parametrize("job_id", JOBS)
def test_a_dag_keeps_the_policies(bag: DagBag, job_id: str) -> None:
    """Retries, timeout, one script at a time, an existing pool, a page that says what to do."""
    dag, job = bag.dags[job_id], JOBS[job_id]
    task = dag.get_task("run")
    assert (task.retries, task.retry_delay) == (job.retries, job.retry_delay)
    assert task.execution_timeout == job.timeout, f"{job_id}: the web UI and the entry differ"
    assert task.max_active_tis_per_dag == 1, f"{job_id}: two at once would pull the same shops"
    held_up = f"{job_id}: a repair's runs that wait would hold up the schedule's"
    assert dag.max_active_runs > MOST_WAITING, held_up
    assert not dag.catchup, f"{job_id}: the timetable recovers, catchup would flood"
    assert task.pool in {*POOLS, "default_pool"}, f"{job_id}: add {task.pool} to config/pools.json"
    assert dag.dag_display_name == job.name
    assert dag.description == job.description
    assert set(job.tags) <= set(dag.tags)
    assert dag.tags, f"{job_id}: give it a tag, the UI is filtered by them"
    assert "Red?" in dag.doc_md
    assert job.cron in dag.doc_md
    assert dag.start_date is None, f"{job_id}: a run of any date may be asked for"
    assert not task.do_xcom_push
    assert job_id in task.bash_command
    assert "{" not in task.bash_command, f"{job_id}: nothing may be rendered into a command"
    assert not task.template_fields


@pytest.mark.parametrize("job_id", JOBS)
def test_what_lands_is_checked(bag: DagBag, job_id: str) -> None:
    """A job with checks has a second task for them, which runs however the first one ended."""
    dag, job = bag.dags[job_id], JOBS[job_id]
    assert dag.task_ids == (["run", "check"] if job.checks else ["run"])
    assert bool(job.checks) == bool(job.platform), f"{job_id}: say in 'checks' what must land"
    if job.checks:
        task = dag.get_task("check")
        assert task.upstream_task_ids == {"run"}
        assert task.trigger_rule == "all_done", f"{job_id}: shops that landed must be checked"
        assert task.pool == "default_pool", f"{job_id}: a check would hold a slot of its platform"
        assert (task.retries, task.retry_delay) == (job.retries, job.retry_delay)
        assert task.execution_timeout == job.timeout
        assert "checked after loading" in dag.doc_md
        assert not task.template_fields


@pytest.fixture(scope="module")
def processor() -> list[str]:
    """Return what a DAG processor says that starts, and parses; its Python hashes differently."""
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    done = subprocess.run(
        [sys.executable, "-c", PROCESSOR],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_dag_processor_alone_loads_what_a_parse_needs(processor: list[str]) -> None:
    """After that a parse imports nothing of the project; the other components need none of it."""
    loaded = [line for line in processor if line.startswith("loaded ")]
    assert loaded == ["loaded False", "loaded True", "loaded 0"]


def test_two_parses_give_identical_serialised_dags(processor: list[str]) -> None:
    """By Airflow's own measure; otherwise every parse would make a new version of every DAG."""
    hashes = [
        f"hash {dag.dag_id} {SerializedDagModel.hash(DagSerialization.to_dict(dag))}"
        for dag in factory.build_dags()
    ]
    assert [line for line in processor if line.startswith("hash ")] == hashes
    assert len(hashes) == len(JOBS)


def test_a_starting_task_builds_its_own_dag_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the parsing context of a task the file makes one DAG, and tells no one's errors."""
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "erp_store")
    bag = DagBag(ROOT / "dags", safe_mode=True)
    assert list(bag.dags) == ["erp_store"]
    assert not bag.import_errors


def test_an_entry_overrides_the_defaults(project: Path) -> None:
    """What it says of retries, delay, timeout, pool, owner and zone is what the DAG does."""
    shops = {"id": "jd-1", "platform": "jd", "name": "x", "connection": "jd", "platform_id": "1"}
    (project / "config/shops.yaml").write_text(json.dumps({"shops": [shops]}), "utf-8")
    dag = _dag(
        project,
        retries=5,
        retry_delay="30s",
        timeout="1h30m",
        platform="jd",
        owner="数据组",
        timezone="America/New_York",
        start="2026-03-01",
    )
    (task,) = dag.tasks
    assert (task.retries, task.retry_delay) == (5, timedelta(seconds=30))
    assert task.execution_timeout == timedelta(minutes=90)
    assert (task.pool, task.owner) == ("jd", "数据组")
    assert dag.start_date.isoformat() == "2026-03-01T05:00:00+00:00"
    form = dag.params.get_param("shops").schema
    assert form["items"]["enum"] == ["jd-1"]
    assert form["minItems"] == 1  # else no shop at all would be taken for all of them


def test_a_disabled_job_is_visible_without_a_schedule(project: Path) -> None:
    """It has the tag `disabled`, and its timetable makes no runs."""
    dag = _dag(project, enabled=False)
    assert "disabled" in dag.tags
    assert dag.timetable.summary == "disabled"


def test_the_web_ui_shows_a_job_in_the_language_of_the_service(project: Path) -> None:
    """Tags and the names of tasks; what a task is known by is the same in each."""
    with speaking("zh"):
        dag = _dag(project, enabled=False, checks={"min_rows": 1})
    shown = [(task.task_id, task.task_display_name) for task in dag.tasks]
    assert shown == [("run", "脚本"), ("check", "检查")]
    assert "已停用" in dag.tags
    assert all(type(text) is str for text in (*dag.tags, *dict(shown).values()))


def test_a_job_that_cannot_become_a_dag_costs_only_itself(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are built, and the problem is told where registry errors are."""
    _dag(project)
    path = project / "config/tasks/own.yaml"
    entry = json.loads(path.read_text("utf-8"))["tasks"][0]
    entries = [entry, {**entry, "id": "broken"}]
    path.write_text(json.dumps({"tasks": entries}), "utf-8")
    sound = factory.build_dag

    def breaks(job: Any, shops: Any) -> Any:
        if job.id == "broken":
            raise RuntimeError("boom")
        return sound(job, shops)

    monkeypatch.setattr(factory, "build_dag", breaks)
    registry = load_registry(project)
    built = list(factory.build(registry))
    assert [dag.dag_id for dag in built if not isinstance(dag, factory.Unbuildable)] == ["own"]
    (problem,) = problems.problems_of(check_project(project))
    assert "broken: no DAG can be made of it: RuntimeError('boom')" in problem


def test_a_job_after_a_contract_is_never_scheduled(project: Path) -> None:
    """What it runs after stands for its schedule; backfills and keys are those of its period."""
    (project / "include/scripts/own.py").write_text("print('PERIOD_KEY')\n", "utf-8")
    more = [{"id": "orders", "name": "o", "cron": "0 7 * * *", "script": "own.py"}]
    more += [{"id": "own", "name": "自己的", "after": "day", "script": "own.py"}]
    (project / "config/tasks/own.yaml").write_text(json.dumps({"tasks": more}), "utf-8")
    contract = {"id": "day", "name": "日", "jobs": ["orders"], "deadline": "09:30"}
    (project / "config/contracts.yaml").write_text(json.dumps({"contracts": [contract]}), "utf-8")
    (dag,) = (dag for dag in factory.build(load_registry(project)) if dag.dag_id == "own")
    made = DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable
    assert made.summary == "contract.day"
    assert made.description == "after contract day is complete (Asia/Shanghai)"
    nothing = TimeRestriction(earliest=None, latest=None, catchup=False)
    assert made.next_dagrun_info_v2(last_dagrun_info=None, restriction=nothing) is None
    bounds = [datetime(2025, 10, day, tzinfo=timezone.utc) for day in (1, 3)]
    found = made.iter_partition_dagrun_infos(earliest=bounds[0], latest=bounds[1])
    assert [one.partition_key for one in found] == ["2025-10-01", "2025-10-02", "2025-10-03"]
    assert "runs when contract `day` is complete and covers the day before" in dag.doc_md


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"period": "2025-10-02"}, True),
        ({"period": ""}, True),
        ({"period": None, "from": None, "to": None, "again": False}, True),
        ({"period": "2025-10-2"}, False),
        ({"period": "x; rm -rf /"}, False),
        ({"again": "yes"}, False),
        ({"from": 20251002}, False),
    ],
)
def test_the_form_checks_what_is_typed(project: Path, given: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - a case of the table
    """A field that has not the form of a period never becomes a run."""
    params = _dag(project).params
    try:
        params.update(given)
        params.validate()
    except ValueError:
        assert not fits
    else:
        assert fits


def test_registry_errors_are_one_import_error_with_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that only raises names file, line and column of each, and takes no DAG down.

    Of registry, shops, feeds and pools alike.
    """
    for name in ("config", "include/scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    entries = "tasks:\n  - {id: bad_one, name: x, cron: '99 9 * * *', script: erp/erp_store.py}\n"
    (tmp_path / "config/tasks/broken.yaml").write_text(entries + "  - {id: bad_two}\n")
    for file, (before, after) in BREAKING.items():
        path = tmp_path / "config" / file
        path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")
    monkeypatch.setattr(factory, "load_registry", partial(load_registry, tmp_path))
    monkeypatch.setattr(problems, "check_project", partial(check_project, tmp_path))
    bag = DagBag(ROOT / "dags")
    assert len([one for one in bag.dags if "." not in one]) == len(JOBS) - 1
    ((file, said),) = bag.import_errors.items()
    assert Path(file).name == "registry_errors.py"
    for told in (
        ConfigurationError.__name__,
        "problems in config:\n",
        "config/tasks/broken.yaml:2:",
        "minute 99 is not in 0-59",
        "config/tasks/broken.yaml:3:",
        "config/tasks/erp.yaml:8:13: erp_store: period 'dai' is not known",
        ": JD 1: id 'JD 1' is not an id",
        ": pdd_review: rows 'data[' is not JMESPath",
        ": pdd_review: platform 'pdd' has no pool",
    ):
        assert told in said


def test_serialising_needs_nothing_but_the_plugin(bag: DagBag) -> None:
    """The timetable comes back from the serialised form, as the scheduler makes it."""
    data = DagSerialization.to_dict(bag.dags["erp_store"])
    timetable = data["dag"]["timetable"]
    assert timetable["__type"].endswith("CalendarPartitionTimetable")
    assert json.loads(json.dumps(timetable)) == timetable
