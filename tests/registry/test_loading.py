"""The whole registry: every valid job and every problem, whatever the files hold."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include import PROJECT_ROOT
from include.registry import load_registry
from include.registry.deadlines import NO_START

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntasks: *c\n"
BOMB_IN_ENTRY = (
    "tasks:\n  - id: bomb\n    tags: &a [x, x]\n    args: &b [*a, *a]\n    connections: [*b, *b]\n"
)
ALIAS = "anchors and aliases (& and *) are not read: write the value out"
SYNTAX = "is not YAML: "
TOKEN = f"{SYNTAX}while scanning for the next token found character that cannot start any token: "
UNREADABLE: dict[str, tuple[str | bytes, list[str]]] = {
    "tab": ("tasks:\n\t- id: a\n", [f"2:1: {TOKEN}indent with spaces, not tabs"]),
    "tab within": (
        "tasks:\n  - id: a\n\tname: b\n",
        [
            (
                f"3:1: {SYNTAX}while scanning a plain scalar found a tab character that violates "
                "indentation: indent with spaces, not tabs"
            )
        ],
    ),
    "gbk": (
        "tasks:\n  - name: 拼多多\n".encode("gbk"),
        ["2:12: holds byte 0xb6, which is not UTF-8 (it looks like GBK): save the file as UTF-8"],
    ),
    "latin": (
        b"tasks:\n  - id: caf\xe9\n",
        ["2:12: holds byte 0xe9, which is not UTF-8: save the file as UTF-8"],
    ),
    "utf-16": (
        "tasks: []".encode("utf-16"),
        ["1:1: holds byte 0xff, which is not UTF-8: save the file as UTF-8"],
    ),
    "empty": ("", ["1:1: is empty: remove it, or add an entry"]),
    "comments": ("# nothing\n", ["1:1: is empty: remove it, or add an entry"]),
    "10 MB": (
        b"#" * 10_000_000,
        ["1:1: is too large (10.0 MB, and at most 1 MB is read): split it into several files"],
    ),
    "bomb": (
        BOMB,
        [
            "1:1: unknown key 'a': the only one is 'tasks'",
            f"1:4: {ALIAS}",
            "2:1: unknown key 'b': the only one is 'tasks'",
            f"2:4: {ALIAS}",
            "3:1: unknown key 'c': the only one is 'tasks'",
        ],
    ),
    "bomb in an entry": (
        BOMB_IN_ENTRY,
        [
            "2:5: bomb: key 'name' is missing: add it, as in name: 'PDD质量数据'",
            f"2:5: bomb: {NO_START}",
            "2:5: bomb: key 'script' is missing: add it, as in script: 'pdd/pdd_quality.py'",
            f"3:11: bomb: {ALIAS}",
            f"4:11: bomb: {ALIAS}",
        ],
    ),
    "deep": (
        "tasks: " + "[" * 100_000,
        [f"1:26: {SYNTAX}nested deeper than 20 levels: remove the brackets or dashes too many"],
    ),
    "tag": ("!!python/object:os.system {}\n", ["1:1: has no list 'tasks': add the line 'tasks:'"]),
    "list": ("- id: a\n", ["1:1: is not a mapping: begin it with the line 'tasks:'"]),
    "word": ("hello\n", ["1:1: is not a mapping: begin it with the line 'tasks:'"]),
    "no tasks": ("{}\n", ["1:1: has no list 'tasks': add the line 'tasks:'"]),
    "other key": ("task: []\n", ["1:1: unknown key 'task': the only one is 'tasks'"]),
    "no list": (
        "tasks:\n  id: a\n",
        ["2:3: 'tasks' is not a list: begin each entry below it with '- id:'"],
    ),
    "nothing in it": (
        "tasks:\n",
        [
            (
                "1:7: 'tasks' is not a list: begin each entry below it with '- id:' "
                "(without any, write [])"
            )
        ],
    ),
    "twice": (
        "tasks: []\ntasks: []\n",
        ["2:1: key 'tasks' is there twice: put all entries below the first"],
    ),
    "two documents": (
        "tasks: []\n---\ntasks: []\n",
        [
            (
                f"2:1: {SYNTAX}expected a single document in the stream but found another "
                "document: remove the line '---', or make it two files"
            )
        ],
    ),
    "unquoted star": (
        "tasks:\n  - cron: */5 * * * *\n",
        [
            (
                f"2:12: {SYNTAX}while scanning an alias did not find expected alphabetic or "
                "numeric character: quote a value that begins with *, as in cron: '*/5 * * * *'"
            )
        ],
    ),
    "colon": (
        "tasks:\n  - name: b: c\n",
        [
            (
                f"2:12: {SYNTAX}mapping values are not allowed in this context: indent keys alike, "
                "and quote a value that holds ': '"
            )
        ],
    ),
    "indentation": (
        "tasks:\n  - id: a\n   name: b\n",
        [
            (
                f"3:4: {SYNTAX}while parsing a block collection did not find expected '-' "
                "indicator: indent the entries of a list alike"
            )
        ],
    ),
    "open quote": (
        "tasks:\n  - id: 'a\n",
        [
            (
                f"2:9: {SYNTAX}while scanning a quoted scalar found unexpected end of stream: "
                "close the quote"
            )
        ],
    ),
    "open bracket": (
        "tasks:\n  - tags: [a\n",
        [
            (
                f"2:11: {SYNTAX}while parsing a flow sequence did not find expected ',' or ']': "
                "close the bracket"
            )
        ],
    ),
    "quote that another one ends": (
        'tasks:\n  - id: "a\n    name: b\n    cron: "0 8 * * *"\n    script: c\n',
        [f"2:9: {SYNTAX}this quote ends only in line 4: close the quote"],
    ),
    "at sign": (
        "tasks:\n  - owner: @a\n",
        [f"2:12: {TOKEN}quote a value that begins with this character"],
    ),
    "control character": (
        b"tasks:\n  - id: a\x01\n",
        [f"2:10: {SYNTAX}character 1 is not allowed: remove it"],
    ),
    "words for entries": (
        "tasks:\n  - hello\n  -\n",
        [
            "2:5: entry 'hello' is not a mapping: begin it with '- id:'",
            "3:4: entry null is not a mapping: begin it with '- id:'",
        ],
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file(project: ProjectFolder, name: str) -> None:
    """A file that cannot be used is told with its place, quickly, and costs no other file."""
    content, expected = UNREADABLE[name]
    project.write_tasks("bad.yaml", content)
    project.write_tasks("good.yaml")
    begun = time.process_time()
    registry = load_registry(project.root)
    assert time.process_time() - begun < 3
    told = [str(problem).removeprefix("config/tasks/bad.yaml:") for problem in registry.problems]
    assert told == expected
    assert list(registry.jobs) == ["good"]


OTHER = """\
tasks:
  - id: other
    name: 另一个
    cron: "0 8 * * *"
    script: good.py
  {}
"""
NEITHER = "neither runs until one of them has another id, or is removed"


@pytest.mark.parametrize("file", ["a.yaml", "good copy.yaml", "z.yaml"])
@pytest.mark.parametrize(
    "copy",
    [
        "- {id: good, name: copy, cron: '0 9 * * *', script: other.py}",
        "- id: 'good'\n    name: copy\n    cron: 0 9 * * *\n    script: other.py",
        "- {id: good}",
    ],
)
def test_a_copy_does_not_take_a_jobs_place(project: ProjectFolder, file: str, copy: str) -> None:
    """Two entries of one id are both named and neither runs, whatever their files are called."""
    project.write("include/scripts/other.py", "")
    known = project.write_tasks("good.yaml")
    project.write_tasks(file, OTHER.format(copy))
    registry = load_registry(project.root)
    assert list(registry.jobs) == ["other"]
    here, there = "config/tasks/good.yaml:2", f"config/tasks/{file}:6"
    told = [str(problem) for problem in registry.problems]
    assert f"{here}:9: good: id 'good' is also at {there}: {NEITHER}" in told
    assert any(f": good: id 'good' is also at {here}: {NEITHER}" in line for line in told)
    assert load_registry(project.root, only="good").jobs == {}
    known.unlink()
    alone = load_registry(project.root)
    assert ("good" in alone.jobs) == ("name" in copy)


def test_a_copy_in_the_same_file(project: ProjectFolder) -> None:
    """It costs both, also where a starting task looks for its own entry only."""
    second = project.good_tasks.replace("tasks:\n", "").replace("id: good", 'id: "good"')
    project.write_tasks("t.yaml", project.good_tasks + second)
    for only in (None, "good"):
        registry = load_registry(project.root, only=only)
        assert registry.jobs == {}
        assert [problem.line for problem in registry.problems] == [2, 6]


def test_a_key_that_is_there_twice(project: ProjectFolder) -> None:
    """Both problems are told with their lines, also where the second list is the longer one."""
    project.write_entry(
        "id: doubled",
        "name: 重复的键",
        'cron: "0 8 * * *"',
        "script: good.py",
        "connections: [pdd_feed]",
        "connections: [pdd_feed, 客服]",
    )
    project.write_tasks("good.yaml")
    registry = load_registry(project.root)
    assert list(registry.jobs) == ["good"]
    assert [str(problem).removeprefix("config/tasks/t.yaml:") for problem in registry.problems] == [
        "7:5: doubled: key 'connections' is there twice (the first is in line 6): remove one",
        (
            "7:29: doubled: connections '客服' is not an id: begin with a letter and go on with "
            "letters, 0-9, _ and -"
        ),
    ]


def test_a_fault_of_our_own(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the checks of an entry raise costs that entry, and the line says where it was."""
    project.write_tasks("a.yaml", OTHER.format("- {id: bad}"))
    project.write_tasks("b.yaml")
    project.write_shops(
        "{id: bad}", "{id: s, platform: pdd, name: x, connection: p, platform_id: 1}"
    )

    def fail(*_: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr("include.registry.validation._problem", fail)
    registry = load_registry(project.root)
    assert (list(registry.jobs), list(registry.shops)) == (["other", "good"], ["s"])
    shop, job = map(str, registry.problems)
    assert shop.startswith("config/shops.yaml:2:1: bad: cannot be checked, by a fault of the")
    assert job.startswith("config/tasks/a.yaml:6:1: bad: cannot be checked, by a fault of the")
    assert "IndexError: list index out of range" in job
    assert "test_loading.py:" in job


@pytest.mark.parametrize("broken", ["load_shops", "unread_tasks"])
def test_a_fault_outside_of_the_entries(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """It costs no job either, and is told."""
    project.write_tasks("t.yaml")
    project.write_tasks("README", "")

    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(f"include.registry.loading.{broken}", fail)
    registry = load_registry(project.root)
    assert list(registry.jobs) == ["good"]
    (problem,) = registry.problems
    assert "cannot be checked, by a fault of the scheduler" in problem.message


def test_order(project: ProjectFolder) -> None:
    """Jobs come in the order of files and entries, problems in that of files and lines."""
    entry = '- {{id: {0}, name: {0}, cron: "0 8 * * *", script: good.py}}\n'
    project.write_tasks("b.yaml", "tasks:\n" + entry.format("b2") + entry.format("b1"))
    project.write_tasks("a.yaml", "tasks:\n" + entry.format("a") + "- x\n- y\n")
    project.write("config/shops.yaml", "shops: x\n")
    registry = load_registry(project.root)
    assert list(registry.jobs) == ["a", "b2", "b1"]
    places = [(problem.file, problem.line) for problem in registry.problems]
    assert places == [
        ("config/shops.yaml", 1),
        ("config/tasks/a.yaml", 3),
        ("config/tasks/a.yaml", 4),
    ]


def test_no_folder(tmp_path: Path) -> None:
    """A project without config/tasks/ has no jobs and one problem."""
    registry = load_registry(tmp_path)
    assert registry.jobs == {}
    assert [problem.file for problem in registry.problems] == ["config/tasks"]


def test_delivered_registry() -> None:
    """The registry as delivered has no problem; every ERP shop is pulled by erp_store."""
    registry = load_registry(PROJECT_ROOT)
    assert registry.problems == []
    assert [shop.id for shop in registry.shops_of(registry.jobs["erp_store"])] == [
        "erp-1",
        "erp-2",
        "erp-3",
    ]
    assert registry.shops_of(registry.jobs["generate_daily"]) == []


def test_chinese_names() -> None:
    """The delivered jobs keep the names and times that the team knows them by."""
    jobs = load_registry(PROJECT_ROOT).jobs
    known = {
        "generate_daily": ("统一任务生成-每日", "5 0 * * *", "day"),
        "generate_weekly": ("统一任务生成-每周", "10 0 * * 6", "week"),
        "generate_monthly": ("统一任务生成-每月", "15 0 1 * *", "month"),
        "erp_store": ("ERP门店数据", "0 7 * * *", "day"),
    }
    assert {id: (jobs[id].name, jobs[id].cron, jobs[id].period) for id in known} == known  # noqa: A001 - the key's name


def test_only(project: ProjectFolder) -> None:
    """With `only`, other files are not even parsed: a broken one is not noticed."""
    project.write_tasks("broken.yaml", "tasks: [")
    project.write_tasks("longer.yaml", "tasks: [good_too, very_good, goods")
    project.write_tasks("good.yaml")
    registry = load_registry(project.root, only="good")
    assert list(registry.jobs) == ["good"]
    assert registry.problems == []


def test_only_leaves_out_the_others_of_its_file(project: ProjectFolder) -> None:
    """With `only`, the other entries of its file are neither made nor checked."""
    project.write_tasks("t.yaml", project.good_tasks + "  - {id: bad}\n")
    assert load_registry(project.root, only="good").problems == []
    registry = load_registry(project.root, only="bad")
    assert registry.jobs == {}
    assert {problem.job_id for problem in registry.problems} == {"bad"}


def test_only_with_an_escaped_id(project: ProjectFolder) -> None:
    """A job whose id the text search cannot see is found all the same."""
    project.write_tasks("t.yaml", project.good_tasks.replace("id: good", r'id: "\x67ood"'))
    assert list(load_registry(project.root, only="good").jobs) == ["good"]


def test_only_unknown(project: ProjectFolder) -> None:
    """An id that no entry has gives an empty registry."""
    project.write_tasks("t.yaml")
    assert load_registry(project.root, only="nobody").jobs == {}


def test_only_gives_the_same_job(project: ProjectFolder) -> None:
    """A job is the same whether it was loaded alone or with all."""
    shutil.copytree(PROJECT_ROOT / "config", project.root / "config", dirs_exist_ok=True)
    shutil.copytree(
        PROJECT_ROOT / "include/scripts", project.root / "include/scripts", dirs_exist_ok=True
    )
    whole = load_registry(project.root)
    for job_id, job in whole.jobs.items():
        alone = load_registry(project.root, only=job_id)
        assert alone.jobs == {job_id: job}
        assert alone.shops == whole.shops


WORDS = st.sampled_from(
    ["tasks", "id", "name", "cron", "script", "good.py", "0 8 * * *", "checks", "env", "args", "x"]
)
VALUES = st.recursive(
    WORDS | st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=4)
    ),
)
ENTRIES = st.dictionaries(
    st.sampled_from(["id", "name", "cron", "script", "env", "args", "checks", "start", "timeout"]),
    VALUES,
)
SIGNS = ["&a ", "*a", "{", "}", "[", "]", ": ", "\n", "  ", "!!set ", "|\n", "? ", "'", '"', "%"]
SNIPPETS = st.sampled_from(["tasks:", "- id: a", "---\n", *SIGNS])


def _loads(raw: bytes) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "config/tasks").mkdir(parents=True)
        (folder / "config/tasks/t.yaml").write_bytes(raw)
        (folder / "config/shops.yaml").write_bytes(raw.replace(b"tasks", b"shops"))
        registry = load_registry(folder)
        assert all("\n" not in str(problem) for problem in registry.problems)
        assert registry.jobs or registry.problems or b"[]" in raw
    finally:
        shutil.rmtree(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    """Whatever bytes a file holds, loading never raises and says something on one line each."""
    _loads(raw)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SNIPPETS, max_size=30))
def test_any_syntax(snippets: list[str]) -> None:
    """However YAML's signs are thrown together, loading never raises."""
    _loads("".join(snippets).encode())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES | VALUES, min_size=1, max_size=3))
def test_any_values(entries: list[object]) -> None:
    """Whatever values stand where, loading never raises."""
    _loads(yaml.safe_dump({"tasks": entries}, allow_unicode=True).encode())
