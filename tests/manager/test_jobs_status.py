"""What `status` tells of the jobs."""

from typing import Any

from rich.cells import cell_len

from include.language import speaking
from manager.jobs_status import Overview, _status_of, lines_of, look_over, overview_of


def dag(job_id: str, **changes: Any) -> dict[str, Any]:
    """Return a DAG as Airflow's list has it: what is null is left out."""
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
        "last_run": run,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None or key == "last_run"}


def lines(*dags: dict[str, Any]) -> list[str]:
    """Return what a person reads, without the title and the head of the table."""
    return lines_of(Overview([_status_of(one) for one in dags]))[2:]


def test_times_are_the_jobs_own() -> None:
    """The last run's end and the next run, on the clock of the job's zone."""
    overview = Overview([_status_of(dag("erp_store"))])
    title, _, line = lines_of(overview)
    assert title == "jobs (times of Asia/Shanghai)"
    assert line.split() == [
        *("erp_store", "统一任务...月月报", "At", "07:00"),
        *("success", "11-25", "07:04", "11-26", "07:00"),
    ]
    said = overview.jobs[0].as_dict()
    assert said["next_run"] == "2026-11-26T07:00:00+08:00"
    assert said["last_run"] == {"state": "success", "time": "2026-11-25T07:04:05+08:00"}


def test_a_moment_of_another_year_has_its_year() -> None:
    """What last ran on 2024-11-25 did not run this month."""
    (line,) = lines(dag("erp_store", next_dagrun_run_after="2123-11-25T23:00:00Z"))
    assert line.endswith("2123-11-26 07:00")


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
        dag("new", last_run=None),
        dag("busy", last_run=running),
        dag("own", timetable_summary=None, timetable_description=None, next_dagrun_run_after=None),
    )
    assert found[0].endswith("paused")
    assert "disabled" in found[1]
    assert found[1].endswith("by hand")
    assert " never " in found[2]
    assert " running 11-25 07:00 " in found[3]
    assert found[4].endswith("by hand")


class Airflow:
    """An API that knows one DAG and its runs."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        self.runs = list(runs)

    def dags_with_last_run(self) -> list[dict[str, Any]]:
        """Return the DAG with its newest run."""
        return [dag("jd_store", last_run=self.runs[0])]

    def newest_runs(self, _: str, number: int) -> list[dict[str, Any]]:
        """Return the newest runs with their notes."""
        return self.runs[:number]

    def import_errors(self) -> list[str]:
        """Return none."""
        return []


def test_a_refused_wish_makes_no_job_look_failed() -> None:
    """Of a mistyped conf the job is no worse; a run by hand that failed for itself is one."""
    ended = {"state": "success", "end_date": "2026-11-24T23:04:05Z", "note": None}
    mistyped = {"state": "failed", "note": "refused: conf 'perod' is …"}
    api: Any = Airflow(mistyped, mistyped, ended)
    overview = look_over(api)
    assert overview.failed == []
    assert overview.jobs[0].as_dict()["last_run"] == {
        "state": "success",
        "time": "2026-11-25T07:04:05+08:00",
    }
    failed = {"state": "failed", "note": None}
    api = Airflow(failed, mistyped, ended)
    assert look_over(api).failed == ["jd_store"]


def test_a_job_whose_last_run_failed_is_named_with_what_helps() -> None:
    """It makes the service no healthy one; a run that is going on has not failed."""
    overview = Overview(
        [
            _status_of(dag("jd_store", last_run={"state": "failed"})),
            _status_of(dag("erp_store", last_run={"state": "running"})),
            _status_of(dag("pdd_chat")),
        ]
    )
    assert overview.failed == ["jd_store"]
    assert lines_of(overview)[-1].startswith("the last run failed of jd_store: `python3 ")


def test_lines_fit_a_hundred_columns() -> None:
    """Also with long Chinese names and long schedules."""
    long = dag(
        "generate_monthly",
        timetable_summary="15 0 1 6 *",
    )
    assert max(map(cell_len, lines(long, dag("erp_store")))) <= 100


def test_schedules_are_said_in_the_language_of_who_reads_them() -> None:
    """Whatever the service's is; cut between words; a program reads them in English."""
    weekly = dag("weekly", timetable_summary="0 12 * * 6", timetable_description="x (Asia/Tokyo)")
    off = dag("off", timetable_summary="已停用", tags=[{"name": "disabled"}])
    yearly = dag("yearly", timetable_summary="15 0 1 6 *")
    assert " At 00:15, on day 1 of...  " in lines(yearly)[0]
    with speaking("zh"):
        found = lines_of(overview_of([weekly, off, yearly], []))[2:]
        assert " 已停用 (Asia/Shanghai) " in found[0]
        assert " 在 12:00... (Asia/Tokyo) " in found[1]
        assert " 在 00:15... (Asia/Shanghai) " in found[2]
        assert " 在 00:15，每月的 1 号... " in lines(yearly)[0]
        said = overview_of([weekly, off], []).jobs
        assert [job.as_dict()["schedule"] for job in said] == [
            "disabled",
            "At 12:00, only on Saturday",
        ]


def test_a_job_after_a_contract_is_known_by_its_name() -> None:
    """Whatever language the service speaks, each reader has their own; programs read English."""
    report = dag(
        "report",
        timetable_summary="contract.store_day",
        timetable_description="契约 store_day 齐备之后 (Asia/Shanghai)",
        next_dagrun_run_after=None,
    )
    assert lines(report)[0].split()[2:4] == ["after", "store_day"]
    assert lines(report)[0].endswith("  -")  # not by hand
    with speaking("zh"):
        assert " 契约 store_day 之后 " in lines(report)[0]
        assert overview_of([report], []).jobs[0].as_dict()["schedule"] == "after store_day"


READ, READ_BEFORE = "2026-11-25T08:00:10.5Z", "2026-11-25T08:00:00Z"
REGISTERED = {"relative_fileloc": "registered_jobs.py", "last_parsed_time": READ}
REGISTRY_ERRORS = """registry_errors.py: Traceback (most recent call last):
  File "/srv/include/scheduling/problems.py", line 35, in raise_problems
    raise ConfigurationError(message)
include.errors.ConfigurationError: 3 problems in config:
config/tasks/pdd.yaml:4:1: is not YAML: a quote is open
config/tasks/erp.yaml:3:11: erp_store: cron '99 7 * * *' is not valid: minute 99 is not in 0-59
config/tasks/jd.yaml:2:1: jd_store: feed 'x' is not there: write it into config/feeds.yaml
"""


def test_a_job_that_cannot_be_imported_has_no_next_run() -> None:
    """Before Airflow has noticed and after; what is made in spite of a problem runs on."""
    gone = {**REGISTERED, "last_parsed_time": READ_BEFORE}
    for broken in (dag("erp_store", **gone), dag("erp_store", **gone, is_stale=True)):
        found = overview_of([dag("jd_store", **REGISTERED), broken], [REGISTRY_ERRORS])
        assert [job.id for job in found.jobs] == ["erp_store", "jd_store"]
        assert lines_of(found)[2].endswith("  import error")
        assert lines_of(found)[3].endswith("  11-26 07:00")
        erp, jd = (job.as_dict() for job in found.jobs)
        assert erp["next_run"] is None
        assert "minute 99 is not in 0-59" in erp["import_error"]
        assert (jd["next_run"], jd["import_error"]) == ("2026-11-26T07:00:00+08:00", None)


def test_a_service_that_speaks_chinese_is_understood() -> None:
    """What it says of a job is found by what is the same in every language."""
    errors = REGISTRY_ERRORS.replace("3 problems in config:", "config 中有 3 个问题：")
    found = overview_of([dag("erp_store", **REGISTERED, is_stale=True)], [errors])
    assert found.jobs[0].import_error == next(
        line for line in errors.splitlines() if ": erp_store: " in line
    )


def test_a_job_whose_file_cannot_be_read_has_no_next_run() -> None:
    """No problem names it, and neither is there one when its entry was taken away."""
    gone = dag("pdd_chat", **REGISTERED | {"last_parsed_time": READ_BEFORE})
    found = overview_of([gone, dag("erp_store", **REGISTERED)], [])
    assert lines_of(found)[-1].endswith("  no DAG")
    assert found.jobs[-1].next_run is None
    found = overview_of([gone | {"is_stale": True}, dag("erp_store", **REGISTERED)], [])
    assert [job.id for job in found.jobs] == ["erp_store"]


def test_a_dag_of_a_teams_own_file_that_breaks_says_so() -> None:
    """Airflow marks it at once."""
    own = dag("own", relative_fileloc="own.py", has_import_errors=True, is_stale=True)
    error = "own.py: Traceback (most recent call last):\nNameError: name 'x' is not defined"
    (job,) = overview_of([own], [error]).jobs
    assert job.import_error == "NameError: name 'x' is not defined"


def test_every_problem_is_shown() -> None:
    """Not the last one alone."""
    lines = lines_of(overview_of([], [REGISTRY_ERRORS]))
    assert [line.split(": ")[0].strip() for line in lines[-4:]] == [
        "what Airflow cannot import",
        "config/tasks/pdd.yaml:4:1",
        "config/tasks/erp.yaml:3:11",
        "config/tasks/jd.yaml:2:1",
    ]


def test_an_import_error_is_shown_whole() -> None:
    """Its end says how to repair it."""
    error = f"{'x' * 200}: write it once"
    assert lines_of(Overview(import_errors=[error]))[-1] == f"  {error}"


def test_a_dag_without_a_zone_is_shown_on_the_clock_of_the_others() -> None:
    """The title names one clock, whatever that of the machine is."""
    own = dag("own", timetable_description="At 07:00")
    overview = overview_of([dag("erp_store"), own], [])
    assert lines_of(overview)[3].split()[-4:] == ["11-25", "07:04", "11-26", "07:00"]


def test_a_contract_whose_dag_is_paused() -> None:
    """It is no job, and is named with the command that lets its events go on."""
    held = dag("contract.store_day", is_paused=True)
    overview = overview_of([dag("erp_store"), held, dag("contract.week")], [])
    assert lines_of(overview)[3:] == [
        (
            "contract.store_day is paused, and its events wait: "
            "`python3 scheduler_manager.py resume contract.store_day` lets them go on"
        )
    ]
