"""The rules of the house: who may import whom, and what holds for every file."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.types_of import mypy

ROOT = Path(__file__).parent.parent
# A room of include/ may import only what stands above it (CONTRIBUTING.md has the table).
ORDER = (
    *("language", "locale", "foreign_errors", "errors", "text", "command_line"),
    *("script_errors", "heartbeats"),
    *("cron_dialects", "cron", "periods", "logical_dates"),
    *(
        "secrets",
        "warehouse",
        "registry",
        "units",
        "row_checks",
        "contracts",
        "gateways",
        "platforms",
        "running",
    ),
    *("housekeeping", "pulling", "coverage", "alerts", "metrics", "scheduling", "coverage_page"),
    *("prepare", "scripts"),
)
# What a room that stands above another must not know all the same.
APART = {
    "gateways": {"registry", "units", "row_checks", "contracts"},
    "coverage": {"pulling", "platforms"},
}
MAY_IMPORT_AIRFLOW = {"scheduling", "coverage_page", "prepare", "alerts.notifiers"}
SHELLS = {"include": set(), "sandbox": {"include"}, "manager": {"include", "sandbox"}}
FILES = [path for shell in SHELLS for path in sorted((ROOT / shell).rglob("*.py"))]
LONGEST_MODULE, LONGEST_FUNCTION = 300, 45


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules |= {name if name in MODULES else node.module for name in names}
    return modules


MODULES = {_module(path) for path in FILES}


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """Return each module with those that it imports."""
    return {_module(path): _imports(path) for path in FILES}


def test_rooms_import_only_what_they_may(imported: dict[str, set[str]]) -> None:
    """No room reaches into one below it, no core into a shell; only Airflow's side imports it."""
    for module, imports in imported.items():
        shell, *inner = module.split(".")
        tops = {name.split(".")[0] for name in imports}
        foreign = tops & {*SHELLS, "dags", "plugins", "tests"} - {shell}
        assert foreign <= SHELLS[shell], f"{module} imports {foreign}"
        if shell != "include" or not inner:
            continue
        place = ORDER.index(inner[0])
        rooms = {name.split(".")[1] for name in imports if name.startswith("include.")}
        wrong = rooms - set(ORDER[: place + 1]) | rooms & APART.get(inner[0], set())
        assert not wrong, f"{module} imports {wrong}"
        if not MAY_IMPORT_AIRFLOW & {inner[0], ".".join(inner)}:
            assert "airflow" not in tops, module


def test_no_imports_go_in_a_circle(imported: dict[str, set[str]]) -> None:
    """Each file can be read before those that use it, imports for types included."""
    waiting = {module: imports & MODULES - {module} for module, imports in imported.items()}
    while free := {module for module, imports in waiting.items() if not imports}:
        waiting = {m: imports - free for m, imports in waiting.items() if m not in free}
    assert not waiting, f"a circle, or what leads to one: {sorted(waiting)}"


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_benchmarks_import_what_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody runs them each day, and no other check reads their imports."""
    monkeypatch.syspath_prepend(path.parent)
    siblings = {file.stem for file in path.parent.glob("*.py")}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[0] in {*SHELLS, "tests", *siblings}:
            module = importlib.import_module(node.module)
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                assert name in MODULES or hasattr(module, alias.name), name


def test_no_module_or_function_grows_into_two() -> None:
    """A module past 300 lines or a function past 45 is two things."""
    for path in FILES:
        text = path.read_text("utf-8")
        assert text.count("\n") <= LONGEST_MODULE, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno
                assert length < LONGEST_FUNCTION, f"{path}: {node.name}"


def test_the_runner_starts_without_airflow() -> None:
    """What the runner loads holds no module of Airflow's, even by way of another package."""
    code = "import sys, include.running.__main__, include.pulling; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "include.running" in shown.stdout
    assert not re.search(r"\bairflow\b", shown.stdout)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
    ],
    ids=" ".join,
)
def test_the_code_passes_its_checks(command: list[str]) -> None:
    """Lint and format are clean."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_pass_mypy(shared_folder: Path) -> None:
    """Strictly, as pyproject.toml says."""
    done = mypy(ROOT, shared_folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["requirements", "requirements-cluster", "requirements-dev"])
def test_each_requirement_has_a_reason_and_is_pinned_with_hashes(name: str) -> None:
    """Every line of the .in file says why, and the lock has it with its hashes."""
    lock = (ROOT / f"{name}.txt").read_text("utf-8")
    for line in (ROOT / f"{name}.in").read_text("utf-8").splitlines():
        if not line or line.startswith(("#", "-c")):
            continue
        requirement, _, reason = line.partition("#")
        assert reason.strip(), f"say in {name}.in why {requirement.strip()} is needed"
        package = re.split(r"[=<>\[ ]", requirement)[0].lower().replace("_", "-")
        assert re.search(rf"^{package}==\S+ .*\\\n    --hash=sha256:", lock, re.MULTILINE) or (
            re.search(rf"^{package}==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE)
        ), f"{package} is not pinned: make {name}.txt again as CONTRIBUTING.md says"


def test_no_text_holds_a_path_of_a_machine() -> None:
    """What is committed means the same on every machine."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("what is committed is known in a clone only")
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        text = (ROOT / name).read_text("utf-8", errors="replace")
        assert not re.search(r"/(work|home|root|Users)/\w+", text), name
