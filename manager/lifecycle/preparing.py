"""Call `python -m include.prepare`, when something changed since it was called last."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path

from include import METADATA_URL
from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _
from manager.airflow.tables import StoredWarehouse, prepared_state, stored_warehouse
from manager.layout import Layout, log_end
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import service_environment

# What preparing depends on, besides Airflow's version, the ports and the warehouse's connection.
SOURCES = (
    "requirements.txt",
    "config/pools.json",
    "config/connections.json",
    "include/prepare.py",
)
MIGRATIONS = "include/warehouse/migrations/versions"
LOST = N_(
    "the warehouse {where} is gone, or has no tables any more: put it back, or bring a backup back "
    "with `python3 scheduler_manager.py restore FILE`. Where it is to begin empty, as if nothing "
    "had landed yet: `python3 scheduler_manager.py migrate`"
)


def prepared_environment(layout: Layout) -> dict[str, str]:
    """Return the components' environment, with databases that are in order."""
    layout.make_var()
    with layout.lock():
        environment = service_environment(layout, remembered(layout))
        prepare(layout, environment)
    return environment


def prepare(layout: Layout, environment: dict[str, str]) -> None:
    """Prepare the databases unless that was done and nothing changed since.

    Args:
        layout: the installation.
        environment: the components' one; says which databases and ports.

    Raises:
        ConfigurationError: the warehouse of the last time is gone; an empty one in its place would
            look as if nothing had landed yet.
        ExpectedError: it failed; the text ends with the last lines of the log.
    """
    found = stored_warehouse(environment)
    if is_prepared(layout, environment, found):
        return
    if found and found.is_empty and found.where in _stamp(layout)[1:]:
        raise ConfigurationError(LOST, where=found.where)
    log = layout.logs / "prepare.log"
    print(_("preparing the databases ..."), end="", flush=True)
    with log.open("w") as file:
        done = subprocess.run(
            [layout.python, "-m", "include.prepare", "--migrate-airflow"],
            cwd=layout.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must not cut a migration in two
            check=False,
        )
    print(_(" done") if done.returncode == 0 else _(" failed"), flush=True)
    if done.returncode != 0:
        raise ExpectedError(
            "{end}the databases could not be prepared; the lines above end {log}",
            end=log_end(log),
            log=layout.shown(log),
        )
    made = stored_warehouse(environment)
    lines = [_fingerprint(layout, environment), *([made.where] if made else [])]
    (layout.var / "prepared").write_text("\n".join(lines), "utf-8")


def is_prepared(layout: Layout, environment: dict[str, str], found: StoredWarehouse | None) -> bool:
    """Return whether the databases are as the code, the settings and the connection want them.

    The stamp of the last time only says whether anything changed since; what version a database
    has, it says itself: somebody may have put another one in its place.

    Args:
        layout: the installation.
        environment: the components'.
        found: the warehouse, as `stored_warehouse` has found it.
    """
    if found is None or found.is_behind:
        return False
    return _stamp(layout)[:1] == [_fingerprint(layout, environment)]


def prepare_again(layout: Layout) -> None:
    """Have the next start prepare the databases; that there was a warehouse stays known.

    Raises:
        OSError: the stamp cannot be written.
    """
    lines = ["", *_stamp(layout)[1:]]
    (layout.var / "prepared").write_text("\n".join(lines), "utf-8")


def _stamp(layout: Layout) -> list[str]:
    """Return what the last preparing has left: its fingerprint, and where the warehouse was."""
    stamp = layout.var / "prepared"
    return stamp.read_text("utf-8").splitlines() if stamp.exists() else []


def _fingerprint(layout: Layout, environment: dict[str, str]) -> str:
    """Return a hash over what preparing depends on, and what it leaves in Airflow's database."""
    names = [*SOURCES, *sorted(path.name for path in (layout.root / MIGRATIONS).glob("*.py"))]
    parts: list[str] = [
        version("apache-airflow"),
        *names,
        *(_text(layout.root / source) for source in SOURCES),
        *(f"{key}={environment.get(key)}" for key in (METADATA_URL, "SCHEDULER_SANDBOX_PORT")),
        str((layout.var, layout.warehouse.exists(), prepared_state(environment))),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _text(source: Path) -> str:
    """Return a file's text; what is wrong with one that people edit `check` says."""
    return source.read_text("utf-8", errors="replace") if source.exists() else ""
