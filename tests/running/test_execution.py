"""One call of the runner: which periods, in which order, and never two of one period at once."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.running.families import FAMILY
from tests.running.project import PATIENCE, PERIOD, Project

SHOW = "import os; print('covers', os.environ['PERIOD_KEY'])"


def covered(output: str) -> list[str]:
    """Return the periods that the script `SHOW` was started for, in order."""
    return [line.split()[1] for line in output.splitlines() if line.startswith("covers")]


def test_by_default_the_last_ended_period_is_run(project: Project) -> None:
    """For a daily job that is yesterday, on the job's clock."""
    project.job(SHOW)
    _, output = project.run("job")
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    assert covered(output) == [yesterday.isoformat()]


def test_a_range_runs_oldest_first_and_both_ends(project: Project) -> None:
    """By words and by the environment alike."""
    project.job(SHOW)
    expected = ["2025-09-30", "2025-10-01", "2025-10-02"]
    code, output = project.run("job", "--from", expected[0], "--to", expected[-1])
    assert (code, covered(output)) == (0, expected)
    code, output = project.run("job", PERIOD_FROM=expected[0], PERIOD_TO=expected[-1])
    assert (code, covered(output)) == (0, expected)


def test_one_failed_period_does_not_keep_the_next_from_running(project: Project) -> None:
    """The exit code is the worst one."""
    codes = "{'2025-10-01': 75, '2025-10-02': 77}"
    project.job(f"{SHOW}; raise SystemExit({codes}.get(os.environ['PERIOD_KEY'], 0))")
    code, output = project.run("job", "--from", "2025-09-30", "--to", "2025-10-03")
    assert (code, len(covered(output))) == (77, 4)


def test_a_timeout_counts_for_each_period(project: Project) -> None:
    """A period that takes too long is ended, the next one has its whole time."""
    slow = "import time; time.sleep(600 * (os.environ['PERIOD_KEY'] == '2025-09-30'))"
    project.job(f"{SHOW}; {slow}", timeout="1s")
    code, output = project.run("job", "--from", "2025-09-30", "--to", "2025-10-01")
    assert (code, len(covered(output))) == (75, 2)
    assert "job 2025-10-01 landed" in output


def test_a_signal_ends_the_whole_range(project: Project) -> None:
    """The periods that are left are not started."""
    project.job(FAMILY)
    runner = project.start("job", "--from", "2025-09-30", "--to", PERIOD)
    project.wait_for("ready")
    runner.send_signal(signal.SIGTERM)
    output = runner.communicate(PATIENCE)
    assert runner.returncode == 143
    assert output.count("started") == 1


def test_a_second_start_is_refused_while_the_first_runs(project: Project) -> None:
    """Temporary, and the message names the first one's pid and run, and since when."""
    project.job(FAMILY)
    first = project.start(RUN_ID="scheduled__1")
    project.wait_for("ready")
    code, output = project.run(RUNNER_LOCK_WAIT_SECONDS="0.3")
    assert code == 75
    assert f"is already running (pid {first.pid}, run scheduled__1, since 20" in output
    assert "OVERLAP" not in output
    assert first.poll() is None


def test_a_second_start_waits_for_the_first(project: Project) -> None:
    """When the first ends in time, the second runs after it."""
    project.job(FAMILY)
    first = project.start()
    project.wait_for("ready")
    second = project.start(QUICK="1")
    first.send_signal(signal.SIGTERM)
    output = second.communicate(PATIENCE)
    assert second.returncode == 0, output
    assert "OVERLAP" not in output


def test_another_period_of_the_job_may_run_beside_it(project: Project) -> None:
    """The lock is on the job's period, not on the job."""
    project.job(FAMILY)
    project.job(SHOW, job_id="show")
    project.start()
    project.wait_for("ready")
    for words in (("show", "--period", PERIOD), ("job", "--period", "2025-10-01")):
        _, output = project.run(*words, RUNNER_LOCK_WAIT_SECONDS="0")
        assert "already running" not in output


def test_a_platform_without_shops_has_nothing_to_do(project: Project) -> None:
    """It is said, and the script is not started."""
    project.shops(s1=False)
    project.job(SHOW, platform="erp")
    code, output = project.run()
    assert (code, covered(output)) == (99, [])
    assert "no shop on erp is enabled and open in 2025-10-02" in output


def test_a_journal_that_cannot_be_written_fails_no_run(project: Project) -> None:
    """It is said."""
    (project.var).mkdir()
    (project.var / "logs").write_text("not a folder")
    project.job(SHOW)
    code, output = project.run()
    assert (code, covered(output)) == (0, [PERIOD])
    assert "cannot be written" in output


def test_a_broken_shop_makes_the_run_red_after_the_others_have_run(project: Project) -> None:
    """A shop that cannot be read is not silently left out: 78, with the line to repair."""
    project.job(SHOW, platform="erp")
    project.shops(good=True, broken=True)
    path = project.root / "config" / "shops.yaml"
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("id: broken", "id: [broken]"), "utf-8")
    code, output = project.run()
    assert (code, covered(output)) == (78, [PERIOD])
    assert "a shop may have been left out: config/shops.yaml:" in output
    path.write_text("shops: [", "utf-8")
    assert project.run()[0] == 78
    path.write_text(whole, "utf-8")
    assert project.run()[0] == 0


def test_a_script_may_print_anything(project: Project) -> None:
    """What cannot be encoded is shown escaped, in the output and in the journal."""
    project.job("print('前\\ud800后'); raise SystemExit('失败：\\ud83d')")
    code, output = project.run("job", "--period", PERIOD)
    assert code == 1
    assert "前\\ud800后" in output
    assert "失败：\\ud83d" in (project.var / "logs/scheduler.log").read_text("utf-8")
