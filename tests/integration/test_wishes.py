"""What a person may type for a run reaches no shell and no path, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.installation import until

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.integration.installation import Service

RUNS = "/api/v2/dags/erp_store/dagRuns"
# Each is tried in the place of a period, of a shop, of a partition key and of a run's id.
TEXTS = (
    "2025-10-02; touch CANARY",
    "2025-10-02$(touch CANARY)",
    "2025-10-02`touch CANARY`",
    "2025-10-02 | touch CANARY",
    "2025-10-02\n",
    "2025-10-02\ntouch CANARY",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "../../../../CANARY",
    "2025-10-02/../../CANARY",
    "2025-10-02\x00CANARY",
    "２０２５-１０-０２",
    "2025-10-02" * 100_000,
)
WRONG_TYPES: tuple[Any, ...] = (20251002, 1.5, True, ["2025-10-02"], {"$ne": ""})


@pytest.fixture(scope="module")
def canary(quiet: Service) -> Path:
    """Return the file that must never be there."""
    return quiet.var / "canary"


@pytest.fixture(scope="module")
def admin(quiet: Service) -> httpx.Client:
    """Ask as an admin: nobody may do more; once the runs of all jobs are over.

    While tasks start, a refused request may keep Airflow's SQLite busy for its whole timeout: what
    is written of it waits for a task that waits for the one thread which ends requests.
    """
    client = quiet.client("admin")
    at_work = "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1"
    until(lambda: client.get(at_work).json()["total_entries"] == 0)
    return client


def _armed(value: Any, canary: Path) -> Any:
    """Put the canary's path wherever it is named."""
    if isinstance(value, dict):
        return {_armed(key, canary): _armed(one, canary) for key, one in value.items()}
    return value.replace("CANARY", str(canary)) if isinstance(value, str) else value


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_hostile_text_never_becomes_a_run(
    text: str, admin: httpx.Client, canary: Path, quiet: Service
) -> None:
    """Wherever it is put, the request is refused with a word why, and nothing is written."""
    text = _armed(text, canary)
    wishes: tuple[dict[str, Any], ...] = (
        {"conf": {"period": text}},
        {"conf": {"from": text, "to": "2025-10-02"}},
        {"conf": {"shops": [text]}},
        {"partition_key": text},
        {"dag_run_id": text, "conf": {}},
    )
    for wish in wishes:
        answer = admin.post(RUNS, json={"logical_date": None, **wish})
        assert 400 <= answer.status_code < 500, (wish, answer.text[:300])
        assert answer.json()["detail"]
    assert not canary.exists()
    assert admin.get(f"{RUNS}/{'1'}").status_code == 404
    assert not list(quiet.var.rglob("*canary*"))


@pytest.mark.parametrize("value", WRONG_TYPES, ids=str)
def test_a_wrong_type_never_becomes_a_run(value: Any, admin: httpx.Client) -> None:
    """A field of the form takes text, a list of shops or yes and no, as it says."""
    fields = ("period", "from", "to") if not isinstance(value, list) else ("period", "again")
    for field in fields:
        answer = admin.post(RUNS, json={"logical_date": None, "conf": {field: value}})
        assert 400 <= answer.status_code < 500, (field, answer.text[:300])
    answer = admin.post(RUNS, json={"logical_date": None, "conf": [value]})
    assert 400 <= answer.status_code < 500
