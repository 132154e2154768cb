"""`.env`, which docker-compose.yaml needs."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from include import PROJECT_ROOT
from manager.commands.docker_env import EXAMPLE, FERNET_KEY, NAME
from tests.compose_file import PLACEHOLDER, settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in which nothing is installed."""
    for name in ("include", "manager", "config", "scheduler_manager.py", EXAMPLE):
        source = PROJECT_ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    return tmp_path


def docker_env(project: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with a Python that has no packages."""
    return subprocess.run(
        [sys.executable, "-S", "-E", project / "scheduler_manager.py", "docker-env"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_fills_every_place_with_a_fresh_secret(project: Path) -> None:
    """Python alone is enough; nobody else can read the file, and no secret is printed."""
    done = docker_env(project)
    assert done.returncode == 0, done.stderr
    assert not (project / ".venv").exists()
    path = project / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    example, written = settings(project / EXAMPLE, {}), settings(path, {})
    assert written.keys() == example.keys()
    secrets = [value for name, value in written.items() if not example[name]]
    assert len({*secrets}) == len(secrets) > 5
    assert all(len(secret) >= 40 and secret not in done.stdout for secret in secrets)
    assert {name: value for name, value in written.items() if example[name]} == {
        name: value for name, value in example.items() if value
    }
    Fernet(written[FERNET_KEY])


def test_it_never_overwrites_one(project: Path) -> None:
    """What is there stays, and others can no longer read it."""
    docker_env(project)
    path = project / NAME
    path.chmod(0o644)
    before = path.read_bytes()
    done = docker_env(project)
    assert (done.returncode, "left as it is" in done.stdout) == (0, True)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_says_what_an_older_one_lacks(project: Path) -> None:
    """After an update of the project a setting can be missing; the file is left alone."""
    docker_env(project)
    path = project / NAME
    text = re.sub(r"(?m)^(REDIS_PASSWORD|REDIS_IMAGE)=.*\n", "", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    done = docker_env(project)
    assert done.returncode == 78
    assert ".env lacks REDIS_PASSWORD: add a line" in done.stderr
    assert path.read_text("utf-8") == text


def test_every_line_is_explained_and_used() -> None:
    """Above each setting of .env.example there is a comment, and docker-compose.yaml reads it."""
    paragraphs = (PROJECT_ROOT / EXAMPLE).read_text("utf-8").split("\n\n")
    with_settings = [text for text in paragraphs if re.search(r"(?m)^\w+=", text)]
    assert all(text.startswith("# ") for text in with_settings)
    read = "\n".join(
        (PROJECT_ROOT / name).read_text("utf-8")
        for name in ("docker-compose.yaml", "config/airflow.env")
    )
    used = {match["braced"] for match in PLACEHOLDER.finditer(read)}
    assert settings(PROJECT_ROOT / EXAMPLE, {}).keys() <= used
