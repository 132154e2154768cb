"""dag-factory's YAML: one task that is a script is a job, all else is refused with its line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.errors import ExpectedError
from manager.importing.dag_factory import read

if TYPE_CHECKING:
    from pathlib import Path

    from manager.importing.old_jobs import Read

FILE = """\
default:
  default_args:
    owner: data
    start_date: 2024-01-01
    timezone: Asia/Shanghai
    retries: 3
    retry_delay: {__type__: datetime.timedelta, minutes: 10}
  schedule: "0 7 * * *"
erp_orders:
  description: ERP订单
  tags: [ERP]
  catchup: true
  tasks:
    pull:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: "cd /opt/erp && python3 orders.py --all yes"
      execution_timeout: {__type__: datetime.timedelta, seconds: 1800}
      retries: 1
      env: {SHOP: pdd-1, DB_PASSWORD: s3cret}
      pool: erp
weekly:
  schedule:
    __type__: airflow.timetables.trigger.CronTriggerTimetable
    cron: "0 12 * * 6"
    timezone: UTC
  tasks:
    - task_id: pull
      operator: airflow.operators.bash_operator.BashOperator
      bash_command: /opt/weekly.sh
hourly:
  schedule: {__type__: datetime.timedelta, hours: 1}
  tasks:
    - {task_id: a, operator: BashOperator, bash_command: /opt/a.sh}
by_hand:
  schedule: None
  tasks:
    - {task_id: a, operator: BashOperator, bash_command: /opt/a.sh}
"""


def _read(folder: Path, text: str = FILE) -> Read:
    (folder / "dags.yml").write_text(text, "utf-8")
    return read(str(folder / "dags.yml"))


def test_dags_of_one_script_are_jobs(tmp_path: Path) -> None:
    """A job has what its task, the DAG and the defaults say, the nearest first."""
    orders, weekly, hourly, by_hand = _read(tmp_path).jobs
    assert (orders.name, orders.place.line, orders.scheduler) == ("erp_orders", 9, "airflow")
    assert (orders.script, orders.cwd) == ("orders.py", "/opt/erp")
    assert orders.args == ("--all", "yes")
    assert dict(orders.env) == {"SHOP": "pdd-1"}
    assert (orders.retries, orders.retry_delay) == (1, timedelta(minutes=10))
    assert orders.timeout == timedelta(minutes=30)
    assert [(one.cron, one.timezone) for one in orders.schedules] == [
        ("0 7 * * *", "Asia/Shanghai")
    ]
    assert [(one.cron, one.timezone) for one in weekly.schedules] == [("0 12 * * 6", "UTC")]
    assert weekly.retries == 3
    assert [one.interval for one in hourly.schedules] == [timedelta(hours=1)]
    assert by_hand.schedules == ()


def test_what_is_not_carried_over_is_named(tmp_path: Path) -> None:
    """Keys that mean something to Airflow, and secrets, of which no value is shown."""
    found = [str(one).partition("dags.yml:")[2] for one in _read(tmp_path).findings]
    assert [int(one.partition(":")[0]) for one in found] == [12, 19, 20]
    assert "catchup" in found[0]
    assert "DB_PASSWORD" in found[1]
    assert "pool" in found[2]
    assert not any("s3cret" in one for one in found)


def test_defaults_yml_beside_it(tmp_path: Path) -> None:
    """What defaults.yml says holds unless the file says otherwise; without a zone it is UTC."""
    (tmp_path / "defaults.yml").write_text(
        "schedule: '0 1 * * *'\ndefault_args: {retries: 5, start_date: 2024-01-01}\n", "utf-8"
    )
    text = "x:\n  tasks: [{task_id: a, operator: BashOperator, bash_command: /opt/a.sh}]\n"
    (job,) = _read(tmp_path, text).jobs
    assert (job.retries, job.schedules[0].cron, job.schedules[0].timezone) == (5, "0 1 * * *", None)
    (job,) = _read(tmp_path, f"default: {{default_args: {{retries: 1}}}}\n{text}").jobs
    assert job.retries == 1


TASK = "{task_id: a, operator: BashOperator, bash_command: /opt/a.sh}"


@pytest.mark.parametrize(
    ("dag", "line", "why"),
    [
        (f"tasks: [{TASK}, {TASK}]", 2, "2 tasks"),
        ("tasks: []", 2, "no tasks"),
        ("description: x", 2, "no tasks"),
        (f"task_groups: {{a: {{}}}}\n  tasks: [{TASK}]", 2, "groups"),
        ("tasks: [{operator: BashOperator, bash_command: 'a.py {{ ds }}'}]", 2, "Jinja"),
        ("tasks: [{operator: BashOperator, bash_command: 'python $HOME/a.py'}]", 2, "variable"),
        ("tasks: [{operator: BashOperator, bash_command: echo}]", 2, "no script"),
        ("tasks: [{operator: BashOperator}]", 2, "no bash_command"),
        ("tasks: [{operator: x.SqlOperator, sql: SELECT}]", 2, "x.SqlOperator"),
        ("tasks: [{decorator: airflow.sdk.task, python_callable: x.y}]", 2, "airflow.sdk.task"),
        ("tasks: [{operator: PythonOperator, python_callable: x.y}]", 2, "names no file"),
        ("tasks: [{operator: PythonOperator, python_callable: !!python/name:os.system }]", 2, "no"),
        ("tasks: [{operator: BashOperator, bash_command: a.py, expand: {x: [1]}}]", 2, "expand"),
        (f"schedule: [s3://bucket/file]\n  tasks: [{TASK}]", 2, "neither a cron"),
        (f"schedule: {{datasets: [a]}}\n  tasks: [{TASK}]", 2, "neither a cron"),
        ("tasks: 7", 2, "no tasks"),
        ("tasks: [7]", 2, "not a mapping"),
    ],
)
def test_all_else_is_refused_with_its_line(tmp_path: Path, dag: str, line: int, why: str) -> None:
    """The finding says why, and what to do with such a DAG; the others are read."""
    good = f"good:\n  tasks: [{TASK}]\n"
    found = _read(tmp_path, f"bad:\n  {dag}\n{good}")
    assert [job.name for job in found.jobs] == ["good"]
    (finding,) = found.findings
    assert finding.place.line == line
    assert why in finding.text
    assert "keep it as a DAG" in finding.text


def test_a_function_that_its_file_calls_is_a_script(tmp_path: Path) -> None:
    """What the file does when it is run is what the task does; else the finding says how."""
    file = tmp_path / "pull.py"
    dag = (
        "x:\n  tasks:\n    - operator: airflow.operators.python.PythonOperator\n"
        f"      python_callable_name: pull\n      python_callable_file: {file}\n"
    )
    file.write_text("def pull(): ...\n", "utf-8")
    (finding,) = _read(tmp_path, dag).findings
    assert "__main__" in finding.text
    file.write_text("def pull(): ...\nif __name__ == '__main__':\n    pull()\n", "utf-8")
    (job,) = _read(tmp_path, dag).jobs
    assert job.script == str(file)


@pytest.mark.parametrize("text", ["a: [", "- 1", "a: !!python/object/apply:os.system [x]\n- b"])
def test_what_cannot_be_read(tmp_path: Path, text: str) -> None:
    """A file that is no mapping of YAML is one error."""
    with pytest.raises(ExpectedError, match=r"dags\.yml"):
        _read(tmp_path, text)
