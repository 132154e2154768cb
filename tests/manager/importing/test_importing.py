"""From the old system's files to entries that pass `check`; nothing that is there is touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from datetime import date, datetime, timezone
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from include.errors import ConfigurationError, ExpectedError
from include.language import speaking
from include.registry import load_registry
from include.registry.checks import check_project
from include.registry.checks.scripts import is_placeholder
from manager.commands.importing import importing
from manager.importing import record, writing
from manager.importing.entries import Wishes
from manager.importing.old_jobs import OldJob, OldSchedule, Place, Read
from manager.importing.planning import make_plan
from manager.importing.recognising import read_sources
from manager.importing.record import read_records
from manager.layout import Layout
from tests.manager.importing.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.importing.planning import Plan
    from tests.registry.conftest import ProjectFolder

QUALITY = """\
# -*- coding: utf-8 -*-
import os
import pandas_of_the_old_machine
import helper
from datetime import datetime

os.system("cls")
PASSWORD = "hunter22-secret"
print(datetime.now(), open(r"D:\\data\\out.csv"), "settings.ini")
"""


@pytest.fixture
def run(project: ProjectFolder) -> Callable[..., int]:
    """Return what runs the command."""

    def command(*sources: Path, **given: Any) -> int:
        said = {"yes": False, "out": writing.DEFAULT_OUT, "scripts": "copy", "start": None}
        said |= {"check": False, "enable": None, "confirm": None, "prefect_python": None}
        named = [str(source) for source in sources]
        return importing(Layout(project.root), Namespace(sources=named, **{**said, **given}))

    return command


def _tree(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_without_yes_nothing_is_written(
    run: Callable[..., int], project: ProjectFolder, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan is printed: each job, where its script goes, and what to do next."""
    before = _tree(project.root)
    assert run(old / "scheduler_config.py", old / "scheduler_flows.py") == 0
    assert _tree(project.root) == before
    shown = capsys.readouterr().out
    for said in ("PDD质量数据", "30 12 3 * *", r"D:\testyd\pdd\pdd_quality.py", "--yes"):
        assert said in shown


def test_what_is_confirmed_is_not_asked_for_again(
    run: Callable[..., int], old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer says what was confirmed; that Prefect reads crons in UTC asks no more."""
    run(old, yes=True)
    assert "please confirm" in capsys.readouterr().out
    run(check=True, confirm="all")
    said = capsys.readouterr().out
    assert "please confirm" not in said
    assert said.endswith("what differs is confirmed: all\n")


def test_scripts_are_named_as_the_old_files_were(
    run: Callable[..., int],
    old: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is to be looked at stands at a path that can be typed here."""
    monkeypatch.chdir(old.parent)
    (old / "PDD").mkdir()
    (old / "PDD/pdd_quality.py").write_text(QUALITY, "utf-8")
    run(old)
    said = capsys.readouterr().out
    assert "  old/PDD/pdd_quality.py:7: system('cls')" in said
    assert f"{old.parent}/" not in said


def test_the_old_system_becomes_entries_that_pass_check(
    run: Callable[..., int], project: ProjectFolder, old: Path
) -> None:
    """Eleven disabled jobs with period, start, retries and the place they come from."""
    assert run(old, yes=True) == 0
    found = check_project(project.root)
    assert found.problems == []
    jobs = found.registry.jobs
    assert len(jobs) == 12
    assert not any(job.enabled for job in jobs.values() if job.id != "good")
    periods = [jobs[f"pdd_kpi_{kind}"].period for kind in ("daily", "weekly", "monthly")]
    assert periods == ["day", "week", "month"]
    quality = jobs["pdd_quality"]
    assert (quality.name, quality.cron, quality.tags) == (
        "PDD质量数据",
        "0 8 * * *",
        ["PDD", "质量"],
    )
    assert quality.cwd == "include/scripts/imported/pdd"
    assert quality.timezone == "Asia/Shanghai"
    text = (project.root / writing.DEFAULT_OUT).read_text("utf-8")
    assert f"# {old}/scheduler_config.py:59\n" in text
    records = read_records(project.root)
    assert records["pdd_quality"].old.script == r"D:\testyd\pdd\pdd_quality.py"
    assert records["pdd_chat"].old.is_enabled is False
    assert records["pdd_quality"].old.schedules == (OldSchedule(cron="0 8 * * *"),)


def test_a_script_that_is_not_here_has_a_placeholder_that_fails(
    run: Callable[..., int], project: ProjectFolder, old: Path
) -> None:
    """It never looks like success: exit code 78, and the old path in both languages."""
    run(old, yes=True)
    script = project.root / "include/scripts/imported/pdd/pdd_quality.py"
    assert is_placeholder(script)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", script], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 78
    english, chinese = done.stderr.splitlines()
    assert (
        english
        == rf"put the old script D:\testyd\pdd\pdd_quality.py in place of this file: {script}"
    )
    assert chinese == rf"请用旧脚本 D:\testyd\pdd\pdd_quality.py 替换这个占位文件：{script}"


def test_scripts_are_copied_with_the_modules_beside_them(
    run: Callable[..., int],
    project: ProjectFolder,
    old: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Byte for byte; and what a person must look at is named with its line, no secret is shown."""
    (old / "PDD").mkdir()
    (old / "PDD/pdd_quality.py").write_bytes(QUALITY.encode().replace(b"\n", b"\r\n"))
    (old / "PDD/helper.py").write_text("import other\n")
    (old / "PDD/other.py").write_text("")
    (old / "PDD/settings.ini").write_text("")
    (old / "PDD/pdd_review.py").write_bytes('print("差评")\n'.encode("gbk"))
    (old / "PDD/pdd_chat.py").write_bytes('# coding: gbk\nprint("聊天")\n'.encode("gbk"))
    (old / "PDD/kpi").mkdir()
    (old / "PDD/kpi/pdd_kpi_daily.py").write_bytes(b"\xef\xbb\xbfprint(1)\n")
    run(old, yes=True)
    new = project.root / "include/scripts/imported/pdd"
    assert (new / "pdd_quality.py").read_bytes() == (old / "PDD/pdd_quality.py").read_bytes()
    assert (new / "helper.py").exists()
    assert (new / "other.py").exists()
    assert check_project(project.root).problems == []
    shown = capsys.readouterr().out
    for said in (
        "pdd_quality.py:7: system('cls') is a command of Windows",
        "pdd_quality.py:8: PASSWORD is a secret in the text",
        r"pdd_quality.py:9: D:\data\out.csv is a path of Windows",
        "pdd_quality.py:9: it names settings.ini",
        "packages that its Python lacks  pandas_of_the_old_machine (pdd_quality.py:3)",
        "pdd_quality.py:1: its lines end as those of Windows do",
        "pdd_review.py:1: this is GBK, and nothing in it says so",
        "pdd_chat.py:2: this is GBK, as its first lines say",
        "pdd_kpi_daily.py:1: it begins with a byte order mark",
    ):
        assert said in shown
    assert "hunter22" not in shown + (project.root / writing.DEFAULT_OUT).read_text("utf-8")


def test_ours_and_the_old_one_stand_side_by_side(
    run: Callable[..., int],
    project: ProjectFolder,
    old: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An id that is there is never taken; the entry says which of the two to keep."""
    project.write_entry(
        "id: pdd_quality", "name: PDD质量数据", "cron: '0 8 * * *'", "script: good.py"
    )
    project.write("include/scripts/imported/pdd/pdd_quality.py", "mine")
    run(old, yes=True)
    jobs = load_registry(project.root).jobs
    assert jobs["pdd_quality"].script == "good.py"
    assert jobs["pdd_quality_old"].script == "imported/pdd/pdd_quality_2.py"
    assert (project.root / "include/scripts/imported/pdd/pdd_quality.py").read_text() == "mine"
    assert read_records(project.root)["pdd_quality_old"].ours == "pdd_quality"
    assert "Beside pdd_quality (config/tasks/t.yaml:2)" in (
        project.root / writing.DEFAULT_OUT
    ).read_text("utf-8")
    assert "side by side" in capsys.readouterr().out


def test_a_second_import_repeats_nothing(
    run: Callable[..., int],
    project: ProjectFolder,
    old: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is there is named; a new job gets a file of its own."""
    run(old, yes=True)
    before = _tree(project.root)
    assert run(old, yes=True) == 0
    assert "PDD质量数据: imported before, as pdd_quality" in capsys.readouterr().out
    assert _tree(project.root) == before
    config = old / "scheduler_config.py"
    more = "TASK_CONFIGS.append({'flow': erp_store_flow, 'name': '新', 'cron': '0 1 * * *'})\n"
    config.write_text(config.read_text("utf-8") + more, "utf-8")
    assert run(old, yes=True) == 0
    assert (project.root / "config/tasks/imported_2.yaml").exists()
    assert len(read_records(project.root)) == 12
    assert check_project(project.root).problems == []


@pytest.mark.parametrize(
    "out", ["x.yaml", "config/tasks/x.yml", "config/tasks/.x.yaml", "../x.yaml", "config/x.yaml"]
)
def test_an_out_that_nobody_reads_is_refused(
    run: Callable[..., int], project: ProjectFolder, old: Path, out: str
) -> None:
    """Before anything is written."""
    before = _tree(project.root)
    with pytest.raises(ConfigurationError, match=r"write it like config/tasks/imported\.yaml"):
        run(old, yes=True, out=out)
    assert _tree(project.root) == before


def test_a_write_that_fails_leaves_no_entry(
    run: Callable[..., int], project: ProjectFolder, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the last file: no half of an import."""

    def full(path: Path, data: bytes) -> None:
        if path.suffix == ".yaml":
            raise OSError(28, "No space left on device")
        record.write_atomically(path, data)

    monkeypatch.setattr(writing, "write_atomically", full)
    with pytest.raises(ExpectedError, match="No space left on device"):
        run(old, yes=True)
    assert sorted(path.name for path in (project.root / "config/tasks").iterdir()) == ["good.yaml"]


def _job(**said: Any) -> OldJob:
    schedule = OldSchedule(cron=said.pop("cron", "0 8 * * *"), **said.pop("schedule", {}))
    return OldJob(**{"name": "甲", "place": Place("crontab", 3), "script": "/x/a.py",
                     "schedules": (schedule,), **said})  # fmt: skip


def _plan_of(project: ProjectFolder, *jobs: OldJob, **wishes: Any) -> Plan:
    wished = Wishes(root=project.root, sources=[], now=NOW, **wishes)
    return make_plan([("crontab", Read(jobs))], wished)


@pytest.mark.parametrize(
    ("cron", "period", "start"),
    [
        ("0 8 * * *", "day", "2026-11-29"),
        ("0 12 * * 6", "week", "2026-11-28"),
        ("30 12 3 * *", "month", "2026-11-01"),
        ("*/5 * * * *", "tick", "2026-11-29"),
        ("@daily", "day", "2026-11-29"),
    ],
)
def test_what_was_pulled_there_is_not_expected_here(
    project: ProjectFolder, cron: str, period: str, start: str
) -> None:
    """The first day that is expected is the one after what its last good run there has covered."""
    ran = datetime(2026, 11, 29, 1, tzinfo=timezone.utc)
    (entry,) = _plan_of(project, _job(cron=cron, last_success=ran)).entries
    assert (entry.values.get("period", "day"), entry.values["start"]) == (period, start)
    (entry,) = _plan_of(project, _job(cron=cron)).entries
    assert entry.values["start"] == "2026-11-30"
    (entry,) = _plan_of(project, _job(last_success=ran), start=date(2026, 1, 2)).entries
    assert entry.values["start"] == "2026-01-02"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (_job(cron="0 0 8 * * *"), "six fields"),
        (_job(cron="0 8 L * *"), "the last day (L)"),
        (_job(cron="0 8 * * 5L"), "the last day (L)"),
        (_job(cron="0 8 15W * *"), "the working day nearest to one (W)"),
        (_job(cron="0 8 * * 1#2"), "the n-th weekday (#)"),
        (_job(cron="99 8 * * *"), "minute 99 is not in 0-59"),
        (_job(cron="0 8 1 * 1", schedule={"day_or": False}), "meant both"),
        (_job(cron=None, schedule={"rrule": "FREQ=DAILY"}), "its schedule is the rule"),
        (_job(schedules=()), "it has no schedule"),
        (_job(script=None), "no script is known"),
        (_job(script=None, entrypoint="f.py:a"), "it runs the function f.py:a"),
    ],
)
def test_what_cannot_be_an_entry_is_named(project: ProjectFolder, job: OldJob, said: str) -> None:
    """With its place; the other jobs are imported."""
    plan = _plan_of(project, job, _job(name="乙", script="/x/b.py"))
    assert [entry.id for entry in plan.entries] == ["b"]
    assert plan.not_imported == 1
    assert any(said in one.text and one.place == Place("crontab", 3) for one in plan.findings)


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("PDDKPI日报", "D:\\old\\kpi.py"),
        ("任意", "/old/pdd/kpi_daily.py"),
        ("任意", "/old/pddKpiDaily.py"),
    ],
)
def test_ours_is_recognised_however_its_words_are_parted(
    project: ProjectFolder, name: str, script: str
) -> None:
    """By its name, its script, or its script with the folder."""
    project.write_entry("id: pdd_kpi_daily", "name: 日报", 'cron: "0 8 * * *"', "script: good.py")
    (entry,) = _plan_of(project, _job(name=name, script=script)).entries
    assert entry.ours is not None
    assert entry.ours.id == "pdd_kpi_daily"


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        ({"env": {"PATH": "/bin", "A": "b"}}, "env"),
        ({"env": {"APP_TOKEN": "x"}}, "looks like a secret"),
        ({"tags": ("x" * 101,)}, "tags"),
        ({"description": "a\x07b"}, "description"),
        ({"retries": 500}, "retries"),
    ],
)
def test_a_value_that_entries_cannot_have_is_left_out_and_named(
    project: ProjectFolder, said: dict[str, Any], left_out: str
) -> None:
    """It costs that value only."""
    plan = _plan_of(project, _job(**said))
    assert len(plan.entries) == 1
    assert any(left_out in one.text for one in plan.findings) or not left_out
    assert plan.entries[0].values.get("env", {"A": "b"}) == {"A": "b"}


def test_two_jobs_of_one_script_have_one_copy_and_two_ids(project: ProjectFolder) -> None:
    """Named after the jobs, since the script names neither."""
    plan = _plan_of(project, _job(name="订单日报"), _job(name="订单周报", cron="0 8 * * 1"))
    assert [entry.id for entry in plan.entries] == ["order_daily", "order_weekly"]
    assert [copy.new for copy in plan.copies] == ["imported/a.py"]


def test_braces_and_odd_texts_arrive_as_they_were(project: ProjectFolder) -> None:
    """YAML's signs, braces that are placeholders here, texts that look like numbers."""
    odd = ("{x}", "yes", "1e3", "- a", "a: b", "#c", "'", '"', "*", "", "2025-01-01", "中", " e ")
    plan = _plan_of(project, _job(name="yes", args=odd, description="a: #b\n- c", tags=("1", "no")))
    writing.write(project.root, plan, project.root / writing.DEFAULT_OUT)
    job = load_registry(project.root).jobs["a"]
    assert job.args == ["{{x}}", *odd[1:]]
    assert (job.name, job.description, job.tags) == ("yes", "a: #b\n- c", ["1", "no"])


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.campaign)])
def test_thousands_of_jobs_are_written_and_read(project: ProjectFolder, count: int) -> None:
    """In files of a size that the registry reads."""
    told = "说明" * 200  # so that a thousand need more than one file
    jobs = [
        _job(name=f"任务{n}", script=f"/x/{n % 7}/s{n}.py", description=told) for n in range(count)
    ]
    plan = _plan_of(project, *jobs)
    paths = writing.write(project.root, plan, project.root / writing.DEFAULT_OUT)
    assert len(paths) > 1
    registry = load_registry(project.root)
    assert registry.problems == []
    assert len(registry.jobs) == count + 1
    assert len(read_records(project.root)) == count


def test_thousands_of_scripts_in_a_folder_are_looked_through_one_by_one(
    run: Callable[..., int], old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's findings do not list its whole folder again."""
    (old / "pdd").mkdir()
    for number in range(50):
        (old / f"pdd/{number}.csv").write_text("")
    (old / "pdd/pdd_quality.py").write_text("open('7.csv')\n")
    (old / "pdd/pdd_review.py").write_text("open('8.csv')\n")
    listed: list[Path] = []
    iterdir = type(old).iterdir
    monkeypatch.setattr(type(old), "iterdir", lambda path: listed.append(path) or iterdir(path))
    run(old)
    assert listed.count(old / "pdd") == 1


def test_the_plan_is_in_chinese_for_who_reads_that(
    run: Callable[..., int], old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of jobs in their columns, and what to do next."""
    with speaking("zh"):
        run(old)
    shown = capsys.readouterr().out
    for said in ("任务：", "旧名称", "目前什么都没有写入", "不在本机"):
        assert said in shown


def test_entries_are_written_in_chinese_for_who_reads_that(
    run: Callable[..., int], project: ProjectFolder, old: Path
) -> None:
    """Their comments, and what tells two jobs of one name apart."""
    project.write_entry(
        "id: pdd_quality", "name: PDD质量数据", "cron: '0 8 * * *'", "script: good.py"
    )
    with speaking("zh"):
        assert run(old, yes=True) == 0
    assert load_registry(project.root).jobs["pdd_quality_old"].name == "PDD质量数据（旧脚本）"
    assert "与 pdd_quality（config/tasks/t.yaml:2）并列" in (
        project.root / writing.DEFAULT_OUT
    ).read_text("utf-8")


def test_a_script_that_comes_later_takes_its_placeholders_place(
    run: Callable[..., int], project: ProjectFolder, old: Path
) -> None:
    """The same command again copies it, and writes no entry."""
    run(old, yes=True)
    entries = (project.root / writing.DEFAULT_OUT).read_bytes()
    (old / "pdd").mkdir()
    (old / "pdd/pdd_quality.py").write_text("import helper\n")
    (old / "pdd/helper.py").write_text("")
    script = project.root / "include/scripts/imported/pdd/pdd_quality.py"
    assert run(old) == 0
    assert is_placeholder(script)
    assert run(old, yes=True) == 0
    assert script.read_text() == "import helper\n"
    assert (script.parent / "helper.py").exists()
    assert (project.root / writing.DEFAULT_OUT).read_bytes() == entries
    script.write_text("mine")
    assert run(old, yes=True) == 0
    assert script.read_text() == "mine"


def test_no_source_is_a_mistake(run: Callable[..., int]) -> None:
    """It says what to name."""
    with pytest.raises(ConfigurationError, match=r"scheduler_config\.py scheduler_flows\.py"):
        run()


def test_what_is_no_source_is_named(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture, a text, an empty folder, nothing at all: exit code 1."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x00")
    (tmp_path / "b.txt").write_text("Dear all, this is a letter about the old jobs.\n")
    (tmp_path / "empty").mkdir()
    names = ("a.png", "b.txt", "empty", "missing")
    assert run(*(tmp_path / name for name in names)) == 1
    shown = capsys.readouterr().out
    assert all(f"{tmp_path / name}: " in shown for name in names)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """Return a folder for somebody without rights, who runs the test."""
    was, umask = os.geteuid(), os.umask(0)
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        try:
            yield Path(folder)
        finally:
            os.seteuid(was)
            os.umask(umask)


def test_what_the_user_may_not_read_is_named(nobody: Path) -> None:
    """A folder, and a program in one: never a traceback, nothing silently lost."""
    (nobody / "closed").mkdir(mode=0o700)
    (nobody / "open").mkdir(mode=0o755)
    (nobody / "open/flows.py").write_text("TASK_CONFIGS = []\n")
    (nobody / "open/flows.py").chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    else:
        (nobody / "closed").chmod(0)
    read = read_sources([str(nobody / "closed"), str(nobody / "open")])
    os.seteuid(os.getuid())
    (nobody / "closed").chmod(0o700)
    said = [str(finding) for _reader, one in read for finding in one.findings]
    assert any(f"{nobody}/closed cannot be read: Permission denied" in one for one in said)
    assert any(f"{nobody}/open/flows.py cannot be read: Permission denied" in one for one in said)


def test_two_jobs_that_are_told_alike_get_an_entry_each(project: ProjectFolder) -> None:
    """None of them is missing."""
    plan = _plan_of(project, _job(place=Place("crontab", 3)), _job(place=Place("crontab", 4)))
    assert (len(plan.entries), plan.not_imported) == (2, 0)


def test_a_zone_that_is_not_known_is_refused(project: ProjectFolder) -> None:
    """Nobody can tell when such a job runs: it gets no entry, and is counted and named."""
    plan = _plan_of(project, _job(schedule={"timezone": "Mars/Base"}), _job(name="乙"))
    assert [entry.job.name for entry in plan.entries] == ["乙"]
    assert plan.not_imported == 1
    assert any("甲: time zone Mars/Base is not known" in one.text for one in plan.findings)
    assert not _plan_of(project, _job(schedule={"timezone": "UTC"})).findings


def test_an_import_that_was_killed_is_done_again(
    run: Callable[..., int], project: ProjectFolder, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each of its files in turn: the same command brings the rest, and loses nothing.

    The scripts of the rest lie where they would have, though fewer folders are left.
    """
    monkeypatch.setattr(writing, "LARGEST", 1500)  # so that there are several files of entries
    (old / "pdd").mkdir()
    (old / "pdd/pdd_quality.py").write_text("print(1)\n")
    shutil.copytree(project.root, kept := project.root.with_name("kept"))
    assert run(old, yes=True) == 0
    whole = {path.name for path in (project.root / "config/tasks").iterdir()}
    script_files = _scripts(project.root)
    assert {"imported.yaml", "imported.json", "imported_2.yaml", "imported_2.json"} < whole
    killed, point = True, 0
    while killed:
        shutil.rmtree(project.root)
        shutil.copytree(kept, project.root)
        killed = _is_killed(lambda: run(old, yes=True), point)
        point += 1
        assert run(old, yes=True) == 0, point
        found = check_project(project.root)
        assert found.problems == [], point
        assert len(found.registry.jobs) == 12, point
        assert read_records(project.root).keys() == found.registry.jobs.keys() - {"good"}, point
        # How many files the rest takes depends on where the first stopped; each has its record.
        files = [*(project.root / "config/tasks").glob("imported*")]
        assert Counter(path.stem for path in files).keys() <= {Path(name).stem for name in whole}
        assert {*Counter(path.stem for path in files).values()} == {2}, point
        assert _scripts(project.root) == script_files, point
    assert point > 2 * len(whole) // 2


def _scripts(root: Path) -> set[Path]:
    return {path for path in (root / "include/scripts").rglob("*") if path.is_file()}


def _is_killed(work: Callable[[], int], point: int) -> bool:
    """Do something in a process that is killed where its file of this number is put in place."""
    if child := os.fork():
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    real, counted = Path.replace, count()

    def replace(path: Path, target: Path) -> Path:
        if next(counted) == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path, target)

    Path.replace = replace  # type: ignore[method-assign,assignment]
    try:
        work()
    finally:
        os._exit(0)


def test_a_file_that_is_taken_is_not_overwritten(
    run: Callable[..., int], project: ProjectFolder, old: Path
) -> None:
    """The entries go into the next one that is free."""
    (project.root / "config/tasks/imported.yaml").write_text("tasks: []\n")
    assert run(old, yes=True) == 0
    assert (project.root / "config/tasks/imported.yaml").read_text() == "tasks: []\n"
    assert (project.root / "config/tasks/imported_2.yaml").exists()


def test_an_entry_that_was_removed_does_not_come_again(
    run: Callable[..., int], project: ProjectFolder, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever keeps the delivered job removes the imported one, and may bring scripts later."""
    assert run(old, yes=True) == 0
    file = project.root / writing.DEFAULT_OUT
    head, _comment, rest = file.read_text("utf-8").partition("  - id: erp_store\n")
    file.write_text(head + rest.partition("\n\n")[2], "utf-8")
    assert "erp_store" not in load_registry(project.root).jobs
    assert run(old, yes=True) == 0
    assert "erp_store" not in load_registry(project.root).jobs
    assert "imported before, as erp_store" in capsys.readouterr().out
    file.unlink()  # who removes all of them imports again
    assert run(old, yes=True) == 0
    assert "erp_store" in load_registry(project.root).jobs


@pytest.mark.parametrize(
    ("cron", "said"), [("0 8 ? * *", "0 8 * * *"), ("0\t8 1 * ?", "0 8 1 * *")]
)
def test_a_day_that_is_not_restricted(project: ProjectFolder, cron: str, said: str) -> None:
    """It is written `?` by some."""
    (entry,) = _plan_of(project, _job(cron=cron)).entries
    assert entry.values["cron"] == said


def test_an_empty_source_is_a_mistake(run: Callable[..., int], tmp_path: Path) -> None:
    """It is not the folder in which the command runs."""
    with pytest.raises(ConfigurationError, match="name what is to be imported"):
        run(tmp_path, "")  # type: ignore[arg-type]
