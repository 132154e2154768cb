"""The rules of the house: who may import whom, and what holds for every file."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BASE = {"errors", "cron", "periods", "quoting", "secret_forms", "signs_of_life", "moments"}
MAY_IMPORT = {
    "errors": set(),
    "cron": {"errors"},
    "periods": {"errors", "cron", "quoting"},
    "moments": {"cron", "periods"},
    "quoting": set(),
    "secret_forms": set(),
    "signs_of_life": set(),
    "registry": BASE,
    "units": BASE | {"registry"},
    "warehouse": {"errors", "quoting"},
    "ledger": BASE | {"units", "warehouse"},
    "coverage": BASE | {"registry", "units", "ledger", "warehouse", "upkeep"},
    "coverage_page": BASE | {"registry", "units", "ledger", "warehouse", "coverage"},
    "row_checks": BASE | {"registry", "units", "ledger", "warehouse"},
    "running": BASE | {"registry", "units", "ledger", "warehouse", "row_checks"},
    "feeds": BASE | {"registry", "warehouse"},
    "checking": BASE | {"registry", "feeds", "warehouse"},
    "platforms": BASE | {"warehouse", "feeds"},
    "pulling": BASE
    | {"registry", "units", "ledger", "warehouse", "platforms", "running", "row_checks"},
    "upkeep": {"errors", "warehouse"},
    "scripts": BASE
    | {"registry", "units", "feeds", "ledger", "warehouse", "platforms", "running", "pulling"}
    | {"upkeep"},
    "sandbox": BASE,
    "scheduling": BASE
    | {"registry", "units", "feeds", "checking", "ledger", "warehouse", "running", "row_checks"},
    "service": BASE
    | {"registry", "units", "ledger", "warehouse", "running", "sandbox", "scheduling"}
    | {"checking", "upkeep", "platforms", "feeds", "coverage"},
}
MAY_IMPORT_AIRFLOW = {"scheduling", "service", "coverage_page"}
FILES = sorted((ROOT / "include").rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 45


def _imports(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"include.{alias.name}" for alias in node.names]
            modules |= set(names) if node.module == "include" else {node.module}
    return modules


def _room(path: Path) -> str:
    return path.relative_to(ROOT / "include").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_rooms_import_only_what_they_may(path: Path) -> None:
    """No room reaches into one above it, and only Airflow's side imports Airflow."""
    room, modules = _room(path), _imports(path)
    if room == "__init__":
        return
    others = {module.split(".")[1] for module in modules if module.startswith("include.")}
    assert others - {room} <= MAY_IMPORT[room]
    if room not in MAY_IMPORT_AIRFLOW:
        assert not any(module.split(".")[0] == "airflow" for module in modules)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_or_function_grows_into_two(path: Path) -> None:
    """A module past 300 lines or a function past 45 is two things."""
    text = path.read_text("utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name


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
        ["mypy"],
    ],
    ids=" ".join,
)
def test_the_code_passes_its_checks(command: list[str]) -> None:
    """Lint, format and types are clean."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
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
