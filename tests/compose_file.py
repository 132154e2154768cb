"""docker-compose.yaml as Docker Compose reads it, its services as processes of this machine.

What is done differently from containers: a service's host name is 127.0.0.1, its folders and ports
are those of the test (by way of `.env`), and the image is this machine with the image's variables.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BUILDER = "init"  # the service that builds the image of all others
COMPOSE, DOCKERFILE, DOT_ENV = "docker-compose.yaml", "Dockerfile", ".env"
PLACEHOLDER = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<braced>\w+)(?:(?P<how>:?[-?])(?P<word>[^}]*))?\}|(?P<plain>\w+))"
)
SETTING = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
# What a process has of this machine, since it runs here.
OF_THE_MACHINE = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Service:
    """One service: what runs, with which environment, and what tells that it is well."""

    name: str
    command: list[str]
    environment: dict[str, str]
    health: list[str]
    described: dict[str, Any]


class Compose:
    """A project's docker-compose.yaml with its `.env`.

    Args:
        root: the project's folder.
        hosts: how commands and variables name another host, such as `@postgres:5432`, to what that
            is on this machine.
    """

    def __init__(self, root: Path, hosts: dict[str, str]) -> None:
        self._root = root
        self._hosts = hosts
        self.dot_env = settings(root / DOT_ENV, {})
        text = (root / COMPOSE).read_text("utf-8")
        self.file: dict[str, Any] = self._filled(yaml.safe_load(text))

    def service(self, name: str) -> Service:
        """Return a service as a process of this machine."""
        described = self.file["services"][name]
        environment = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
        built = self.file["services"][BUILDER]["image"]
        environment |= self._of_image(environment) if described["image"] == built else {}
        for file in described.get("env_file", []):
            environment |= settings(self._root / file, self.dot_env)
        environment |= described.get("environment", {})
        return Service(
            name,
            self._here(described.get("command", [])),
            {key: self._here([value])[0] for key, value in environment.items()},
            self._here(_health_command(described["healthcheck"]["test"]))
            if "healthcheck" in described
            else [],
            described,
        )

    def _of_image(self, environment: dict[str, str]) -> dict[str, str]:
        """Return the variables that the Dockerfile sets, its folder being the project's."""
        text = (self._root / DOCKERFILE).read_text("utf-8").replace("\\\n", " ")
        found: dict[str, str] = {}
        for line in re.findall(r"^ENV (.*)$", text, re.MULTILINE):
            for word in shlex.split(line):
                name, _, value = word.partition("=")
                value = value.replace("/opt/store-data", str(self._root))
                found[name] = interpolate(value, {**environment, **found})
        return found

    def _filled(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._filled(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._filled(value) for value in node]
        return interpolate(node, self.dot_env) if isinstance(node, str) else node

    def _here(self, words: list[str]) -> list[str]:
        for there, here in self._hosts.items():
            words = [word.replace(there, here) for word in words]
        return words


def interpolate(text: str, values: dict[str, str]) -> str:
    """Fill in placeholders as Docker Compose does; one without a value that must have one fails."""

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name = match["braced"] or match["plain"]
        value = values.get(name)
        if match["how"] and (value is None or (not value and match["how"].startswith(":"))):
            if match["how"].endswith("?"):
                raise KeyError(f"{name}: {match['word']}")
            return match["word"]
        if value is None:
            raise KeyError(f"{name} is not set, and Docker Compose would take it for empty")
        return value

    return PLACEHOLDER.sub(fill, text)


def settings(path: Path, values: dict[str, str]) -> dict[str, str]:
    """Read a file of `KEY=value` lines with the placeholders filled in."""
    found = SETTING.findall(path.read_text("utf-8"))
    return {name: interpolate(value, values) for name, value in found}


def _health_command(test: list[str]) -> list[str]:
    kind, *words = test
    return words if kind == "CMD" else ["sh", "-c", *words]
