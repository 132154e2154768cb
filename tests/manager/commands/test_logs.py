"""Showing logs."""

import json
import subprocess
import sys
import time
from argparse import Namespace
from datetime import timezone
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ConfigurationError, ExpectedError
from include.language import _, speaking
from include.running.journal import Journal
from include.units.exit_codes import describe
from manager.commands.logs import follow, last_lines, logs
from manager.layout import Layout

TASK_LINE = '{"timestamp": "2025-10-02T00:00:01.5Z", "level": "error", "event": "店铺 1 失败"}'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return an installation with a journal and a component's log."""
    layout = Layout(var=tmp_path)
    layout.make_var()
    (layout.logs / "scheduler.log").write_text("".join(f"event {n}\n" for n in range(5)))
    (layout.logs / "components/scheduler.log").write_text("the scheduler's own\n")
    return layout


def shown(layout: Layout, capsys: pytest.CaptureFixture[str], name: str | None, n: int = 9) -> str:
    """Return what `logs` prints."""
    assert logs(layout, Namespace(name=name, lines=n, follow=False)) == 0
    return capsys.readouterr().out


def test_without_a_name_it_is_the_journal(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its last lines, as many as wanted."""
    assert shown(layout, capsys, None, 2) == "event 3\nevent 4\n"
    assert shown(layout, capsys, "scheduler") == "the scheduler's own\n"


def test_the_journal_is_shown_in_the_language_of_who_reads_it(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the service wrote in its own; lines without a translation are as they are."""
    journal = Journal(layout.logs / "scheduler.log", timezone.utc)
    journal.write("job 2025-10-02", _("{first}; {then}", first=describe(75), then="as it came"))
    assert shown(layout, capsys, None, 1).endswith("(a temporary failure); as it came\n")
    with speaking("zh"):
        assert shown(layout, capsys, None, 2).splitlines()[0] == "event 4"
        assert shown(layout, capsys, None, 1).endswith("退出码 75（暂时失败）；as it came\n")


def test_a_jobs_last_log_is_readable(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest attempt's at its script, and text instead of JSON."""
    for number, line in enumerate(["old", TASK_LINE], 1):
        file = layout.logs / f"airflow/dag_id=erp_store/run_id=r/task_id=run/attempt={number}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(line + "\n", "utf-8")
        time.sleep(0.02)
    check = file.parents[1] / "task_id=check/attempt=1.log"
    check.parent.mkdir()
    check.write_text("the check's\n")
    line = shown(layout, capsys, "erp_store")
    assert line == "2025-10-02 08:00:01+08:00 ERROR 店铺 1 失败\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2025-10-02T00:00:01.123456Z [info     ] up", "2025-10-02 08:00:01+08:00 [info     ] up"),
        ("2025-10-01T20:00:01-0400 up", "2025-10-02 08:00:01+08:00 up"),
        ("2025-13-02T00:00:01Z no moment", "2025-13-02T00:00:01Z no moment"),
        ("INFO: 2025-10-02T00:00:01Z inside", "INFO: 2025-10-02T00:00:01Z inside"),
    ],
)
def test_a_components_log_is_on_the_clock_of_the_jobs(
    layout: Layout, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    """Airflow writes UTC; what the commands print can be held against the journal."""
    (layout.logs / "components/scheduler.log").write_text(f"{line}\n", "utf-8")
    assert shown(layout, capsys, "scheduler") == f"{said}\n"


def test_a_reason_in_a_field_of_its_own_is_shown(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow writes exceptions, and what else it knows of an event, beside its text."""
    said = {
        "timestamp": "2025-10-02T00:00:01.5Z",
        "level": "error",
        "event": "Task failed with exception",
        "logger": "task",
        "loc": "task_runner.py:1000",
        "signal_name": "SIGKILL",
        "dag_id": "erp_store",
        "run_id": "scheduled__2025-10-01",
        "task_id": "run",
        "map_index": -1,
        "try_number": 1,
        "ti_id": "0199a3b0-7c1f-7d2a-9a41-0c5e2f8b7d11",
        "error_detail": [
            {"exc_type": "AirflowFailException", "exc_value": "令牌已过期", "frames": []}
        ],
    }
    file = layout.logs / "airflow/dag_id=erp_store/run_id=r/task_id=run/attempt=1.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(said) + "\n", "utf-8")
    first, *reasons = shown(layout, capsys, "erp_store").splitlines()
    assert first.endswith(" ERROR Task failed with exception")
    assert reasons == ["  AirflowFailException: 令牌已过期", "  signal_name: SIGKILL"]


def test_the_end_of_a_huge_line_is_found_at_once(tmp_path: Path) -> None:
    """How long that takes grows with the length, not with its square."""
    log = tmp_path / "x.log"
    log.write_bytes(b"first\n" + b"x" * 100_000_000 + b"\nlast\n")
    before = time.process_time()
    assert [len(line) for line in last_lines(log, 2)] == [100_000_000, 4]
    assert time.process_time() - before < 10


def test_an_unknown_name_is_told_with_what_was_meant(layout: Layout) -> None:
    """Components and jobs alike; a job that has not run has no log."""
    for name, near in {"schduler": "scheduler", "erp_stor": "erp_store"}.items():
        with pytest.raises(ConfigurationError, match=f"did you mean '{near}'"):
            logs(layout, Namespace(name=name, lines=9, follow=False))
    with pytest.raises(ExpectedError, match="jd_store has no log"):
        logs(layout, Namespace(name="jd_store", lines=9, follow=False))


def test_where_nothing_is_to_be_shown_it_is_told_why(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that has just begun has written nothing; a service that was never started neither."""
    log = layout.logs / "airflow/dag_id=jd_store/run_id=manual__1/task_id=run/attempt=1.log"
    log.parent.mkdir(parents=True)
    log.touch()
    (layout.logs / "scheduler.log").unlink()
    for name, said in {
        "jd_store": "attempt=1.log is empty so far",
        None: "is not there yet",
    }.items():
        assert logs(layout, Namespace(name=name, lines=9, follow=False)) == 0
        told = capsys.readouterr()
        assert (told.out, said in told.err) == ("", True)


def test_a_path_is_no_name(layout: Layout) -> None:
    """Nothing outside the logs is looked for: neither its content nor whether it is there."""
    for name in ("../../../etc/passwd", "/etc/passwd", "../scheduler", ".."):
        with pytest.raises(ConfigurationError, match="is no component"):
            logs(layout, Namespace(name=name, lines=5, follow=False))


def test_more_lines_than_a_file_has_come_from_those_set_aside(tmp_path: Path) -> None:
    """In their order, whatever the size of the files."""
    log = tmp_path / "x.log"
    log.with_name("x.log.1").write_text("".join(f"{'old' * 50_000} {n}\n" for n in range(3)))
    log.write_text("new 1\nnew 2\n")
    assert [line[-5:] for line in last_lines(log, 4)] == ["old 1", "old 2", "new 1", "new 2"]


def test_following_goes_on_after_the_log_was_set_aside(tmp_path: Path) -> None:
    """No line is lost and none comes twice, whoever renames the file."""
    log = tmp_path / "x.log"
    log.write_text("before\n")
    lines = follow(lambda: log)
    writer = (
        "import sys, time, pathlib\n"
        "log = pathlib.Path(sys.argv[1])\n"
        "for number in range(60):\n"
        "    if number % 20 == 10:\n"
        "        log.replace(f'{log}.{number}')\n"
        "        time.sleep(0.4)\n"
        "    with log.open('a') as file: file.write(f'{number}\\n')\n"
        "    time.sleep(0.01)\n"
    )
    generator_is_at_the_end = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(0.5)\n" + writer, str(log)]
    )
    assert [next(lines) for _ in range(60)] == [str(number) for number in range(60)]
    generator_is_at_the_end.wait()


def test_a_reader_that_goes_away_is_no_error(layout: Layout) -> None:
    """`logs | head` ends quietly."""
    (layout.logs / "scheduler.log").write_text("x" * 100 + "\n" + "y\n" * 100_000)
    code = (
        "import sys; from argparse import Namespace; from pathlib import Path\n"
        "from manager.layout import Layout; from manager.commands.logs import logs\n"
        f"layout = Layout(var=Path({str(layout.var)!r}))\n"
        "sys.exit(logs(layout, Namespace(name=None, lines=100_000, follow=False)))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as reading:
        assert reading.stdout
        assert reading.stderr
        reading.stdout.readline()
        reading.stdout.close()
        said = reading.stderr.read()
    assert (reading.returncode, said) == (0, b"")
