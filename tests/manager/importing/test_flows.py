"""scheduler_config.py and scheduler_flows.py are read by their text, and never executed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from manager.importing import flows

if TYPE_CHECKING:
    from pathlib import Path

    from manager.importing.old_jobs import Read

FLOWS = """\
from prefect import flow, task

@task(retries=1, retry_delay_seconds=60)
def execute_script(script_path, task_name, timeout=600, cwd=None):
    pass

@flow(name="甲")
def a():
    execute_script({call})
"""
CONFIG = 'TASK_CONFIGS = [{"flow": a, "name": "甲", "cron": "0 8 * * *"}]\n'


@pytest.fixture
def read(tmp_path: Path):  # noqa: ANN201 -- a function of two texts
    """Return what reads a configuration and a file of flows."""

    def of(config: str | bytes, flow_text: str | bytes = "") -> Read:
        paths = [tmp_path / "scheduler_config.py", tmp_path / "scheduler_flows.py"]
        for path, text in zip(paths, (config, flow_text), strict=True):
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return flows.read([str(path) for path in paths])

    return of


def _lines(read: Read) -> list[str]:
    return [f"{one.place.line}: {one.text}" for one in read.findings]


def test_the_old_system_is_read_as_it_is(old: Path) -> None:
    """Eleven flows with all that their calls say, by position or by name; one is switched off."""
    read = flows.read([str(old / "scheduler_config.py"), str(old / "scheduler_flows.py")])
    assert read.findings == ()
    jobs = {job.name: job for job in read.jobs}
    assert len(jobs) == 11
    assert [name for name, job in jobs.items() if not job.is_enabled] == ["PDD聊天数据"]
    quality = jobs["PDD质量数据"]
    assert (quality.script, quality.cwd) == (r"D:\testyd\pdd\pdd_quality.py", r"D:\testyd\pdd")
    assert [one.cron for one in quality.schedules] == ["0 8 * * *"]
    assert (quality.retries, quality.retry_delay) == (2, timedelta(minutes=5))
    assert quality.tags == ("PDD", "质量")
    assert str(quality.place).endswith("scheduler_config.py:59")
    assert jobs["ERP门店数据"].timeout == timedelta(hours=2)
    assert jobs["京东门店数据"].timeout == timedelta(minutes=90)
    generated = [jobs[f"统一任务生成-每{kind}"].script for kind in "日周月"]
    assert generated == [
        rf"D:\testyd\generate\generate_{kind}.py" for kind in ("daily", "weekly", "monthly")
    ]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_ending_is_read(read, encoding: str, newline: str) -> None:  # noqa: ANN001
    """As Windows' editors write them."""
    texts = (CONFIG, FLOWS.format(call='r"D:\\甲.py", "甲"'))
    found = read(*(text.replace("\n", newline).encode(encoding) for text in texts))
    assert [(job.name, job.script) for job in found.jobs] == [("甲", "D:\\甲.py")]
    assert found.findings == ()
    assert found.jobs[0].retry_delay == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("TASK_CONFIGS = [make(n) for n in range(3)]", 1),
        ("TASK_CONFIGS = load()", 1),
        ("TASK_CONFIGS = []\nfor n in range(3):\n    TASK_CONFIGS.append({'name': n})", 2),
        ("TASK_CONFIGS = []\ndef fill():\n    TASK_CONFIGS.extend(x)", 2),
        ("TASK_CONFIGS = []\nTASK_CONFIGS.extend(load())", 2),
        ("TASK_CONFIGS = []\nTASK_CONFIGS[0]['enabled'] = False", 2),
        ("TASK_CONFIGS = []\nif debug:\n    TASK_CONFIGS = [1]", 2),
        ("TASK_CONFIGS = []\nTASK_CONFIGS.pop()", 2),
        ("if windows:\n    TASK_CONFIGS = []", 1),
    ],
)
def test_what_only_the_running_program_knows_is_named(read, config: str, line: int) -> None:  # noqa: ANN001
    """With its line, and the advice to name Prefect's database."""
    found = read(config, FLOWS.format(call="'x.py'"))
    (said,) = [one for one in _lines(found) if "not literal" in one]
    assert said.startswith(f"{line}: ")
    assert "prefect.db" in said


@pytest.mark.parametrize(
    "config",
    [
        "DAILY = [{'flow': a, 'name': '甲', 'cron': '0 8 * * *'}]\nTASK_CONFIGS = [*DAILY]",
        "TASK_CONFIGS = []\nTASK_CONFIGS.append({'flow': a, 'name': '甲', 'cron': '0 8 * * *'})",
        "TASK_CONFIGS = []\nTASK_CONFIGS += [dict(flow=a, name='甲', cron='0 8 * * *')]",
        "BASE = {'cron': '0 8 * * *'}\nTASK_CONFIGS = [{**BASE, 'flow': 'a', 'name': '甲'}]",
        "C = '0 8 * * *'\nTASK_CONFIGS: list = [{'flow': flows.a, 'name': '甲', 'cron': C}]",
        "TASK_CONFIGS = {'x': {'flow': a, 'name': '甲', 'cron': '0 8 * * *'}}",
        (
            "from scheduler_flows import a as b\n"
            "TASK_CONFIGS = [Task(flow=b, name='甲', cron='0 8 * * *')]"
        ),
    ],
)
def test_literals_may_be_put_together(read, config: str) -> None:  # noqa: ANN001
    """Lists of lists, common keys, constants, other names."""
    found = read(config, FLOWS.format(call="'x.py'"))
    assert [(job.name, job.script, job.schedules[0].cron) for job in found.jobs] == [
        ("甲", "x.py", "0 8 * * *")
    ]
    assert found.findings == ()


@pytest.mark.parametrize(
    ("call", "script"),
    [
        ("os.path.join(BASE, 'pdd', 'a.py')", "D:\\t\\pdd\\a.py"),
        ("BASE + '\\\\a.py'", "D:\\t\\a.py"),
        ("f'{BASE}/a.py'", "D:\\t/a.py"),
        ("Path(BASE) / 'a.py'", "D:\\t\\a.py"),
        ("str(Path('/data') / 'x' / 'a.py')", "/data/x/a.py"),
        ("SCRIPTS['a']", "a.py"),
        ("(('x.py'))", "x.py"),
        ("script_path='x.py'", "x.py"),
        ("task_name='t', script_path='x.py'", "x.py"),
    ],
)
def test_a_path_may_be_put_together(read, call: str, script: str) -> None:  # noqa: ANN001
    """As programs write paths."""
    text = "BASE = r'D:\\t'\nSCRIPTS = {'a': 'a.py'}\n" + FLOWS.format(call=call)
    assert [job.script for job in read(CONFIG, text).jobs] == [script]


def test_a_path_beside_the_program_is_known(read, tmp_path: Path) -> None:  # noqa: ANN001
    """`__file__` is where the file is."""
    text = FLOWS.format(call="os.path.join(os.path.dirname(os.path.abspath(__file__)), 'a.py')")
    assert [job.script for job in read(CONFIG, text).jobs] == [str(tmp_path / "a.py")]


@pytest.mark.parametrize(
    ("flow_text", "said"),
    [
        (FLOWS.format(call="os.environ['X']"), "9: script_path is not literal"),
        (FLOWS.format(call="'x.py', shop=1"), "9: argument shop of execute_script"),
        ("from prefect import flow\n@flow\ndef a():\n    print()", "3: flow a runs no script"),
        (
            FLOWS.format(call="'x.py')\n    execute_script('y.py'"),
            "8: flow a runs 2 scripts one after another",
        ),
        (
            FLOWS.replace("    execute", "    for x in y: execute").format(call="'x.py'"),
            "9: this runs in a loop",
        ),
        (
            FLOWS.replace("    execute", "    if x: execute").format(call="'x.py'"),
            "9: this runs under a condition",
        ),
        ("def a(:", "1: this is not Python 3"),
        ("print 'x'", "1: this is not Python 3"),
    ],
)
def test_what_a_flow_does_besides_is_named(read, flow_text: str, said: str) -> None:  # noqa: ANN001
    """With its line; nothing is silently lost."""
    assert any(one.startswith(said) for one in _lines(read(CONFIG, flow_text)))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("'flow': a, 'name': n(), 'cron': '* * * * *'", "name is not literal"),
        ("'flow': a, 'name': 5", "name is 5, which is not carried over"),
        ("'flow': b, 'name': 'x'", "flow 'b' is in none of the files"),
        ("'name': 'x'", "it names no flow"),
        ("'cron': '* * * * *'", "neither a name nor a flow"),
        ("'flow': a, 'name': 'x', 'parameters': {}", "key 'parameters' is not carried over"),
        ("'flow': a, 'name': 'x', 'enabled': get()", "enabled is not literal"),
    ],
)
def test_what_an_entry_says_in_vain_is_named(read, entry: str, said: str) -> None:  # noqa: ANN001
    """With its line."""
    found = read(f"TASK_CONFIGS = [{{{entry}}}]", FLOWS.format(call="'x.py'"))
    assert any(one.startswith("1: ") and said in one for one in _lines(found))


def test_a_time_zone_of_all_schedules_is_read(read) -> None:  # noqa: ANN001
    """Where the deployments are made with one; two of them are a finding."""
    deploy = "\na.serve(schedule=CronSchedule(cron=c['cron'], timezone='Asia/Shanghai'))"
    found = read(CONFIG + deploy, FLOWS.format(call="'x.py'"))
    assert found.jobs[0].schedules[0].timezone == "Asia/Shanghai"
    two = read(CONFIG + deploy + deploy.replace("Shanghai", "Tokyo"), FLOWS.format(call="'x.py'"))
    assert two.jobs[0].schedules[0].timezone is None
    assert any("several time zones" in one for one in _lines(two))


def test_flows_that_are_imported_from_beside_are_read(old: Path) -> None:
    """Whoever names the configuration alone means the flows, too."""
    read = flows.read([str(old / "scheduler_config.py")])
    assert (len(read.jobs), read.findings) == (11, ())
    assert all(job.script for job in read.jobs)
    (old / "scheduler_flows.py").unlink()
    read = flows.read([str(old / "scheduler_config.py")])
    assert len(read.findings) == 11


def test_nothing_of_a_hostile_file_is_executed(read, tmp_path: Path) -> None:  # noqa: ANN001
    """Not at its top, not in a decorator, a default, a key or a class; nor does size hurt."""
    canary = tmp_path / "canary"
    touch = f"open({str(canary)!r}, 'w')"
    bomb = "x0 = [1]\n" + "".join(f"x{n + 1} = [x{n}, x{n}]\n" for n in range(60))
    config = (
        f"{touch}\nimport os\nos.system('touch {canary}')\n{bomb}"
        f"class A(metaclass={touch}): {touch}\n"
        f"TASK_CONFIGS = [{{'flow': a, 'name': {touch}, 'cron': '0 8 * * *', 'tags': x60}}]\n"
        f"exec({touch!r})\n"
    )
    text = f"@flow(name={touch})\ndef a(x={touch}):\n    execute_script({touch}, 'x' * 10**9)\n"
    found = read(config, text)
    assert [job.name for job in found.jobs] == ["a"]
    assert not canary.exists()
    assert len(found.findings) >= 4


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.campaign)])
def test_thousands_of_entries_are_read(read, count: int) -> None:  # noqa: ANN001
    """Each with its line."""
    entries = "".join(
        f"    {{'flow': a, 'name': '任务{n}', 'cron': '0 8 * * *', 'tags': ['x']}},\n"
        for n in range(count)
    )
    found = read(f"TASK_CONFIGS = [\n{entries}]\n", FLOWS.format(call="'x.py'"))
    assert len(found.jobs) == count
    assert found.jobs[-1].place.line == count + 1
    assert found.findings == ()


def test_a_missing_runner_is_named_once(read) -> None:  # noqa: ANN001
    """However many flows call it."""
    flow = FLOWS.partition("@flow")[2].format(call="'x.py'")
    found = read(CONFIG, f"@flow{flow}@flow{flow.replace('def a', 'def b')}")
    assert sum("execute_script is in none of the files" in one.text for one in found.findings) == 1
