"""The environment the components run in: what the user has, config/airflow.env and the secrets."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from string import Template

from include import SETTINGS_FILE
from include.errors import ConfigurationError
from include.language import CHOSEN
from include.running.environment import PRIVATE
from manager.layout import Layout
from manager.lifecycle.ports import Ports

FERNET = "AIRFLOW__CORE__FERNET_KEY"
SESSIONS = ("AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"

# Left behind by a shell, these would quietly win over config/airflow.env or mislead Python.
STRAY_PREFIXES = ("AIRFLOW", "SCHEDULER_", "_AIRFLOW")
STRAY = PRIVATE | {"PYTHONHOME", "WAREHOUSE_URL", "RUN_ID"}


def component_environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return the whole environment of a component.

    Raises:
        ConfigurationError: config/airflow.env has a line that cannot be read.
    """
    environment = {key: value for key, value in os.environ.items() if not _stray(key)}
    places = {
        "SCHEDULER_ROOT": str(layout.root),
        "SCHEDULER_VAR": str(layout.var),
        "SCHEDULER_HOST": ports.host,
        "SCHEDULER_LOCAL_HOST": ports.local_host,
        "SCHEDULER_URL": ports.url,
        "SCHEDULER_LOCAL_URL": ports.local_url,
        "SCHEDULER_PORT": str(ports.api),
        "SCHEDULER_WORKER_LOG_PORT": str(ports.worker_log),
        "SCHEDULER_TRIGGER_LOG_PORT": str(ports.trigger_log),
        "SCHEDULER_SANDBOX_PORT": str(ports.sandbox),
    }
    environment.update(places)
    environment.update(_read(layout, layout.root / SETTINGS_FILE, places))
    environment.update(_read(layout, layout.secrets, {}) if layout.secrets.exists() else {})
    for name in ("NO_PROXY", "no_proxy"):  # components talk to each other past a company's proxy
        given = [environment[name]] if environment.get(name) else []
        here = dict.fromkeys(("127.0.0.1", "localhost", ports.local_host))
        environment[name] = ",".join([*given, *here])
    # BashOperator's `python` must be the one that has the packages.
    environment["PATH"] = f"{layout.venv / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return environment


def service_environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return the whole environment of a component, with all secrets made."""
    environment = component_environment(layout, ports)
    write_secrets(layout, environment)
    return environment


def write_secrets(layout: Layout, environment: dict[str, str]) -> None:
    """Make the keys and the web users' passwords that are missing, readable to their owner only.

    Args:
        layout: where they go.
        environment: says which users there are; gets the new keys.

    Raises:
        ConfigurationError: the key of what is stored is gone.
    """
    kept = _read(layout, layout.secrets, {}) if layout.secrets.exists() else {}
    if not kept.get(FERNET) and (layout.airflow_home / "airflow.db").exists():
        raise ConfigurationError(
            "{secrets} lacks {key}, with which the stored connections are encrypted: put "
            "it back, or bring a backup back with `{manager} restore`; to start again without "
            "them, remove {home}",
            secrets=layout.shown(layout.secrets),
            key=FERNET,
            home=layout.shown(layout.airflow_home),
        )
    made = {FERNET: new_fernet_key(), **{key: secrets.token_hex(32) for key in SESSIONS}}
    if missing := {key: value for key, value in made.items() if not kept.get(key)}:
        keep_secrets(layout, missing)
    layout.secrets.chmod(0o600)
    environment.update(_read(layout, layout.secrets, {}))

    known = json.loads(layout.passwords.read_text("utf-8")) if layout.passwords.exists() else {}
    users = [user.split(":")[0].strip() for user in environment[USERS].split(",")]
    passwords = {user: known.get(user) or secrets.token_urlsafe(12) for user in users}
    if passwords != known:
        write_private(layout.passwords, json.dumps({**known, **passwords}) + "\n")
    layout.passwords.chmod(0o600)


def keep_secrets(layout: Layout, changed: Mapping[str, str | None]) -> None:
    """Write keys in place of those that are there, or, without a value, forget them.

    All else that somebody wrote into the file stays as it is.
    """
    if layout.secrets.exists():
        lines = layout.secrets.read_text("utf-8").splitlines()
    else:
        lines = ["# Losing this file loses the stored connections."]
    kept = [line for line in lines if line.partition("=")[0].strip() not in changed]
    new = [f"{key}={value}" for key, value in changed.items() if value]
    write_private(layout.secrets, "\n".join([*kept, *new]) + "\n")


def new_fernet_key() -> str:
    """Make a key that encrypts the passwords of connections."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _stray(key: str) -> bool:
    return key != CHOSEN and (key.startswith(STRAY_PREFIXES) or key in STRAY)


def _read(layout: Layout, path: Path, places: dict[str, str]) -> dict[str, str]:
    """Return the settings of one file with its placeholders filled in."""
    settings = {}
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            "{path}:{number}: holds byte 0x{byte:02x}, which is not UTF-8: save the file as UTF-8",
            path=layout.shown(path),
            number=number,
            byte=error.object[error.start],
        ) from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = line.partition("=")
        where = f"{layout.shown(path)}:{number}"
        if not equals or not key.strip().isidentifier():
            raise ConfigurationError(
                "{where}: {line!r} is not a setting: write KEY=value", where=where, line=line
            )
        try:
            settings[key.strip()] = Template(value.strip()).substitute(places)
        except KeyError as error:
            raise ConfigurationError(
                "{where}: placeholder ${{{name}}} is unknown: expected one of {places}",
                where=where,
                name=error.args[0],
                places=[*places],
            ) from None
        except ValueError:
            raise ConfigurationError(
                "{where}: {value!r} has a stray $: write $$ for the sign itself",
                where=where,
                value=value.strip(),
            ) from None
    return settings


def write_private(path: Path, text: str) -> None:
    """Write a file that no other user can ever read, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
