"""What `status` tells of the jobs."""

from __future__ import annotations

from typing import Any

from include.service.overview import Overview, _status_of, lines_of
from include.service.table import width_of


def dag(job_id: str, **changes: Any) -> dict[str, Any]:
    """Give a DAG as Airflow's list has it: what is null is left out."""
    run = {
        "state": "success",
        "run_after": "2026-11-24T23:00:00Z",
        "start_date": "2026-11-24T23:00:05Z",
        "end_date": "2026-11-24T23:04:05.123Z",
    }
    fields = {
        "dag_id": job_id,
        "dag_display_name": "统一任务生成-每月月报",
        "is_paused": False,
        "timetable_summary": "0 7 * * *",
        "timetable_description": "At 07:00 (Asia/Shanghai)",
        "next_dagrun_run_after": "2026-11-25T23:00:00Z",
        "latest_dag_runs": [run],
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def lines(*dags: dict[str, Any]) -> list[str]:
    """Give what a person reads, without the title and the head of the table."""
    return lines_of(Overview([_status_of(one) for one in dags]))[2:]


def test_times_are_the_jobs_own() -> None:
    """The last run's end and the next run, on the clock of the job's zone."""
    overview = Overview([_status_of(dag("erp_store"))])
    title, _, line = lines_of(overview)
    assert title == "jobs (times of Asia/Shanghai)"
    assert line.split() == [
        *("erp_store", "统一任务生成-每...", "At", "07:00"),
        *("success", "11-25", "07:04", "11-26", "07:00"),
    ]
    said = overview.jobs[0].as_dict()
    assert said["next_run"] == "2026-11-26T07:00:00+08:00"
    assert said["last_run"] == {"state": "success", "time": "2026-11-25T07:04:05+08:00"}


def test_another_zone_is_named_in_its_line() -> None:
    """When not all jobs share one."""
    paris = dag("paris", timetable_description="At 07:00 (Europe/Paris)")
    assert "At 07:00 (Europe/Paris)" in lines(dag("erp_store"), paris)[1]


def test_what_does_not_run_by_itself_says_so() -> None:
    """Paused, disabled, never run, running since."""
    running = {"state": "running", "start_date": "2026-11-24T23:00:05Z", "end_date": None}
    found = lines(
        dag("paused", is_paused=True),
        dag("off", timetable_summary="disabled", next_dagrun_run_after=None),
        dag("new", latest_dag_runs=[]),
        dag("busy", latest_dag_runs=[running]),
        dag("own", timetable_summary=None, timetable_description=None, next_dagrun_run_after=None),
    )
    assert found[0].endswith("paused")
    assert "disabled" in found[1]
    assert found[1].endswith("by hand")
    assert " never " in found[2]
    assert " running 11-25 07:00 " in found[3]
    assert found[4].endswith("by hand")


def test_lines_fit_a_hundred_columns() -> None:
    """Also with long Chinese names and long schedules."""
    long = dag(
        "generate_monthly",
        timetable_description="At 00:15, on day 1 of the month, only in June (Asia/Shanghai)",
    )
    assert max(map(width_of, lines(long, dag("erp_store")))) <= 100


def test_an_import_error_is_shown_whole() -> None:
    """Its end says how to repair it."""
    error = f"{'x' * 200}: write it once"
    assert lines_of(Overview(import_errors=[error]))[-1] == f"  {error}"
