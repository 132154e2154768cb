"""`test`: hand over to pytest; `--airflow VERSION` on another version of Airflow.

That one is in an environment of its own under `var/`, with the newest packages that go together:
for a version that is not released yet there is no lock.
"""

import os
import re
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from include.errors import ConfigurationError
from include.language import _
from manager.layout import Layout
from manager.lifecycle.virtualenv import phase

# Tests of services mostly wait, so there are more workers than cores. More than six would
# wait for each other's services and databases.
WORKERS = min(3 * (os.cpu_count() or 1), 6)
SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "loadgroup", "--no-loadscope-reorder")
VERSION = re.compile(r"(\d+\.\d+)(\.\d+\w*)?", re.ASCII)
TESTS = (
    "tests/test_airflow_internals.py",
    "tests/scheduling",
    "tests/coverage_page",
    "tests/manager/lifecycle/test_preparing.py",
    "tests/manager/lifecycle/test_supervisord_preload.py",
    "tests/manager/commands/test_connect.py",
)
NOT_COPIED = (".git", ".venv", ".env", "var", "__pycache__", ".*_cache", ".hypothesis")


def test(layout: Layout, arguments: Namespace) -> NoReturn:
    """Hand over to pytest, on all cores, without the caller's Airflow settings."""
    words = arguments.rest
    if words[:1] == ["--airflow"]:
        layout = installed(layout, "".join(words[1:2]))
        words = tests_of(layout, words[2:])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    kept.pop("SCHEDULER_VAR", None)
    # The hundreds of processes that tests start would compile the project again, each of them.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    layout.become(["-m", "pytest", *SIDE_BY_SIDE, *words], kept)


def installed(layout: Layout, version: str) -> Layout:
    """Copy the project beside an environment with that Airflow, and return where.

    Args:
        layout: the installation.
        version: `3.4` for the newest of that line, pre-releases included; `3.4.0b2` for that one.

    Raises:
        ConfigurationError: it is no version.
        ExpectedError: the packages could not be installed.
    """
    matched = VERSION.fullmatch(version)
    if matched is None:
        raise ConfigurationError(
            "--airflow {version!r} is no version: write it like 3.4", version=version
        )
    line, exact = matched.groups()
    airflow = f"apache-airflow=={version}" if exact else f"apache-airflow~={line}.0b0"
    folder = layout.var / f"airflow-{version}"
    project, environment = folder / "project", folder / "venv"
    layout.make_var()
    folder.mkdir(exist_ok=True)
    wanted = "\n".join([airflow, *_packages(layout.root), ""])
    stamp = environment / "installed.txt"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        phase(
            layout,
            _("making {folder}", folder=environment),
            [sys.executable, "-I", "-m", "venv", environment],
        )
        requirements = folder / "requirements.txt"
        requirements.write_text(wanted, "utf-8")
        pip = [str(environment / "bin/python"), "-I", "-m", "pip", "install", "--no-input"]
        phase(layout, _("installing {packages}", packages=airflow), [*pip, "-r", str(requirements)])
        stamp.write_text(wanted, "utf-8")
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(layout.root, project, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (project / ".venv").symlink_to(environment)
    return Layout(root=project, var=project / "var")


def tests_of(layout: Layout, words: Sequence[str]) -> list[str]:
    """Return what pytest is to run: the tests that know Airflow, unless the words name others."""
    paths = (word.partition("::")[0] for word in words if not word.startswith("-"))
    named = any((layout.root / path).exists() for path in paths)
    return [*words] if named else [*TESTS, *words]


def _packages(root: Path) -> list[str]:
    """Return the project's packages without Airflow and without the versions of the locks."""
    lines = [
        line.partition("#")[0].strip()
        for name in ("requirements.in", "requirements-dev.in")
        for line in (root / name).read_text("utf-8").splitlines()
    ]
    return [line for line in lines if line and not line.startswith(("-c", "apache-airflow=="))]
