"""Crontabs, as people write them, are read by their text."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from manager.importing import crontab
from manager.importing.crontab_commands import read_command
from manager.importing.secret_words import holds_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.importing.old_jobs import OldJob, Read

CRONTAB = """\
# Edit this file to introduce tasks to be run by cron.
# m h  dom mon dow   command
SHELL=/bin/bash
MAILTO="ops@example.com"
CRON_TZ=Asia/Shanghai
DB_PASSWORD=hunter22
LANG="zh_CN.UTF-8"

# 库存日报
40 7 * * * cd /data/report && /data/venv/bin/python stock.py --day yesterday >> /tmp/a.log 2>&1
@daily . /data/venv/bin/activate && python3 -u /data/clean.py --token hunter22
# 0 1 * * * python /data/old.py
5,35 8-18/2 * * mon-fri flock -n /tmp/x.lock timeout 30m REPORT=zh python3 /data/y.py | tee z
CRON_TZ=UTC
0 9 1 * * /data/month.sh "a b" \\%Y%input
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Return what reads a crontab."""

    def of(text: str | bytes, name: str = "crontab.txt") -> Read:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return crontab.read(str(path))

    return of


def _said(job: OldJob) -> tuple[object, ...]:
    (schedule,) = job.schedules
    return (job.name, schedule.cron, schedule.timezone, job.script, job.args, job.cwd, job.python)


def test_a_crontab_is_read_as_it_is(read: Callable[..., Read]) -> None:
    """Names from comments, zones, folders, environments, wrappers; cron tries nothing again."""
    found = read(CRONTAB)
    zone = "Asia/Shanghai"
    assert [_said(job) for job in found.jobs] == [
        ("库存日报", "40 7 * * *", zone, "stock.py", ("--day", "yesterday"), "/data/report",
         "/data/venv/bin/python"),
        ("clean", "0 0 * * *", zone, "/data/clean.py", (), None, "/data/venv/bin/python"),
        ("y", "5,35 8-18/2 * * mon-fri", zone, "/data/y.py", (), None, None),
        ("month", "0 9 1 * *", "UTC", "/data/month.sh", ("a b", "%Y"), None, None),
    ]  # fmt: skip
    assert found.jobs[2].timeout == timedelta(minutes=30)
    assert found.jobs[2].env == {"LANG": "zh_CN.UTF-8", "REPORT": "zh"}
    assert [job.place.line for job in found.jobs] == [10, 11, 13, 15]
    assert {job.retries for job in found.jobs} == {0}


def test_what_is_not_carried_over_is_named(read: Callable[..., Read]) -> None:
    """With its line; a secret is named and never shown."""
    found = read(CRONTAB)
    assert [one.place.line for one in found.findings] == [3, 4, 6, 11, 13, 15]
    shown = repr(found)
    assert "hunter22" not in shown
    assert "--token ***" in shown


def test_a_crontab_of_the_system_has_users(read: Callable[..., Read]) -> None:
    """By its place, or since all its lines have one."""
    for name in ("etc/cron.d/jobs", "jobs"):
        found = read("0 8 * * * root python3 /data/a.py\n@hourly etl /data/b.sh\n", name)
        assert [job.script for job in found.jobs] == ["/data/a.py", "/data/b.sh"]
    found = read("0 8 * * * python3 /data/a.py\n0 9 * * * cd /data && python3 b.py\n")
    assert [job.script for job in found.jobs] == ["/data/a.py", "b.py"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("@reboot /data/a.sh", "names no time"),
        ("0 0 8 * * * python a.py", "six fields"),
        ("rubbish", "no line of a crontab"),
        ("0 8 * * *", "no line of a crontab"),
        ("0 8 * * * python a.py; python b.py", "runs 2 programs"),
        ("0 8 * * * cd /data", "it runs no program"),
        ("0 8 * * * python -m package", "python -m runs no script file"),
        ("0 8 * * * python -c 'print(1)'", "python -c runs no script file"),
        ("0 8 * * * bash -c 'x y'", "bash -c runs no script file"),
        ("0 8 * * * /usr/bin/find /tmp", "is no script"),
        ("0 8 * * * python 'a.py", "a quote is not closed"),
        ("0 8 * * * . /etc/profile; python a.py", "/etc/profile is not read"),
        ("0 8 * * * python a.py || mail x", "what stands behind || is not carried over"),
    ],
)
def test_a_line_that_is_no_job_is_named(read: Callable[..., Read], line: str, said: str) -> None:
    """Nothing is silently left out."""
    found = read(f"{line}\n0 8 * * * python /data/ok.py\n")
    assert found.jobs[-1].script == "/data/ok.py"
    assert any(said in one.text and one.place.line == 1 for one in found.findings)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_any_encoding_is_read(read: Callable[..., Read], encoding: str) -> None:
    """As Windows' editors write them, with CRLF."""
    found = read("# 库存日报\r\n0 8 * * * python /a.py\r\n".encode(encoding))
    assert [(job.name, job.script) for job in found.jobs] == [("库存日报", "/a.py")]
    assert found.findings == ()


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("python3 a.py --day 1 >> log 2>&1", ("--day", "1")),
        ("python3 a.py --day 1 1>log 2> errors", ("--day", "1")),
        ("python3 a.py 2>/dev/null < input", ()),
    ],
)
def test_a_number_before_a_redirection(command: str, args: tuple[str, ...]) -> None:
    """It is an argument, unless it stands close to the sign."""
    assert read_command(command).args == args


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("DATABASE_URL=mysql://root:Cron-PW792@h/db python a.py x", ("x",)),
        ("COOKIE=Cron-PW792 python a.py x", ("x",)),
        ("PGPASSWORD=Cron-PW792 python a.py x", ("x",)),
        ("SENTRY=https://Cron-PW792-Cron-PW792@h/1 python a.py x", ("x",)),
        ("python a.py --user=me:Cron-PW792 x", ("x",)),
        ("python a.py x -p Cron-PW792", ("x",)),
        ("python a.py -p 8080", ("-p", "8080")),
        ("python a.py --pw=Cron-PW792 x", ("x",)),
        ("python a.py --db mysql://root:Cron-PW792@h/db x", ("x",)),
        ("python a.py 'http://h/?a=1&token=Cron-PW792' x", ("x",)),
        ('python a.py --header "Authorization: Bearer Cron-PW792" x', ("x",)),
        ('python a.py "--header=Authorization: Bearer Cron-PW792" x', ("x",)),
        ("python a.py Authorization: Bearer Cron-PW792 x", ("x",)),
        ("python a.py 'password: Cron-PW792' x", ("x",)),
        ('python a.py --password="Cron PW792" x', ("x",)),
        ("python a.py \"--password\" 'A B-PW792' x", ("x",)),
        ("python a.py token=Cron-PW792 x", ("x",)),
        ("""python a.py '{"password": "A B-PW792"}' x""", ("x",)),
        ("python a.py -u me:Cron-PW792 x", ("x",)),
        ("mysqldump -pCron-PW792 db > x; python a.py", ()),
        ("bash -c 'mysql --password Cron-PW792'", ()),
        ("python a.py --password 'Cron-PW792", ()),
        ("python a.py x % Cron-PW792", ("x",)),
    ],
)
def test_a_secret_is_shown_nowhere(
    read: Callable[..., Read], line: str, args: tuple[str, ...]
) -> None:
    """Neither in an entry nor in the record, and a finding names it; the rest is carried over."""
    found = read(f"0 8 * * * {line}\n")
    assert "PW792" not in repr(found)
    assert [job.args for job in found.jobs] == [args]
    assert bool(found.findings) == ("PW792" in line)


@pytest.mark.parametrize(
    "comment", ["密码 Cron-PW792", "数据库密码是Cron-PW792", "token: Cron-PW792", "pw Cron-PW792"]
)
def test_a_comment_with_a_secret_names_no_job(read: Callable[..., Read], comment: str) -> None:
    """Nor does a variable that holds one reach it."""
    found = read(f"URL=mysql://root:Cron-PW792@h/db\n# {comment}\n0 8 * * * python a.py\n")
    assert "PW792" not in repr(found)
    assert [(job.name, dict(job.env)) for job in found.jobs] == [("a", {})]
    assert [one.place.line for one in found.findings] == [1, 3]


def test_what_is_no_secret_is_shown_as_it_stands() -> None:
    """Quotes, times and addresses; so does a comment about passwords."""
    line = """cd /data && TZ=UTC python a.py --at 08:00 "a b" --url http://h:80/x >> log 2>&1"""
    assert read_command(line).shown == line
    assert not holds_secret("每天更新密码表")
    assert not holds_secret("reset password reminders")
    assert read_command("mkdir -p /data && python a.py").shown == "mkdir -p /data && python a.py"


def test_an_endless_word_is_read_at_once() -> None:
    """A long argument costs as much as its length."""
    for word in ("--a" * 30_000, "a:" * 30_000, "a" * 90_000, "pw=" * 30_000, "://" * 30_000):
        begun = time.process_time()
        assert read_command(f"python a.py {word}").script == "a.py"
        assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "command",
    [
        'python3 a.py "$(date +\\%F)"',
        "python3 a.py --day `date +\\%F`",
        "python3 a.py --day $(date +\\%F)",
        'python3 a.py "${DAY}"',
        "DAY=$YESTERDAY python3 a.py",
        "python3 a.py ~/orders",
    ],
)
def test_what_the_shell_fills_in_is_named(command: str) -> None:
    """No shell sees an entry's arguments, so that the script would get the words themselves."""
    assert any("filled in by the shell" in note for note in read_command(command).notes)


@pytest.mark.parametrize("word", ["a~b", "1$.", "a@b.com", "{first_day}"])
def test_what_a_shell_leaves_as_it_is(word: str) -> None:
    """A sign in the middle of a word is no more than that."""
    assert read_command(f"python3 a.py {word}").notes == []


@pytest.mark.parametrize("inner", ['python3 a.py "x', "python3 a.py x\\"])
def test_a_quote_that_is_open_inside_of_another(inner: str) -> None:
    """The command that `flock` is given as a text is read, or not, like any other."""
    found = read_command(f"flock -n /tmp/lock -c '{inner}'")
    assert found.script is None
    assert "a quote is not closed: the command is not read" in found.notes
