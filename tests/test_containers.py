"""What the containers are made of: docker-compose.yaml, Dockerfile, .dockerignore."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from manager.commands.docker_env import EXAMPLE
from tests.compose_file import BUILDER, COMPOSE, DOCKERFILE, SETTING, interpolate, settings

ROOT = Path(__file__).parents[1]
FILE: dict[str, Any] = yaml.safe_load((ROOT / COMPOSE).read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
IMAGE = (ROOT / DOCKERFILE).read_text("utf-8").replace("\\\n", " ")
LOCKS = ["requirements.txt", "requirements-cluster.txt"]
LONG_RUNNING = [name for name in SERVICES if name != "init"]


def pinned(package: str) -> set[str]:
    """Return the versions of a package in the locks."""
    text = "".join((ROOT / lock).read_text("utf-8") for lock in LOCKS)
    return set(re.findall(rf"^{re.escape(package)}==(\S+)", text, re.MULTILINE))


def test_the_compose_file_is_valid() -> None:
    """It is what the Compose Specification's own schema describes."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    """What a service publishes is on loopback; only the web UI is published."""
    ports = SERVICES[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) == (name == "api-server")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_writes_to_volumes_and_tmp_only(name: str) -> None:
    """Its root is read-only, its processes are counted, and it gains no rights."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - inside the container
    assert 256 <= service["pids_limit"] <= 1024
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_one_service_builds_the_image_that_all_others_run() -> None:
    """Built once, and never looked for in a registry, where somebody else's may have its name."""
    ours = [name for name, service in SERVICES.items() if ":" not in service["image"]]
    assert len(ours) == 10
    assert {SERVICES[name]["image"] for name in ours} == {SERVICES[BUILDER]["image"]}
    assert {SERVICES[name]["pull_policy"] for name in ours} == {"never"}
    assert [name for name in SERVICES if "build" in SERVICES[name]] == [BUILDER]


def test_an_image_from_elsewhere_can_be_pinned() -> None:
    """By a digest in `.env`; without a line there, by the tag that was tried."""
    for name in ("postgres", "redis"):
        image = SERVICES[name]["image"]
        tried = settings(ROOT / EXAMPLE, {})[f"{name.upper()}_IMAGE"]
        assert interpolate(image, {}) == tried
        pinned_by = f"{tried}@sha256:{'0' * 64}"
        assert interpolate(image, {f"{name.upper()}_IMAGE": pinned_by}) == pinned_by


def test_each_service_reaches_only_whom_it_asks() -> None:
    """Databases and the queue have no way out; the sandbox sees neither them nor the API."""
    joined = {name: {*service["networks"]} for name, service in SERVICES.items()}
    of = {net: {name for name in joined if net in joined[name]} for net in FILE["networks"]}
    for net in ("database", "queue"):
        assert FILE["networks"][net] == {"internal": True}
    assert joined["postgres"] == {"database"}
    assert joined["redis"] == {"queue"}
    assert of["queue"] == {"redis", "scheduler", "worker"}
    assert of["database"] == {*SERVICES} - {"redis", "sandbox"}
    assert of["platforms"] == {"worker", "watchdog", "sandbox"}
    asking = {"scheduler", "dag-processor", "triggerer", "worker", "watchdog", "contract-events"}
    assert of["api"] == {"api-server", *asking}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_service_is_watched_restarted_and_bounded(name: str) -> None:
    """Health check, restart policy, limits of processor and memory, logs that do not grow."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_on_a_command_line(name: str) -> None:
    """Neither a command nor a health check holds one: they come by the environment."""
    service = SERVICES[name]
    words = [*service.get("command", []), *service.get("healthcheck", {}).get("test", [])]
    # Docker Compose fills in before it starts; the shell's own $$NAME is filled in by no command.
    known = settings(ROOT / EXAMPLE, {})
    filled = {name: value or "SECRET" for name, value in known.items()}
    assert not any("SECRET" in interpolate(word, filled) for word in words)


def test_a_worker_gets_no_key_of_airflows() -> None:
    """The team's scripts run there: neither Airflow's database nor its keys are within reach."""
    text = yaml.safe_dump(SERVICES["worker"]["environment"])
    for name in ("POSTGRES_PASSWORD", "FERNET_KEY", "API_SECRET_KEY", "JWT_SECRET", "ADMIN"):
        assert name not in text
        assert name == "ADMIN" or name in yaml.safe_dump(SERVICES["scheduler"]["environment"])


def test_settings_have_one_source() -> None:
    """What config/airflow.env says is repeated only where it differs."""
    delivered = dict(SETTING.findall((ROOT / "config/airflow.env").read_text("utf-8")))
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            assert delivered.get(key) != value, f"{name} repeats {key}"
    airflows = [service for service in SERVICES.values() if "env_file" in service]
    assert len(airflows) == 9
    assert all(service["env_file"] == ["config/airflow.env"] for service in airflows)


def test_all_containers_share_one_var() -> None:
    """Locks, turns, the journal and task logs are files in one volume."""
    for service in SERVICES.values():
        if "env_file" in service:
            assert "var:${SCHEDULER_VAR}" in service["volumes"]


def test_the_image_has_the_airflow_and_the_python_of_the_locks() -> None:
    """Its tag names the pinned version, and a Python that the locks are made for."""
    tag = re.search(r"^ARG AIRFLOW_IMAGE=(apache/airflow:(\S+)-python(\S+))$", IMAGE, re.MULTILINE)
    assert tag
    assert "FROM ${AIRFLOW_IMAGE}\n" in IMAGE
    assert settings(ROOT / EXAMPLE, {})["AIRFLOW_IMAGE"] == tag[1]
    given = SERVICES[BUILDER]["build"]["args"]["AIRFLOW_IMAGE"]
    assert interpolate(given, {}) == tag[1]
    tag = re.fullmatch(r"apache/airflow:(\S+)-python(\S+)", tag[1])
    assert tag
    assert pinned("apache-airflow") == {tag[1]}
    assert tag[2] in ("3.10", "3.11", "3.12", "3.13")


def test_the_image_installs_just_what_the_locks_say() -> None:
    """One installation, of both locks, by hash, into an environment that has nothing else."""
    runs = re.findall(r"^RUN (.*)$", IMAGE, re.MULTILINE)
    installing = [run for run in runs if re.search(r"\b(pip|uv|apt|apt-get|curl|wget)\b", run)]
    assert len(installing) == 1
    made, installed = (part.strip() for part in installing[0].split("&&"))
    assert made == "python3 -m venv .venv"
    words = installed.split()
    assert words[:4] == [".venv/bin/python", "-m", "pip", "install"]
    options = words[4:]
    # Without a search for dependencies: the locks name every one.
    assert {options.pop(0), options.pop(0)} == {"--no-deps", "--require-hashes"}
    assert options[0::2] == ["--requirement"] * len(LOCKS)
    assert options[1::2] == LOCKS


def test_the_executors_of_the_locks_can_be_loaded() -> None:
    """Celery and Kubernetes, in the versions that are pinned beside their providers."""
    code = (
        "import airflow.providers.celery.executors.celery_executor_utils\n"
        "import airflow.providers.cncf.kubernetes.executors.kubernetes_executor"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_secret_gets_into_the_image() -> None:
    """Only named folders are sent to the builder; neither `.env` nor `var/` is among them."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    for name in (".env", "var", ".git", ".venv", "tests"):
        assert not any(fnmatch(name, rule) for rule in let_in)
    for name in (*LOCKS, "config", "dags", "include", "manager", "plugins", "sandbox"):
        assert name in let_in
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {".env", "var/"} <= {*ignored}


def test_the_charts_own_admin_is_switched_off() -> None:
    """By the key of newer charts and by that of older ones: its password is known to everybody."""
    values = yaml.safe_load((ROOT / "deploy/helm/values.yaml").read_text("utf-8"))
    for section in ("createUserJob", "webserver"):
        assert values[section]["defaultUser"]["enabled"] is False
