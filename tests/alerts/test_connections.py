"""The connections that messages are sent with: Airflow's, kept encrypted for when it is gone."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from include.alerts.connections import ChannelConnections, keys_of, read_connections
from include.alerts.watching.airflow_database import opened
from include.alerts.watching.health import DatabaseGoneError
from include.errors import ConfigurationError
from tests.alerts.watched import at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.watched import Watched

NOON = at("12:00").astimezone(timezone.utc)
SECRET = "SECfedcba9876543210"


@pytest.fixture
def hook(watched: Watched) -> Watched:
    """Return an installation with a channel's connection."""
    watched.airflow.connect("hook", host="https://robot.example", password=SECRET, extra={"a": "b"})
    return watched


def stored(watched: Watched, *ids: str) -> dict[str, str]:
    """Return what Airflow's database has."""
    with opened(watched.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]) as connection:
        return read_connections(connection, ids, keys_of(watched.environment))


def credentials(watched: Watched, **more: str) -> ChannelConnections:
    """Return those of a new process."""
    return ChannelConnections(watched.store, {**watched.environment, **more})


def test_a_connection_is_read_as_airflow_writes_it(hook: Watched) -> None:
    """Password and extra decrypted; one that is not there, or of another key, is left out."""
    found: dict[str, Any] = json.loads(stored(hook, "hook", "nothing")["hook"])
    assert found == {
        "conn_type": "http",
        "host": "https://robot.example",
        "password": SECRET,
        "extra": '{"a": "b"}',
    }
    hook.environment["AIRFLOW__CORE__FERNET_KEY"] = Fernet.generate_key().decode()
    assert stored(hook, "hook") == {}


def test_what_was_read_is_kept_without_anybody_being_able_to_read_it(hook: Watched) -> None:
    """A new process has it although Airflow's database is gone; the environment wins."""
    credentials(hook).refresh(stored(hook, "hook"), ["hook"], NOON)
    given = credentials(hook).variables(["hook"])
    assert json.loads(given["AIRFLOW_CONN_HOOK"])["password"] == SECRET
    files = [path.read_bytes() for path in hook.var.glob("alerts.db*")]
    assert not any(SECRET.encode() in content for content in files)
    own = credentials(hook, AIRFLOW_CONN_HOOK="https://own.example").variables(["hook"])
    assert own == {"AIRFLOW_CONN_HOOK": "https://own.example"}
    other = credentials(hook, AIRFLOW__CORE__FERNET_KEY=Fernet.generate_key().decode())
    assert other.variables(["hook"]) == {}


def test_it_is_written_again_when_it_changes_or_is_an_hour_old(hook: Watched) -> None:
    """Not in each round: that would be a write to the disk for nothing."""
    kept = credentials(hook)
    for after, written in ((0, NOON), (59, NOON), (60, NOON + timedelta(hours=1))):
        kept.refresh(stored(hook, "hook"), ["hook"], NOON + timedelta(minutes=after))
        found = hook.store.kept_credentials("hook")
        assert found is not None
        assert found[1] == written
    hook.airflow.connect("hook", host="https://robot.example", password="another")
    changed = NOON + timedelta(minutes=61)
    kept.refresh(stored(hook, "hook"), ["hook"], changed)
    found = hook.store.kept_credentials("hook")
    assert found is not None
    assert found[1] == changed


def test_the_warehouse_is_found_in_whatever_form_its_connection_has(watched: Watched) -> None:
    """Airflow's row, JSON or a URI; without one the error says what to do."""
    with pytest.raises(ConfigurationError, match="connection 'warehouse' is missing"):
        credentials(watched).warehouse_url()
    mine = credentials(watched)
    mine.refresh(stored(watched, "warehouse"), ["warehouse"], NOON)
    assert mine.warehouse_url() == watched.url
    uri = "postgres://lin:p%40ss@db.example:5432/warehouse"
    assert credentials(watched, AIRFLOW_CONN_WAREHOUSE=uri).warehouse_url() == (
        "postgresql+psycopg2://lin:p%40ss@db.example:5432/warehouse"
    )


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """As SQLite would."""
    with pytest.raises(DatabaseGoneError), opened(f"sqlite:///{tmp_path}/none.db"):
        pass
    assert not (tmp_path / "none.db").exists()
