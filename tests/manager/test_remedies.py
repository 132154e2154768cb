"""What a message names as its repair repairs it, typed in the state in which it is said."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import text

from include.registry.airflow_objects import connections
from include.warehouse import connect, migrating
from tests.integration.installation import system_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.layout import Layout
    from tests.conftest import Sandbox

NAMED = re.compile(r"`([^`]+)`")
SECONDS = 120


@pytest.fixture(scope="module")
def layout(prepared: Callable[[], Layout]) -> Layout:
    """Return an installation as delivered, that is not running."""
    return prepared()


def typed(layout: Layout, words: list[str], answers: str = "") -> tuple[int, str]:
    """Type a command in the project's folder; give its exit code and all that it prints."""
    if words[:2] == ["python3", "scheduler_manager.py"]:
        words = [str(system_python()), *words[1:]]
    done = subprocess.run(
        words,
        cwd=layout.root,
        env={name: value for name, value in os.environ.items() if name != "SCHEDULER_VAR"},
        input=answers,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def manage(layout: Layout, line: str) -> tuple[int, str]:
    """Type a command of the manager."""
    return typed(layout, ["python3", "scheduler_manager.py", *shlex.split(line)])


def repair_in(said: str, about: str) -> list[str]:
    """Return the first command that the line about something names."""
    (line,) = [line for line in said.splitlines() if about in line]
    found = NAMED.search(line)
    assert found, line
    return shlex.split(found[1])


def put_older_warehouse(layout: Layout) -> None:
    """Copy one of an older version into its place, as people restore."""
    for path in layout.var.glob("warehouse.db*"):
        path.unlink()
    layout.warehouse.touch()
    engine = connect(f"sqlite:///{layout.warehouse}")
    with engine.begin() as connection:
        command.upgrade(migrating._config(connection), "0003")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()


def test_an_older_warehouse_is_repaired_by_what_is_said(layout: Layout) -> None:
    """Whichever command meets it names one command; that is typed once, and all are content."""
    put_older_warehouse(layout)
    repairs = []
    for complaint, wanted in {"gaps": 78, "report": 78, "doctor": 1}.items():
        code, said = manage(layout, complaint)
        assert (code, "Traceback" in said) == (wanted, False)
        repairs.append(repair_in(said, "of version 0003"))
    assert repairs[0] == repairs[1] == repairs[2]
    code, repaired = typed(layout, repairs[0])
    assert code == 0, repaired
    for complaint in ("gaps", "report"):
        assert "of version 0003" not in manage(layout, complaint)[1]


def test_what_doctor_finds_is_repaired_by_what_is_said(layout: Layout, sandbox: Sandbox) -> None:
    """A connection's command asks for its fields; keys that others could read are closed."""
    layout.secrets.chmod(0o644)
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        database.execute("DELETE FROM connection WHERE conn_id = 'jd_1'")
        database.commit()
    code, said = manage(layout, "doctor")
    assert code == 1
    repair = repair_in(said, "connection 'jd_1' is missing")
    fields = connections(sandbox.base_url)["jd_1"]
    token = json.loads(fields["extra"])["access_token"]
    lines = [sandbox.base_url, fields["login"], fields["password"], token, ""]
    code, repaired = typed(layout, repair, "".join(f"{line}\n" for line in lines))
    assert code == 0, repaired
    code, _ = typed(layout, repair_in(said, "var/secrets.env has mode 0644"))
    assert code == 0
    again = manage(layout, "doctor")[1]
    assert [word for word in ("of version 0003", "is missing", "has mode") if word in again] == []
