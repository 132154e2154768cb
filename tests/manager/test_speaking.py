"""Which language the command line speaks, and that its help is whole and lined up in each."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT
from include.command_line import cells
from include.language import CHOSEN, process_language
from manager import cli
from manager.commands import COMMANDS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from pathlib import Path

WIDTH = 80
ENGLISH, CHINESE = "install, start, and land", "安装、启动，并当场拉取"
CHINESE_LOCALE = {"LANG": "zh_CN.UTF-8"}
# Three English words in a row, of which names, formats and examples have none.
SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}")
PROGRAMS = [
    "include.registry.checks",
    "include.running",
    "include.prepare",
    "include.scripts.pdd.pdd_feed",
    "include.scripts.generate_tasks",
]
EVERY_HELP = [
    [],
    *[[name] for name in COMMANDS],
    *[[name, part] for name, command in COMMANDS.items() for part in command.parts],
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout without `.venv`."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(PROJECT_ROOT / cli.PROGRAM, root)
    for name in ("include", "manager", "config"):
        shutil.copytree(PROJECT_ROOT / name, root / name)
    return root


@pytest.fixture(autouse=True)
def own_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget afterwards which language a test has chosen."""
    monkeypatch.setenv(CHOSEN, "")
    yield
    process_language.cache_clear()


def manage(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the manager with the standard library alone."""
    base = f"{sys.base_prefix}/bin/python3.{sys.version_info[1]}"
    return subprocess.run(
        [base, "-I", "-S", "-B", root / cli.PROGRAM, *arguments],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": str(WIDTH + 2), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("setting", "arguments", "locale", "said"),
    [
        ("language: auto", ["--help"], {}, ENGLISH),
        ("language: auto", ["--help"], CHINESE_LOCALE, CHINESE),
        ("language: auto", ["--help"], {**CHINESE_LOCALE, "LC_ALL": "C"}, ENGLISH),
        ("language: en", ["--help"], CHINESE_LOCALE, ENGLISH),
        ("language: zh", ["--help"], {}, CHINESE),
        ("language: en", ["--lang", "zh", "--help"], {}, CHINESE),
        ("language: zh", ["--help", "--lang=en"], CHINESE_LOCALE, ENGLISH),
        ("language: en", ["demo", "--help", "--lang", "zh"], {}, CHINESE),
        ("language: en", ["--lang", "zh", "demo", "--help"], {}, CHINESE),
    ],
)
def test_the_option_comes_before_the_file_and_that_before_the_locale(
    bare: Path, setting: str, arguments: list[str], locale: dict[str, str], said: str
) -> None:
    """On a fresh clone, where nothing is installed."""
    (bare / "config/language.yaml").write_text(f"# 语言\n{setting}\n", "utf-8")
    done = manage(bare, *arguments, **locale)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_other_programs_speak_alike(python: Path, program: str) -> None:
    """Those that are started as modules: their help, their mistakes, and argparse's words."""

    def started(*words: str) -> subprocess.CompletedProcess[str]:
        command = [python, "-m", program, *words]
        return subprocess.run(
            command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )

    helped, mistaken = started("--help", "--lang", "zh"), started("--lang", "zh", "--no-such")
    assert (helped.returncode, mistaken.returncode) == (0, 2)
    assert helped.stdout.startswith("用法：")
    assert not SENTENCE.search(helped.stdout.partition("config")[0])
    assert "错误：" in mistaken.stderr
    assert started("--help", "--lang", "en").stdout.startswith("usage: ")


def test_mistakes_are_named_in_chinese(bare: Path) -> None:
    """What argparse says of them, and what we do, with the same exit code."""
    done = manage(bare, "start", "--port", "80", "--lang", "zh")
    assert done.returncode == 2
    assert "scheduler_manager.py start：错误：参数 --port：'80' 不是 1024 到" in done.stderr
    done = manage(bare, "strat", "--lang", "zh")
    assert done.returncode == 2
    assert "没有命令 'strat'：是不是想写 'start'？" in done.stderr


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["--lang", "zh", "airflow", "dags", "list"], ["dags", "list"]),
        (["airflow", "dags", "--lang", "zh"], ["dags", "--lang", "zh"]),
        (["--lang=zh", "test", "--lang"], ["--lang"]),
    ],
)
def test_a_command_that_passes_arguments_on_keeps_its_own(
    words: list[str], rest: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--lang` behind its name is not ours."""
    seen: list[Namespace] = []

    def note(_command: object, arguments: Namespace, _argv: object) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(cli, "_dispatch", note)
    assert cli.main(words) == 0
    assert seen[0].rest == rest
    assert process_language() == ("zh" if words[0].startswith("--lang") else "en")


@pytest.mark.parametrize("command", EVERY_HELP, ids=" ".join)
def test_help_is_chinese_and_lined_up(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No English sentence is left, and no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", str(WIDTH + 2))  # argparse leaves two free
    with pytest.raises(SystemExit) as end:
        cli.main(["--lang", "zh", *command, "--help"])
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("用法：scheduler_manager.py")
    usage = lines[: lines.index("")]
    assert not [line for line in lines[len(usage) :] if SENTENCE.search(line)]
    assert not [line for line in lines[len(usage) :] if cells(line) > WIDTH]
    assert len({cells(line) - cells(line.lstrip()) for line in usage[1:]}) <= 1
