"""Tokens that end soon, and that no run renews."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.alerts.connections import keys_of, read_connections
from include.alerts.findings import Kind
from include.alerts.watching.airflow_database import opened
from include.gateways.connection import Connection
from include.gateways.dialect import Tokens
from include.gateways.tokens import TokenStore
from include.warehouse import connect
from tests.alerts.watched import at

if TYPE_CHECKING:
    from include.alerts.findings import Finding
    from tests.alerts.watched import Watched

RENEWABLE = {"refresh_token": "second-token"}
NOON = at("12:00").astimezone(timezone.utc)


def _connect(watched: Watched, ends: datetime | None, **more: Any) -> None:
    extra = {"access_token": "first-token-of-the-shop", **more}
    if ends is not None:
        extra["expires_at"] = str(int(ends.timestamp()))
    host = "https://api.jd.com"
    watched.airflow.connect("jd_1", host=host, login="key", password="app-secret-1", extra=extra)


def tokens(watched: Watched) -> list[Finding]:
    """Return what is found at noon."""
    watched.forget()
    return watched.found(kind=Kind.TOKEN)


@pytest.mark.parametrize(
    ("days", "more", "count"),
    [(3.1, {}, 0), (2.9, {}, 1), (2.9, RENEWABLE, 0), (1.9, RENEWABLE, 1)],
)
def test_a_token_is_told_three_days_before_it_ends(
    watched: Watched, days: float, more: dict[str, str], count: int
) -> None:
    """One that the next run renews only when that has not happened for a day."""
    watched.land()
    ends = NOON + timedelta(days=days)
    _connect(watched, ends, **more)
    found = tokens(watched)
    assert len(found) == count
    if found:
        assert found[0].identity == (Kind.TOKEN, "jd_1", "")
        assert found[0].facts["ends"] == ends.replace(microsecond=0).isoformat()
        assert "`python3 scheduler_manager.py connect jd_1`" in found[0].facts["remedy"]


def test_what_was_renewed_counts_in_place_of_the_connections_own(watched: Watched) -> None:
    """One that lives no longer than a day is renewed each time, which is no news."""
    watched.land()
    _connect(watched, NOON + timedelta(days=1), refresh_token="second-token")
    assert len(tokens(watched)) == 1
    connection = Connection.from_env("jd_1", _variables(watched))
    engine = connect(watched.url)
    store = TokenStore(engine)
    renewed = Tokens("new-token", "newer-token", NOON + timedelta(days=100))
    assert store.put(connection, store.open(connection), renewed)
    engine.dispose()
    assert tokens(watched) == []


def test_a_token_that_has_ended_is_told_as_such(watched: Watched) -> None:
    """And the digest names those that end."""
    watched.land()
    _connect(watched, NOON - timedelta(hours=1))
    watched.forget()
    collector = watched.look()
    (found,) = [one for one in collector.findings if one.kind is Kind.TOKEN]
    assert found.facts["what"] == "已到期，自动续期没有成功"
    assert collector.day is not None
    assert [one.connection for one in collector.day.tokens] == ["jd_1"]


def _variables(watched: Watched) -> dict[str, str]:
    with opened(f"sqlite:///{watched.airflow.path}") as connection:
        found = read_connections(connection, ["jd_1"], keys_of(watched.environment))
    return {"AIRFLOW_CONN_JD_1": found["jd_1"]}
