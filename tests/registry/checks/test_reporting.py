"""What `check` prints."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.language import speaking
from include.registry.checks import report

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

NOW = datetime(2025, 10, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_good_registry(project: ProjectFolder) -> None:
    """A registry without problems is one line per job: when it runs and what that covers."""
    project.write_tasks("t.yaml")
    assert report(project.root, now=NOW) == (
        [
            (
                "good 好: At 08:00, every day (Asia/Shanghai); next: "
                "2025-10-03 08:00 covers 2025-10-02, "
                "2025-10-04 08:00 covers 2025-10-03, "
                "2025-10-05 08:00 covers 2025-10-04"
            )
        ],
        0,
    )


def test_chinese(project: ProjectFolder) -> None:
    """The same in Chinese."""
    project.write_tasks("t.yaml")
    with speaking("zh"):
        lines, code = report(project.root, now=NOW)
    assert code == 0
    assert lines[0].startswith(
        "good 好：在 08:00，每天（Asia/Shanghai）；接下来：2025-10-03 08:00 覆盖 2025-10-02、"
    )


def test_problems_in_chinese(project: ProjectFolder) -> None:
    """Each with the place, the value and the repair; what is written in the file stays as it is."""
    wrong = '    retries: two\n    crom: x\n    deadline: "7:00"\n    repull: [1d]\n'
    project.write_tasks("t.yaml", project.good_tasks + wrong)
    project.write_tasks("u.yaml", "tasks:\n  - id: [a\n")
    with speaking("zh"):
        lines, code = report(project.root)
    assert code == 1
    assert lines == [
        "config/tasks/t.yaml:6:14: good: retries 'two' 不是整数：请写 2 这样的数，不加引号",
        "config/tasks/t.yaml:7:5: good: 未知的键 'crom'：是不是想写 'cron'？",
        "config/tasks/t.yaml:8:15: good: deadline '7:00' 不是时刻：请写成 \"09:30\" 这样",
        (
            "config/tasks/t.yaml:9:13: good: repull 只用于读取数据源的任务（pdd/pdd_feed.py），"
            "而脚本 'good.py' 不是：它拉取的数据不会整体替换；请删除"
        ),
        (
            "config/tasks/u.yaml:2:9: 不是合法的 YAML：解析行内列表时，"
            "没有找到应有的 ',' 或 ']'：请补上缺少的括号"
        ),
    ]


def test_json_is_the_same_in_every_language(project: ProjectFolder) -> None:
    """Programs read it."""
    project.write_tasks("t.yaml", project.good_tasks + "    retries: two\n")
    english = report(project.root, as_json=True, now=NOW)
    with speaking("zh"):
        assert report(project.root, as_json=True, now=NOW) == english


def test_disabled(project: ProjectFolder) -> None:
    """A disabled job has no next run."""
    project.write_tasks("t.yaml", project.good_tasks + "    enabled: false\n")
    lines, _ = report(project.root, now=NOW)
    assert lines == ["good 好: At 08:00, every day (Asia/Shanghai); disabled, runs by hand only"]


def test_problems(project: ProjectFolder) -> None:
    """With problems there is one line for each of them, and the exit code is 1."""
    project.write_tasks("t.yaml", project.good_tasks + "    retries: two\n    crom: x\n")
    project.write_tasks("u.yaml", "")
    assert report(project.root) == (
        [
            (
                "config/tasks/t.yaml:6:14: good: retries 'two' is not a whole number: "
                "write one like 2, unquoted"
            ),
            "config/tasks/t.yaml:7:5: good: unknown key 'crom': did you mean 'cron'?",
            "config/tasks/u.yaml:1:1: is empty: remove it, or add an entry",
        ],
        1,
    )


def test_notes(project: ProjectFolder) -> None:
    """What is valid but useless is noted, and is no problem."""
    project.write_tasks("t.yaml", project.good_tasks + "    platform: jd\n")
    project.write("config/pools.json", '{"jd": {"slots": 1, "description": "x"}}')
    project.write("include/scripts/pdd/unused.py", "")
    project.write_shops("{id: p, platform: pdd, name: p, connection: p, platform_id: 1}")
    lines, code = report(project.root, now=NOW)
    assert code == 0
    assert lines[1:] == [
        (
            "note: include/scripts/pdd/unused.py: no job runs this script: "
            "add an entry to config/tasks, or remove it"
        ),
        (
            "note: config/shops.yaml: p: no enabled job pulls from pdd: "
            "add an entry, or remove the shop"
        ),
        (
            "note: config/tasks/t.yaml:2: good: there is no enabled shop on jd: "
            "list one in config/shops.yaml, or write 'enabled: false' into the job's entry"
        ),
    ]
    project.write_tasks("t.yaml", project.good_tasks + "    platform: jd\n    enabled: false\n")
    assert not [line for line in report(project.root, now=NOW)[0] if "shop on jd" in line]
    with speaking("zh"):
        chinese, _ = report(project.root, now=NOW)
    assert (
        "提示：config/shops.yaml: p: 没有启用的任务拉取 pdd：请添加任务，或删除这家店铺" in chinese
    )


def test_a_script_that_takes_no_period(project: ProjectFolder) -> None:
    """It is noted with the line that decides it, unless the entry says so itself."""
    project.write("include/scripts/good.py", "import datetime\n\nprint(datetime.date.today())\n")
    project.write_tasks("t.yaml", project.good_tasks + "    env: {TZ: UTC}\n")
    lines, code = report(project.root, now=NOW)
    assert code == 0
    assert "\n".join(lines[1:]) == (
        "note: config/tasks/t.yaml:2: good: the script takes no period, so the job runs for the "
        "one that ended last, and an older one cannot be pulled again (neither "
        "include/scripts/good.py nor args of config/tasks/t.yaml:2 name the period, and line 3 of "
        "the script asks the clock): let it read PERIOD_KEY, or write 'dated: true' if it can "
        "bring any period, 'dated: false' if not\n"
        "note: config/tasks/t.yaml:2: good: env sets TZ to 'UTC', and the script takes no period: "
        "it would work out another day than Asia/Shanghai has, and is not run: remove TZ from env"
    )
    with speaking("zh"):
        assert "无法补拉" in report(project.root, now=NOW)[0][1]
    project.write_tasks("t.yaml", project.good_tasks + "    dated: false\n")
    assert len(report(project.root, now=NOW)[0]) == 1


def test_a_script_with_the_period_in_its_arguments_that_asks_the_clock(
    project: ProjectFolder,
) -> None:
    """It may name no more than its file by them, which is noted unless the entry says more."""
    project.write("include/scripts/good.py", "import datetime\n\nprint(datetime.date.today())\n")
    entry = project.good_tasks + '    args: ["--out", "report-{key}.csv"]\n'
    project.write_tasks("t.yaml", entry)
    lines, code = report(project.root, now=NOW)
    assert code == 0
    assert lines[1].startswith(
        "note: config/tasks/t.yaml:2: good: args of config/tasks/t.yaml:2 names {key}, but line 3 "
        "of the script asks the clock: "
    )
    with speaking("zh"):
        assert "第 3 行读取了当前时间" in report(project.root, now=NOW)[0][1]
    project.write_tasks("t.yaml", entry + "    dated: true\n")
    assert len(report(project.root, now=NOW)[0]) == 1


def test_nothing(project: ProjectFolder) -> None:
    """A registry without a job says so."""
    lines, code = report(project.root)
    assert lines[0] == "note: there is no job: add an entry to a file in config/tasks"
    assert code == 0


def test_json(project: ProjectFolder) -> None:
    """As JSON there are jobs, problems and notes at once."""
    project.write_tasks("t.yaml")
    project.write_tasks("u.yaml", "")
    lines, code = report(project.root, as_json=True, now=NOW)
    document = json.loads("\n".join(lines))
    assert code == 1
    assert document["jobs"][0] | {"next": document["jobs"][0]["next"][:1]} == {
        "id": "good",
        "name": "好",
        "file": "config/tasks/t.yaml",
        "line": 2,
        "cron": "0 8 * * *",
        "after": None,
        "timezone": "Asia/Shanghai",
        "period": "day",
        "enabled": True,
        "dated": True,
        "dated_because": "include/scripts/good.py:3 names PERIOD_KEY",
        "schedule": "At 08:00, every day",
        "next": [{"at": "2025-10-03T08:00:00+08:00", "period": "2025-10-02"}],
    }
    assert document["problems"] == [
        {
            "file": "config/tasks/u.yaml",
            "line": 1,
            "column": 1,
            "job_id": None,
            "message": "is empty: remove it, or add an entry",
        }
    ]
    assert document["notes"] == []
