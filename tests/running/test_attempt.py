"""One attempt: its exit code, its place in the ledger and in the journal."""

from __future__ import annotations

import re
import time

import pytest

from include.coverage.gap_ranges import in_brief
from include.language import speaking
from tests.runner import ForkedScript
from tests.running.project import LEDGER, PERIOD, Project, rows_of

EXIT = """
import os, sys
print("working on it")
print("the cause: shop 1001", file=sys.stderr)
code = int(os.environ["CODE"])
os.kill(os.getpid(), -code) if code < 0 else sys.exit(code)
"""
CODES = [(0, 0), (1, 1), (2, 2), (42, 42), (75, 75), (77, 77), (78, 78), (99, 99), (-9, 137)]
STATES = {0: "ok", 99: "empty"}


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_the_exit_code_is_passed_on_and_settles_the_ledger(
    project: Project, warehouse: str, code: int, expected: int
) -> None:
    """A script that knows nothing of the ledger is accounted for by its exit code."""
    project.job(EXIT)
    assert project.run(CODE=str(code), WAREHOUSE_URL=warehouse, RUN_ID="run-7")[0] == expected
    (row,) = rows_of(warehouse)
    assert (row.shop_id, row.attempts, row.run_id) == ("-", 1, "run-7")
    assert (row.state, row.exit_code) == (STATES.get(expected, "failed"), expected)
    assert row.finished_at is not None
    assert ("the cause: shop 1001" in (row.error or "")) == (row.state == "failed")


def test_a_lacking_package_has_its_remedy(project: Project, warehouse: str) -> None:
    """In the journal and in the ledger, above what Python has written."""
    project.job("import no_such_package")
    assert project.run(WAREHOUSE_URL=warehouse, RUN_ID="run-7")[0] == 1
    (row,) = rows_of(warehouse)
    remedy = "the service's Python lacks no_such_package: make an environment that has it"
    assert (row.error or "").startswith(remedy)
    assert f"s: {remedy}" in project.journal()
    assert "ModuleNotFoundError" in project.journal()


def test_without_a_warehouse_nothing_is_accounted_for(project: Project) -> None:
    """It is said in one line, and the script runs."""
    project.job(EXIT)
    code, output = project.run(CODE="0")
    assert code == 0
    assert output.count("no WAREHOUSE_URL") == 1


def test_the_journal_tells_start_and_end(project: Project) -> None:
    """A failure comes with its reason and the last lines of the output, indented."""
    project.job(EXIT)
    project.run(CODE="3", RUN_ID="run-7")
    project.run(CODE="0", RUN_ID="run-7", ATTEMPT="2")
    project.run(CODE="0", RUN_ID="run-7", ATTEMPT="5")
    lines = [line.partition("+08:00 ")[2] or line for line in project.journal().splitlines()]
    shapes = [re.sub(r"pid \d+", "pid N", re.sub(r"[\d.]+ s\b", "N s", line)) for line in lines]
    assert shapes == [
        f"job {PERIOD} started (pid N, run run-7)",
        f"job {PERIOD} failed after N s: exit code 3",
        "    working on it",
        "    the cause: shop 1001",
        f"job {PERIOD} retried, attempt 2 of 3 (pid N, run run-7)",
        f"job {PERIOD} landed in N s",
        f"job {PERIOD} retried, attempt 5 (pid N, run run-7)",
        f"job {PERIOD} landed in N s",
    ]


def test_the_journal_tells_how_many_rows_have_landed(project: Project, warehouse: str) -> None:
    """The sum over its shops, as the ledger has it."""
    project.job(LEDGER + "land('-', 12345)")
    assert project.run(script=ForkedScript, WAREHOUSE_URL=warehouse)[0] == 0
    assert f"job {PERIOD} landed 12,345 rows in " in project.journal()


def test_no_secret_is_shown_anywhere(project: Project, warehouse: str) -> None:
    """Output, journal and ledger: plain, percent-encoded, in two writes; also in the entry."""
    script = """
        import os, time
        os.write(1, b"key=p@ss/word-1, key=p%40ss%2Fword-1, {token: tok"); time.sleep(0.2)
        os.write(2, b"-12345}, deep: nested-6789\\n")
        raise SystemExit("the key was p@ss/word-1")
    """
    project.job(script, connections=["erp"])
    connection = '{"password": "p@ss/word-1", "extra": {"t": "tok-12345", "n": ["nested-6789"]}}'
    code, output = project.run(AIRFLOW_CONN_ERP=connection, WAREHOUSE_URL=warehouse)
    shown = output + project.journal() + str(rows_of(warehouse))
    assert code == 1
    assert "key=***, key=***, {token: ***}, deep: ***\n" in output
    assert "the key was ***" in project.journal()
    for secret in ("ss/word", "ss%2Fword", "12345", "6789"):
        assert secret not in shown


@pytest.mark.parametrize("seconds", ["4", "17"])
def test_the_runner_ends_a_script_before_it_is_ended_itself(
    project: Project, warehouse: str, seconds: str
) -> None:
    """A short timeout ends as one, too, although the script does not heed TERM."""
    project.job(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)",
        timeout=f"{seconds}s",
    )
    started = time.monotonic()
    code, output = project.run(WAREHOUSE_URL=warehouse, RUNNER_ALL_SECONDS=seconds)
    assert (code, project.alive()) == (75, [])
    assert time.monotonic() - started > float(seconds) / 3
    assert f"not done within its timeout of 0:00:{seconds:0>2}" in output
    (row,) = rows_of(warehouse)
    assert (row.state, row.exit_code) == ("failed", 75)


def test_a_period_for_which_no_time_is_left_is_not_begun(project: Project, warehouse: str) -> None:
    """Of several periods of one run the last ones are for the retry, which takes up the rest."""
    project.job("import time; time.sleep(600)", timeout="2s")
    words = ("job", "--from", "2025-10-01", "--to", "2025-10-03")
    code, output = project.run(*words, WAREHOUSE_URL=warehouse, RUNNER_ALL_SECONDS="4")
    assert (code, project.alive()) == (75, [])
    assert "2025-10-03 failed: no time is left of the 4 s of this run" in output
    assert [row.state for row in rows_of(warehouse)].count("running") == 0


def test_a_timeout_is_temporary(project: Project, warehouse: str) -> None:
    """A script that takes longer than its entry allows is ended; a retry may help."""
    project.job("import time; print('waiting'); time.sleep(600)", timeout="1s")
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, project.alive()) == (75, [])
    assert "not done within its timeout of 0:00:01" in output
    (row,) = rows_of(warehouse)
    assert (row.state, row.exit_code) == ("failed", 75)


def test_what_has_landed_is_not_run_again(project: Project, warehouse: str) -> None:
    """Code 99 and a message that says how to run it once more, and AGAIN does."""
    project.job("import os; print('ran', os.environ.get('AGAIN'))")
    assert project.run(WAREHOUSE_URL=warehouse)[0] == 0
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, "ran" in output) == (99, False)
    assert f"nothing to do: job {PERIOD} has landed; use --again (or again=true" in output
    code, output = project.run("job", "--period", PERIOD, "--again", WAREHOUSE_URL=warehouse)
    assert (code, "ran 1" in output) == (0, True)
    assert rows_of(warehouse)[0].attempts == 2


def test_a_run_that_was_cut_off_after_landing_has_landed(project: Project, warehouse: str) -> None:
    """Its next attempt runs nothing and succeeds; another run of the period had nothing to do."""
    project.job("print('ran')")
    assert project.run(WAREHOUSE_URL=warehouse, RUN_ID="run-7")[0] == 0
    code, output = project.run(WAREHOUSE_URL=warehouse, RUN_ID="run-7", ATTEMPT="2")
    assert (code, "ran" in output.splitlines()) == (0, False)
    assert f"job {PERIOD} landed in an attempt of this run that was cut off" in output
    assert project.run(WAREHOUSE_URL=warehouse, RUN_ID="run-8", ATTEMPT="2")[0] == 99


def test_each_enabled_shop_is_a_unit(project: Project, warehouse: str) -> None:
    """A run narrowed to some shops accounts for those; the next one runs those still open."""
    project.shops(s1=True, s2=True, s3=True, s4=False)
    project.job("import os; print('shops:', os.environ.get('SHOPS'))", platform="erp")
    code, output = project.run(SHOPS="s3,s1", WAREHOUSE_URL=warehouse)
    assert (code, "shops: s1,s3\n" in output) == (0, True)
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, "shops: s2\n" in output) == (0, True)
    code, output = project.run(WAREHOUSE_URL=warehouse, AGAIN="1")
    assert (code, "shops: s1,s2,s3\n" in output) == (0, True)
    assert [(row.shop_id, row.attempts) for row in rows_of(warehouse)] == [
        ("s1", 2),
        ("s2", 2),
        ("s3", 2),
    ]


def test_what_a_script_has_settled_itself_stays(project: Project, warehouse: str) -> None:
    """A script that keeps the ledger lands one shop and fails another; only the rest is settled."""
    fails = "ledger.fail(Unit('job', 's2', period), 77, 'token expired')\nraise SystemExit(77)"
    project.shops(s1=True, s2=True, s3=True)
    project.job(f"{LEDGER}\nland('s1', 5)\n{fails}", platform="erp")
    assert project.run(script=ForkedScript, WAREHOUSE_URL=warehouse)[0] == 77
    first, second, third = rows_of(warehouse)
    assert (first.state, first.rows) == ("ok", 5)
    assert (second.state, second.error) == ("failed", "token expired")
    assert (third.state, third.exit_code) == ("failed", 77)


def test_a_script_that_leaves_out_a_shop_has_failed(project: Project, warehouse: str) -> None:
    """It lands one shop itself and ends with 0: the other has not landed, and the run says so."""
    project.shops(s1=True, s2=True)
    project.job(LEDGER + "land('s1', 5)", platform="erp")
    code, output = project.run(script=ForkedScript, WAREHOUSE_URL=warehouse)
    assert (code, "the script said nothing of s2" in output) == (1, True)
    first, second = rows_of(warehouse)
    assert (first.state, second.state, second.exit_code) == ("ok", "failed", 1)
    assert "without saying anything of this shop" in (second.error or "")
    project.job(LEDGER + "land('s2', 5)", platform="erp")
    assert project.run(script=ForkedScript, WAREHOUSE_URL=warehouse)[0] == 0
    assert [row.state for row in rows_of(warehouse)] == ["ok", "ok"]


def test_a_warehouse_that_is_not_migrated_is_a_clear_failure(project: Project) -> None:
    """The script is not started, nothing is retried, and the message names what repairs it."""
    project.job("print('ran')")
    (project.root / "empty.db").touch()
    code, output = project.run(WAREHOUSE_URL=f"sqlite:///{project.root}/empty.db")
    assert (code, "ran\n" in output) == (78, False)
    assert "has no tables of this project: `python3 scheduler_manager.py migrate`" in output
    assert "`python -m include.prepare`" in output


def test_a_warehouse_whose_file_is_gone_is_not_made_anew(project: Project) -> None:
    """An empty one would hide the loss: the script is not started, and a later try may find it."""
    project.job("print('ran')")
    code, output = project.run(WAREHOUSE_URL=f"sqlite:///{project.root}/away/warehouse.db")
    assert (code, "ran\n" in output) == (75, False)
    assert f"the file {project.root}/away/warehouse.db is not there: put it back" in output
    assert not (project.root / "away").exists()


def test_a_folder_that_cannot_be_written_is_a_wrong_configuration(
    project: Project, warehouse: str
) -> None:
    """Locks and journal have no place: the message says how to give them one."""
    project.job("print('ran')")
    (project.root / "file").touch()
    code, output = project.run(WAREHOUSE_URL=warehouse, SCHEDULER_VAR=f"{project.root}/file/var")
    assert (code, "Traceback" in output) == (78, False)
    assert "set the variable SCHEDULER_VAR to a folder that can be" in output


def test_a_warehouse_url_that_is_none_is_a_wrong_configuration(project: Project) -> None:
    """No retry can help."""
    project.job("print('ran')")
    assert project.run(WAREHOUSE_URL="nonsense")[0] == 78


def test_a_process_that_cannot_be_made_is_a_temporary_failure(
    project: Project, warehouse: str
) -> None:
    """The machine is out of something, or the arguments are longer than it takes; it is settled."""
    project.job("print('ran')", args=["x" * 200_000])
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, "the script cannot be started now" in output) == (75, True)
    assert rows_of(warehouse)[0].state == "failed"


def test_a_script_that_cannot_start_is_a_wrong_configuration(project: Project) -> None:
    """A missing interpreter, or a file that is not executable."""
    project.job("#!/no/such/interpreter\n", job_id="gone", file="gone.sh")
    project.job("#!/bin/sh\necho ran $1\n", job_id="shell", file="shell.sh", args=["{key}"])
    (project.root / "include/scripts/gone.sh").chmod(0o755)
    code, output = project.run("gone", "--period", PERIOD)
    assert (code, "cannot be started" in output) == (78, True)
    code, output = project.run("shell", "--period", PERIOD)
    assert (code, "run chmod +x" in output) == (78, True)
    (project.root / "include/scripts/shell.sh").chmod(0o755)
    code, output = project.run("shell", "--period", PERIOD)
    assert (code, f"ran {PERIOD}\n" in output) == (0, True)


def test_a_service_that_speaks_chinese(project: Project, warehouse: str) -> None:
    """Output and journal are Chinese, the ledger is English, and each reader sees their own."""
    project.job(EXIT)
    more = {"CODE": "77", "WAREHOUSE_URL": warehouse, "RUN_ID": "run-7", "LANGUAGE": "zh"}
    assert project.run(**more)[0] == 77
    assert f"job {PERIOD} 开始（pid " in project.journal()
    assert "秒后失败：退出码 77（授权被拒绝或已过期）\n" in project.journal()
    (row,) = rows_of(warehouse)
    said = "working on it\nthe cause: shop 1001"
    assert row.error == f"exit code 77 (credentials refused or expired)\n{said}"
    with speaking("zh"):
        assert row.shown_error == f"退出码 77（授权被拒绝或已过期）\n{said}"
        assert in_brief(row.shown_error) == "the cause: shop 1001"
