"""`new` makes files that run at once, in a copy of the project, and never over what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from include.errors import ConfigurationError
from include.registry.airflow_objects import connections
from manager.lifecycle.health import answers
from manager.scaffolding.edits import with_entry, with_import, with_json_entry
from tests.integration.installation import copy_project, free_ports, until
from tests.types_of import mypy
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID, LONG_ID = "douyin", "shops_of_one"
# Tests of the project that look at all jobs, platforms or messages: they pass with new ones, too.
OF_ALL = [
    *("tests/test_language.py", "tests/platforms/test_all_platforms.py"),
    *("tests/registry/test_schema.py", "tests/registry/checks/test_main.py"),
    *("tests/sandbox/test_app.py", "tests/scheduling/test_factory.py"),
    "tests/scheduling/test_priority.py",
    *("tests/scripts/test_by_hand.py", "tests/manager/doctor/test_jobs.py"),
]
CHANGED = {
    "config/connections.json",
    "config/pools.json",
    "config/shops.yaml",
    "docs/jobs.md",
    "include/locale/zh/platforms.po",
    "include/locale/zh/pulling.po",
    "docs/jobs.zh-CN.md",
    "include/platforms/all_platforms.py",
    "include/registry/platforms.py",
    "include/warehouse/tables.py",
    "sandbox/app.py",
    "sandbox/platforms.py",
}


def call(root: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python of the copy in its folder."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def new(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the command as a person does."""
    return call(root, "scheduler_manager.py", "--lang", "en", "new", *words)


def files(root: Path) -> dict[str, bytes]:
    """Return what a copy holds, but for caches and links."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".venv", "__pycache__", "var"} & set(path.parts)
    }


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with a new job and two new platforms."""
    root = tmp_path_factory.mktemp("new") / "checkout"
    copy_project(root)
    for words in (
        ("job", "my_report", "--name", "我的报表"),
        ("platform", ID, "--name", "抖店", "--english", "Doudian"),
        ("platform", LONG_ID, "--name", "名" * 12),
    ):
        before = files(root)
        done = new(root, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        after = files(root)
        kept = before.keys() - CHANGED
        assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
        made = after.keys() - before.keys()
        assert made
        assert all(f"  {name}\n" in done.stdout for name in made)
    return root


def test_check_and_the_linters_have_nothing_to_say(scaffolded: Path, shared_folder: Path) -> None:
    """What is made is like the rest, also with the longest id."""
    checked = call(scaffolded, "scheduler_manager.py", "check")
    assert checked.returncode == 0, checked.stdout
    for words in (("ruff", "check", "."), ("ruff", "format", "--check", ".")):
        done = call(scaffolded, "-m", *words)
        assert done.returncode == 0, done.stdout
    done = mypy(scaffolded, shared_folder)
    assert done.returncode == 0, done.stdout


def test_the_tests_that_are_made_pass(scaffolded: Path) -> None:
    """The job's, and each platform's: signature, codes, a day to the row, faults, a refresh."""
    made = [
        "tests/scripts/test_my_report.py",
        f"tests/platforms/{ID}",
        f"tests/platforms/{LONG_ID}",
    ]
    options = ["-q", "-n", "0", "-p", "no:cacheprovider"]
    done = call(scaffolded, "-m", "pytest", *made, *OF_ALL, *options)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


def test_the_job_of_a_new_platform_runs_against_its_sandbox(
    scaffolded: Path, tmp_path: Path
) -> None:
    """The copy's own sandbox speaks for it; the warehouse gets its table by a migration."""
    ports, url = free_ports(), empty_file(tmp_path)
    address = f"http://127.0.0.1:{ports.sandbox}"
    with _sandbox_of(scaffolded, ports.sandbox):
        migrated = call(scaffolded, "-c", MIGRATE, url)
        assert migrated.returncode == 0, migrated.stderr
        delivered = connections(address, scaffolded)
        variables = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields)
            for name, fields in delivered.items()
            if name.startswith(f"{ID}_")
        }
        assert len(variables) == 2
        done = call(
            scaffolded,
            *("-m", "include.running", f"{ID}_store"),
            **{**variables, "WAREHOUSE_URL": url, "SCHEDULER_VAR": str(tmp_path)},
        )
    assert done.returncode == 0, done.stdout + done.stderr
    engine = create_engine(url)
    with engine.connect() as database:
        rows = database.execute(text(f"SELECT count(*) FROM {ID}_orders")).scalar_one()  # noqa: S608 -- ours
    engine.dispose()
    assert rows > 100


MIGRATE = """
import sys
from include.warehouse import connect
from include.warehouse.migrating import migrate
migrate(connect(sys.argv[1]))
"""


@contextmanager
def _sandbox_of(root: Path, port: int) -> Iterator[None]:
    """Run the sandbox of a copy as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port)], cwd=root, env={**os.environ}
    )
    try:
        until(lambda: answers(port))
        yield
    finally:
        process.terminate()
        process.wait()


REFUSED = [
    (("job", "my_report"), "job 'my_report' is there already"),
    (("job", "erp_store"), "job 'erp_store' is there already"),
    (("platform", ID), f"platform '{ID}' is there already"),
    (("platform", "jd"), "platform 'jd' is there already"),
    (("platform", "orders"), "sandbox/orders.py is there already"),
    (("job", "Mein-Job"), "'Mein-Job' cannot be an id"),
    (("job", "../up"), "cannot be an id"),
    (("platform", "class"), "'class' has a meaning of its own"),
    (("platform", "thirteen_more"), "has 13 characters"),
    (("job", "fine", "--name", "a: b"), "a name cannot be 'a: b'"),
    (("job", "fine", "--name", "名" * 13), "is longer than 24 columns"),
]
EACH = """
import contextlib, io, json, sys
from manager.cli import main
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        code = main(["--lang", "en", "new", *words])
    print(json.dumps([code, errors.getvalue()]))
"""


def test_what_cannot_be_is_said_and_nothing_is_written(scaffolded: Path) -> None:
    """Neither over what is there, nor what could not be read; exit code 78."""
    before = files(scaffolded)
    done = call(scaffolded, "-c", EACH, json.dumps([words for words, _ in REFUSED]))
    assert done.returncode == 0, done.stderr
    found = map(json.loads, done.stdout.splitlines())
    for (code, told), (words, said) in zip(found, REFUSED, strict=True):
        assert code == 78, words
        assert said in told, words
    assert new(scaffolded, *REFUSED[0][0]).returncode == 78
    assert files(scaffolded) == before


def test_what_people_wrote_around_an_entry_stays() -> None:
    """Comments, blank lines and order: only lines are added."""
    module = 'import b\n\nTABLE: dict[str, int] = {\n    # first\n    "a": 1,\n}\nB = 2\n'
    added = with_entry("x.py", module, "TABLE", '    "c": 3,\n')
    assert added == module.replace('"a": 1,\n', '"a": 1,\n    "c": 3,\n')
    for other in ('TABLE = {"a": 1}\n', "TABLE = dict(a=1)\n", ""):
        with pytest.raises(ConfigurationError, match="has no table TABLE"):
            with_entry("x.py", other, "TABLE", "")
    imports = "import os\n\nfrom include.a import A\nfrom include.c import C\n\nX = 1\n"
    assert "A\nfrom include.b import B\nfrom include.c" in with_import(
        imports, "from include.b import B"
    )
    assert json.loads(with_json_entry("{}\n", '"a": 1\n')) == {"a": 1}
    assert with_json_entry('{\n  "a": {}\n}\n', '  "b": 1\n') == '{\n  "a": {},\n  "b": 1\n}\n'
