"""What each command prints in Chinese, and what programs read, which is the same in all."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT
from include.language import CHOSEN, process_language
from manager import cli
from manager.lifecycle import virtualenv
from tests.manager.covered import Installation, install

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: generate_daily, name: 生成, cron: "0 0 * * *", script: generate_tasks.py}
"""
SHOPS = "shops:\n  - {id: erp-1, platform: erp, name: 店1, connection: erp, platform_id: 10001}\n"
# A moment, and the value of a metric: what changes from one call to the next.
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)?|(?<=[a-z}] )[\d.e+]+$", re.MULTILINE
)
# Three English words in a row, which no name, command in backticks or path has.
SENTENCE = re.compile(r"\b[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}")
IN_BACKTICKS = re.compile(r"`[^`]*`|python3 scheduler_manager\.py.*")
FOR_PROGRAMS = [
    ["gaps", "--json"],
    ["gaps", "--waived", "--json"],
    ["report", "--json"],
    ["report", "--period", "yesterday", "--json"],
    ["status", "--json"],
    ["status", "--prometheus"],
    ["alerts", "--json"],
    ["alerts", "history", "--json"],
]
FOR_PEOPLE = [
    ["gaps"],
    ["gaps", "--waived"],
    ["gaps", "--job", "erp_store", "--since", "yesterday"],
    ["gaps", "--shop", "erp-2"],
    ["report"],
    ["report", "--period", "2000-01"],
    ["status"],
    ["stop"],
    ["repair"],
    ["trigger", "erp"],
    ["pause", "erp"],
    ["logs", "erp"],
    ["run", "erp_stores"],
    ["waive", "erp_store", "--period", "2025-13-01", "--reason", "closed"],
    ["alerts"],
    ["alerts", "ack", "A9"],
    ["alerts", "mute", "erp_store", "--until", "soon", "--reason", "x"],
    ["connect", "nothing"],
    ["backup", "/nowhere/at.all"],
    ["restore", "/nowhere/at.all"],
    ["test", "--airflow", "three"],
    ["airflow", "connections", "add", "x", "--conn-password", "y"],
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return one with gaps; no command here changes it."""
    made = install(tmp_path_factory.mktemp("speaking"), TASKS, SHOPS, {"extra": "{}"})
    (made.layout.root / ".venv").symlink_to(PROJECT_ROOT / ".venv")
    made.land(but=lambda unit: "" if unit.period.key.endswith("1") else None)
    return made


@pytest.fixture(autouse=True)
def installed(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have commands work on it, with this Python; restore language and mask afterwards."""
    monkeypatch.setattr(cli, "current_layout", lambda: installation.layout)
    monkeypatch.setattr(virtualenv, "ensure", lambda *_given, **_more: None)
    monkeypatch.setattr(virtualenv, "usable", lambda _layout: True)
    monkeypatch.setenv(CHOSEN, "")
    environment, mask = dict(os.environ), os.umask(0o022)
    process_language.cache_clear()
    yield
    os.umask(mask)
    logging.disable(logging.NOTSET)  # which `doctor` leaves as it ends
    os.environ.clear()
    os.environ.update(environment)
    process_language.cache_clear()


def _run(
    language: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    code = cli.main(["--lang", language, *command])
    told = capsys.readouterr()
    return code, MOMENT.sub("", told.out), told.err


@pytest.mark.parametrize("command", FOR_PROGRAMS, ids=" ".join)
def test_what_programs_read_is_the_same(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Output and exit code."""
    assert _run("zh", command, capsys) == _run("en", command, capsys)


@pytest.mark.parametrize("command", FOR_PEOPLE, ids=" ".join)
def test_what_people_read_is_chinese(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No English sentence is left, and the exit code is that of English."""
    code, *told = _run("zh", command, capsys)
    lines = "\n".join(told).splitlines()
    assert re.search("[\u4e00-\u9fff]", "".join(lines))
    assert not [line for line in lines if SENTENCE.search(IN_BACKTICKS.sub("", line))]
    assert code == _run("en", command, capsys)[0]
