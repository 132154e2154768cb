"""A script under its keeper: its output, and that nothing of it is left, however it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from include.running.script_process import LINE_CHARACTERS, TAIL_LINES, Output
from include.secrets.masking import Masker
from tests.running.families import FAMILY, POLITE, STUBBORN
from tests.running.project import GRACE_SECONDS, PATIENCE, PERIOD, Project, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


FLOOD = """
import os, pathlib, sys, time
line = b"2025-10-02 08:00:01 shop 1001: page 17 of 230, 100 orders, paid 8,412.50 yuan in all.\\n"
sys.stdout.buffer.write(line)
while not (pathlib.Path(os.environ["SCRATCH"]) / "go").exists():
    time.sleep(0.02)
for _ in range(300):
    sys.stdout.buffer.write(line * 1000)
sys.stdout.buffer.write(b"the last line\\n")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_runner_ends_everything(project: Project, number: signal.Signals) -> None:
    """Children, grandchildren and daemons are ended, and the exit code says by what."""
    project.job(FAMILY)
    runner = project.start(STUBBORN="1")
    project.wait_for("ready")
    wait_until(lambda: len(project.alive()) == 6)  # with runner and keeper
    runner.send_signal(number)
    output = runner.communicate(PATIENCE)
    assert project.alive() == []
    assert runner.returncode == 128 + number
    assert f"told to end by {number.name}" in output
    assert project.locks() == []


def test_a_script_that_ignores_every_signal_is_killed_after_the_grace(project: Project) -> None:
    """It gets its grace first."""
    project.job(STUBBORN)
    runner = project.start()
    project.wait_for("ready")
    started = time.monotonic()
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(PATIENCE) == 128 + signal.SIGTERM
    assert time.monotonic() - started >= GRACE_SECONDS
    assert project.alive() == []


def test_a_script_may_put_things_in_order(project: Project) -> None:
    """TERM comes first; what the script still says is shown; that it exits with 0 is no landing."""
    project.job(POLITE)
    runner = project.start(RUNNER_GRACE_SECONDS="30")
    project.wait_for("ready")
    runner.send_signal(signal.SIGTERM)
    output = runner.communicate(PATIENCE)
    assert "put in order" in output
    assert runner.returncode == 128 + signal.SIGTERM


def test_a_stopped_script_is_ended_too(project: Project) -> None:
    """A process in the state T takes no TERM, but the KILL after it."""
    project.job(STUBBORN)
    runner = project.start()
    project.wait_for("ready")
    script = project.keeper_of(runner).children()[0]
    script.suspend()
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(PATIENCE) == 128 + signal.SIGTERM
    assert project.alive() == []


@pytest.mark.parametrize("stubborn", [{}, {"STUBBORN": "1"}])
def test_a_killed_runner_leaves_nothing(project: Project, stubborn: dict[str, str]) -> None:
    """After kill -9 its keeper ends the tree, says so in the journal and frees the lock."""
    project.job(FAMILY)
    runner = project.start(**stubborn)
    project.wait_for("ready")
    runner.send_signal(signal.SIGKILL)
    project.wait_until_gone()
    assert project.locks() == []
    assert f"job {PERIOD} failed: its runner (pid {runner.pid}) was killed" in project.journal()
    assert project.run(QUICK="1")[0] == 0


def test_a_killed_keeper_leaves_nothing(project: Project) -> None:
    """The kernel kills the script, the runner ends the rest and says what happened."""
    project.job(FAMILY)
    runner = project.start(STUBBORN="1")
    project.wait_for("ready")
    project.keeper_of(runner).kill()
    output = runner.communicate(PATIENCE)
    assert project.alive() == []
    assert runner.returncode == 128 + signal.SIGKILL
    assert "the keeper was killed by SIGKILL" in output
    assert project.locks() == []


def test_a_keeper_that_hangs_is_replaced(project: Project) -> None:
    """A stopped keeper cannot keep the script alive for ever."""
    project.job(FAMILY)
    runner = project.start()
    project.wait_for("ready")
    project.keeper_of(runner).suspend()
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(PATIENCE) == 128 + signal.SIGTERM
    assert project.alive() == []


def test_what_a_script_leaves_behind_is_ended(project: Project) -> None:
    """A script that ends well but leaves processes has them ended, and its log says which."""
    project.job(FAMILY)
    code, output = project.run(LEAVE="1")
    assert code == 0
    assert "the script left processes behind; ending python" in output
    assert project.alive() == []


def test_a_helper_that_leaves_by_itself_is_not_mentioned(project: Project) -> None:
    """Python's own multiprocessing helpers notice the end a moment later."""
    project.job("import subprocess; subprocess.Popen(['sleep', '0.1'])")
    code, output = project.run()
    assert (code, "left processes" in output) == (0, False)


def test_a_flood_is_passed_on_whole_in_little_memory(project: Project, tmp_path: Path) -> None:
    """Twenty-six megabytes arrive to the last line, and the runner grows by much less."""
    project.job(FLOOD)
    path = tmp_path / "flood"
    connection = '{"password": "hunter22", "extra": {"token": "abcdefgh"}}'
    path.touch()
    runner = project.start(output=path, AIRFLOW_CONN_ERP=connection)
    wait_until(lambda: b"yuan in all." in path.read_bytes())
    before = largest = _rss(runner.pid)
    (project.root / "go").touch()
    while runner.poll() is None:
        largest = max(largest, _rss(runner.pid))
        time.sleep(0.02)
    lines = path.read_bytes().splitlines()
    path.unlink()
    assert runner.returncode == 0
    assert len([line for line in lines if line.endswith(b"yuan in all.")]) == 300_001
    assert b"the last line" in lines
    assert largest - before < 10_000_000


def test_a_line_without_end_is_passed_on(project: Project) -> None:
    """Nine megabytes without a newline are shown as they come."""
    project.job("import sys\nfor _ in range(90): sys.stdout.write('店' * 33_333)")
    code, output = project.run()
    assert (code, output.count("店")) == (0, 90 * 33_333)


def test_output_comes_as_it_is_written(project: Project) -> None:
    """A line is there before the script ends."""
    project.job("import time; print('first'); time.sleep(600)")
    runner = project.start()
    lines = iter(runner.stdout.readline, b"")
    assert b"first\n" in lines
    assert runner.poll() is None


def test_chinese_and_invalid_utf8_come_through(project: Project) -> None:
    """中文 is whole, also in the script's arguments; bytes that are no UTF-8 are named."""
    script = r"""
        import os, sys
        print("店铺", sys.argv[1:])
        os.write(1, "京东".encode()[:4]); os.write(1, "京东".encode()[4:] + b"\xff\xfe\n")
        os.write(2, b"\xc3\x28\n")
    """
    project.job(script, args=["拼多多", "a b", "$HOME"])
    code, output = project.run(LC_ALL="C")
    assert code == 0
    assert "店铺 ['拼多多', 'a b', '$HOME']\n" in output
    assert "京东\\xff\\xfe\n\\xc3(\n" in output


def test_a_reader_that_leaves_does_not_end_the_run(project: Project) -> None:
    """`run JOB | head` must not cut a run in half."""
    script = "import os, time\nfor n in range(2000): print('line', n)\n"
    project.job(script + "open(os.environ['SCRATCH'] + '/done', 'w').close()")
    runner = project.start()
    runner.stdout.readline()
    runner.stdout.close()
    assert runner.wait(PATIENCE) == 0
    project.wait_for("done")


def test_a_script_starts_clean(project: Project) -> None:
    """It inherits no ignored or blocked signal, and no descriptor: not the lock, not a pipe."""
    script = """
        text = open("/proc/self/status").read()
        print([line.split()[1] for line in text.splitlines() if line[:6] in ("SigBlk", "SigIgn")])
        import os
        print([fd for fd in range(3, 200) if os.path.exists(f"/proc/self/fd/{fd}")])
    """
    project.job("#!" + sys.executable + script.replace("\n        ", "\n"), file="plain")
    (project.root / "include/scripts/plain").chmod(0o755)
    code, output = project.run()
    # What Python itself ignores when it starts: SIGPIPE (13) and SIGXFSZ (25).
    assert (code, f"['{0:016x}', '{1 << 12 | 1 << 24:016x}']\n[]\n" in output) == (0, True)


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Return the file that an output writes to."""
    return tmp_path / "shown"


@pytest.fixture
def output(shown: Path) -> Iterator[Output]:
    """Return an output that masks one secret."""
    with shown.open("wb") as file:
        yield Output(file.fileno(), Masker(["hunter22"]))


def test_characters_may_come_in_pieces_and_bad_bytes_are_named(output: Output, shown: Path) -> None:
    """中文 cut between two bytes stays whole; what is not UTF-8 is shown as its bytes."""
    for byte in "店铺".encode() + b"\xff\xfe!\n\xe5\xba":
        output.feed(bytes([byte]))
    output.end_of_script()
    assert shown.read_text(encoding="utf-8") == "店铺\\xff\\xfe!\n\\xe5\\xba"


def test_the_runners_lines_stand_alone(output: Output, shown: Path) -> None:
    """They begin a line of their own, are masked, and are no part of the script's end."""
    output.feed(b"half a line")
    output.say("told hunter22 to end")
    assert shown.read_bytes() == b"half a line\nrunner: told *** to end\n"
    assert output.last_lines() == ["half a line"]


def test_the_last_lines_are_few_and_short(output: Output) -> None:
    """However much a script prints, what is kept is bounded, and another script starts again."""
    for number in range(1000):
        output.feed(b"x" * 10_000 + f"{number}\n\n".encode())
    output.feed(b"the end")
    assert output.last_lines()[-1] == "the end"
    assert len(output.last_lines()) <= TAIL_LINES
    assert max(map(len, output.last_lines())) <= LINE_CHARACTERS
    output.forget()
    assert output.last_lines() == []


def test_a_reader_that_left_does_not_end_the_run() -> None:
    """The output is dropped, the last lines are still known."""
    reading, writing = os.pipe()
    output = Output(writing, Masker([]))
    os.close(reading)
    output.feed(b"one\n")
    output.feed(b"two\n")
    os.close(writing)
    assert output.last_lines() == ["one", "two"]
