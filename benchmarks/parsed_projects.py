"""The projects that `parse.py` compares: the registry, and the same jobs as a team writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
JOBS_PER_FILE = 30
ENTRY = """\
  - id: job_{number}
    name: 任务{number}
    description: 每天拉取第{number}个数据
    cron: "{minute} 8 * * *"
    period: day
    script: job.py
    tags: [演示, 每日]
    retries: 3
"""
LOOP_FILE = """\
from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

JOBS = {jobs}

for number, job in enumerate(JOBS):
    with DAG(
        job["id"],
        dag_display_name=job["name"],
        description=job["description"],
        doc_md=job["doc"],
        schedule=f"{{number % 60}} 8 * * *",
        start_date=pendulum.datetime(2025, 1, 1, tz="Asia/Shanghai"),
        catchup=False,
        max_active_runs=1,
        tags=["演示", "每日"],
    ):
        BashOperator(
            task_id="run",
            bash_command=f"python -m etl {{job['id']}}",
            env={{"JOB": job["id"]}},
            append_env=True,
            cwd="/opt/etl",
            retries=3,
            retry_delay=timedelta(minutes=5),
            execution_timeout=timedelta(hours=1),
        )
"""
FACTORY_FILE = """\
from airflow.sdk import DAG  # noqa: F401
from dagfactory import load_yaml_dags

load_yaml_dags(globals_dict=globals(), config_filepath={path!r})
"""
FACTORY_DEFAULTS = """\
default:
  start_date: 2025-01-01
  timezone: Asia/Shanghai
  catchup: false
  max_active_runs: 1
  default_args:
    retries: 3
    retry_delay: {__type__: datetime.timedelta, minutes: 5}
    execution_timeout: {__type__: datetime.timedelta, hours: 1}
"""


def write_registry(root: Path, jobs: int) -> None:
    """Write a project with a registry of so many jobs."""
    for name in ("dags", "include", "plugins"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("scripts"))
    (root / "config/tasks").mkdir(parents=True)
    shutil.copy(ROOT / "config/pools.json", root / "config")
    (root / "include/scripts").mkdir()
    write_entries(root, jobs)


def write_entries(root: Path, jobs: int) -> None:
    """Write the entries of so many jobs, and the one script that they all run."""
    (root / "include/scripts/job.py").write_text("print('landed')\n")
    for first in range(0, jobs, JOBS_PER_FILE):
        numbers = range(first, min(first + JOBS_PER_FILE, jobs))
        entries = "".join(ENTRY.format(number=n, minute=n % 60) for n in numbers)
        path = root / f"config/tasks/tasks_{first:04}.yaml"
        path.write_text(f"tasks:\n{entries}", encoding="utf-8")


def _described(jobs: int) -> list[dict[str, Any]]:
    doc = (
        "## 任务{0}\n\n每天拉取第{0}个数据\n\n- runs daily\n- retried 3 times\n\nRed? See the log."
    )
    return [
        {
            "id": f"job_{number}",
            "name": f"任务{number}",
            "description": f"每天拉取第{number}个数据",
            "doc": doc.format(number),
        }
        for number in range(jobs)
    ]


def write_loop(root: Path, jobs: int) -> None:
    """Write the DAG file that a team would write by hand."""
    (root / "dags").mkdir(parents=True)
    text = LOOP_FILE.format(jobs=json.dumps(_described(jobs), ensure_ascii=False))
    (root / "dags/jobs.py").write_text(text, encoding="utf-8")


def write_factory(root: Path, jobs: int) -> None:
    """Write the same jobs for dag-factory; YAML reads JSON."""
    (root / "dags").mkdir(parents=True)
    lines = [FACTORY_DEFAULTS]
    for number, job in enumerate(_described(jobs)):
        task = {
            "task_id": "run",
            "operator": "airflow.providers.standard.operators.bash.BashOperator",
            "bash_command": f"python -m etl {job['id']}",
            "env": {"JOB": job["id"]},
            "append_env": True,
            "cwd": "/opt/etl",
        }
        dag = {
            "dag_display_name": job["name"],
            "description": job["description"],
            "doc_md": job["doc"],
            "schedule": f"{number % 60} 8 * * *",
            "tags": ["演示", "每日"],
            "tasks": [task],
        }
        lines.append(f"{job['id']}: {json.dumps(dag, ensure_ascii=False)}\n")
    (root / "jobs.yaml").write_text("".join(lines), encoding="utf-8")
    text = FACTORY_FILE.format(path=str(root / "jobs.yaml"))
    (root / "dags/jobs.py").write_text(text, encoding="utf-8")
