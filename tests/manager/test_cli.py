"""The command line before anything is installed."""

import ast
import errno
import os
import resource
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest

from include import PROJECT_ROOT
from manager.cli import main
from manager.commands import COMMANDS

SCRIPT = "scheduler_manager.py"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout without `.venv`."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(PROJECT_ROOT / SCRIPT, root)
    for name in ("include", "manager"):
        shutil.copytree(PROJECT_ROOT / name, root / name)
    return root


def manage(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the manager from another folder, with the standard library alone."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
    return subprocess.run(
        [base, "-I", "-S", "-B", root / SCRIPT, *arguments],
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command(bare: Path) -> None:
    """`--help` needs nothing installed, names every command and is there at once."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = manage(bare, "--help")
    # Of the processor, which others may be using too.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert not (bare / ".venv").exists()
    assert not (bare / "var").exists()


def typed(*arguments: str) -> int:
    """Type a command that goes no further than the command line; return its exit code."""
    with pytest.raises(SystemExit) as end:
        sys.exit(main(arguments))
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_and_is_there(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each explains itself; what it does is found by the name that the table of them has."""
    assert typed(command, "--help" if len(command) % 2 else "-h") == 0
    assert f"{SCRIPT} {command}" in capsys.readouterr().out
    module, function = COMMANDS[command].work.split(":")
    assert callable(getattr(import_module(f"manager.{module}"), function))


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help is shown, and the exit code says that nothing was done."""
    assert typed() == 2
    assert "COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["strat"], "unknown command 'strat': did you mean 'start'?"),
        (["xyzzy"], "unknown command 'xyzzy': write one of demo, start, stop"),
        (["start", "--port", "80"], "'80' is not a port from 1024 to 65532"),
        (["start", "--port", "web"], "'web' is not a port from 1024 to 65532"),
        (["start", "--prot", "8080"], "unknown option '--prot': did you mean '--port'?"),
        (["trigger", "erp_store", "--perod=2025-10-02"], "'--perod': did you mean '--period'?"),
        (["gaps", "—since", "2025-10-02"], "unknown option '—since': did you mean '--since'?"),
        (["gaps", "－－job=a"], "unknown option '－－job': did you mean '--job'?"),
        (["alerts", "mute", "x", "--untl", "2h"], "'--untl': did you mean '--until'?"),
        (["pause", "x", "--verbose"], "'--verbose': write one of --help, --json"),
        (["stop", "it"], "unrecognized arguments: it"),
        (["run"], "the following arguments are required: JOB"),
        (["repair", "--job", "a", "--job", "b"], "argument --job: is there twice, with a and b:"),
        (["gaps", "--since=2025-10-01", "--since", "2025-10-02"], "argument --since: is there twi"),
        (["start", "--port", "8080", "--port", "8090"], "argument --port: is there twice, with 8"),
        (["check", "--lang", "fr"], "invalid choice: 'fr'"),
    ],
)
def test_a_mistake_is_named(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake is answered with what was wrong and exit code 2."""
    assert typed(*arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("command", "code"), [("stop", 0), ("status", 3), ("restart", 1)])
def test_where_nothing_is_installed_nothing_runs(bare: Path, command: str, code: int) -> None:
    """Asking for a service that was never started installs nothing."""
    done = manage(bare, command)
    assert done.returncode == code
    assert "start" in done.stdout + done.stderr
    assert not (bare / ".venv").exists()


def test_a_reader_who_has_enough_is_no_failure(bare: Path) -> None:
    """`status | head -1` ends quietly, with the code that a shell gives such a program."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", bare / SCRIPT, "status"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_a_user_may_not_use_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the file and the reason, and no traceback."""
    refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/srv/x/var")
    monkeypatch.setattr("manager.cli._dispatch", Mock(side_effect=refused))
    assert typed("status") == 1
    assert capsys.readouterr().err == "/srv/x/var cannot be used: Permission denied\n"


def test_an_old_python_can_read_the_doorstep() -> None:
    """The root file parses by the grammar of Python 3.6."""
    ast.parse((PROJECT_ROOT / SCRIPT).read_text("utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("pretend", "said"),
    [
        ("sys.version_info = (3, 6, 9)", "this is Python 3.6, and Python 3.10 to 3.13 is needed"),
        ("os.name = 'nt'", "use WSL2 (`wsl --install`"),
        (
            "os.environ['LANGUAGE'] = 'zh'; sys.version_info = (3, 6, 9)",
            "当前是 Python 3.6，需要 Python 3.10 到 3.13：请先安装",
        ),
        ("os.environ['LANGUAGE'] = 'zh'; os.name = 'nt'", "请使用 WSL2（先 `wsl --install`"),
    ],
)
def test_who_cannot_run_it_is_told_what_to_do(pretend: str, said: str) -> None:
    """An old Python and Windows are sent where it works."""
    code = f"import os, sys; {pretend}; __file__ = sys.argv[1]; exec(open(__file__).read())"
    done = subprocess.run(
        [sys.executable, "-c", code, PROJECT_ROOT / SCRIPT, "demo"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_no_traceback(bare: Path) -> None:
    """The output goes to a file whose disk is full: one line says so."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", bare / SCRIPT, "--lang", "en", "status"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    said = b"the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)
