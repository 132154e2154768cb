"""Programs ask the web server whether a period of a contract is complete."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from include.coverage_page import contract_routes, permissions, repairing
from include.coverage_page.repairing import Accepted
from include.coverage_page.routes import make_app
from include.registry import load_registry
from include.registry.contracts import CONTRACTS_FILE, load_contracts
from include.warehouse.transactions import now as clock_of
from tests.contracts.contracted import KEY, SHOPS, Contracted
from tests.coverage_page.test_waiving import Anna

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def contracted(
    tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Contracted]:
    """Return a project that is the web server's own; who asks may look at all of its jobs."""
    project = Contracted(tmp_path / "project", warehouse_url)
    monkeypatch.setattr(contract_routes, "warehouse", lambda: project.engine)
    monkeypatch.setattr(contract_routes, "load_registry", lambda: load_registry(project.root))
    monkeypatch.setattr(
        contract_routes, "load_contracts", lambda registry: load_contracts(project.root, registry)
    )
    monkeypatch.setattr(repairing, "PROJECT_ROOT", project.root)
    monkeypatch.setattr(permissions, "visible", lambda _user: set(SHOPS))
    yield project
    project.engine.dispose()


def _get(contract: str, period: str = KEY) -> httpx.Response:
    return _ask(f"/contracts/{contract}/{period}")


def _ask(path: str, method: str = "GET") -> httpx.Response:
    """Ask as somebody whom Airflow knows."""
    app = make_app()
    for needed in (permissions.MAY_LOOK.dependency, permissions.get_user):
        app.dependency_overrides[needed] = lambda: None

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


def test_complete_or_what_is_missing(contracted: Contracted) -> None:
    """It answers 200 either way; of what is missing it says job, shop and remedy."""
    contracted.land_all(but=("o-2",))
    told = _get("day").json()
    assert (told["complete"], told["contract"], told["period"]) == (False, "day", KEY)
    (missing,) = told["missing"]
    assert (missing["job"], missing["shop"], len(missing["remedies"])) == ("orders", "o-2", 1)
    contracted.land("orders", "o-2")
    answer = _get("day")
    told = answer.json()
    assert (answer.status_code, told["complete"], told["revision"]) == (200, True, 1)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("contracted")
def test_what_is_not_there() -> None:
    """A contract or a period that there is not is 404, and what was meant is said."""
    answer = _get("dai")
    assert (answer.status_code, "did you mean 'day'?" in answer.text) == (404, True)
    answer = _get("day", "2025-10")
    assert (answer.status_code, "write it like 2025-10-02" in answer.text) == (404, True)


def test_what_nobody_knows_now(contracted: Contracted) -> None:
    """A contract whose entry is broken is 503, with the reason, and not 404; HEAD says the same."""
    assert _ask(f"/contracts/day/{KEY}", "HEAD").status_code == 200
    for entry in ({"id": "day", "name": "日", "jobs": ["ordres"]}, {"id": "day"}):
        contracted.write(entry)
        answer = _get("day")
        assert (answer.status_code, "config/contracts.yaml:" in answer.text) == (503, True)
        assert _get("dai").status_code == 404
    (contracted.root / CONTRACTS_FILE).write_text("contracts: [", "utf-8")
    answer = _ask(f"/contracts/day/{KEY}", "HEAD")
    assert (answer.status_code, answer.text) == (503, "")


def test_who_may_not_look_at_its_jobs(
    contracted: Contracted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For them it is as if there were none, and nothing is written in their name."""
    contracted.land_all()
    monkeypatch.setattr(permissions, "visible", lambda _user: {"orders", "refunds"})
    for name in ("day", "dai"):
        answer = _get(name)
        assert answer.status_code == 404
        assert answer.json() == {"detail": f"there is no contract '{name}'"}
    assert contracted.written() == []


def test_a_waiver_on_the_page_completes_it(contracted: Contracted) -> None:
    """It is written when the last gap is waived."""
    contracted.land_all(but=("o-2",))
    wish = Accepted(job="orders", key=KEY, shop="o-2", reason="closed")
    registry = load_registry(contracted.root)
    repairing.waive(contracted.engine, registry, registry.jobs["orders"], wish, Anna())
    assert contracted.written() == [("day", KEY, 1, 4)]
    assert _get("day").json()["units"] == {"needed": 5, "landed": 4, "waived": 1}


def _yesterday(contracted: Contracted) -> str:
    with contracted.engine.connect() as connection:
        return contracted.contract().calendar.last_ended(clock_of(connection)).key


def test_the_last_periods_of_all_contracts(contracted: Contracted) -> None:
    """One request tells of each whether it is complete and since when, or how much is missing."""
    key = _yesterday(contracted)
    contracted.land_all(key)
    contracted.completed(periods=[contracted.unit("orders", "o-1", key).period])
    week = {"id": "week", "name": "周", "jobs": list(SHOPS), "period": "week"}
    contracted.write({"id": "day", "name": "日", "jobs": list(SHOPS)}, week)
    told = _ask("/data/contracts").json()
    assert told["problems"] == []
    assert [group["name"] for group in told["groups"]] == ["day", "week-saturday"]
    days = told["groups"][0]
    assert (len(days["axis"]), days["axis"][-1]) == (14, key)
    (row,) = days["contracts"]
    assert (row["id"], row["name"], row["zone"]) == ("day", "日", "Asia/Shanghai")
    last, before = row["cells"][-1], row["cells"][-3]
    assert (last["how"], last["missing"], last["revision"]) == ("complete", {}, 1)
    assert last["complete_at"] is not None
    missing = {job_id: len(shops) for job_id, shops in SHOPS.items()}
    assert (before["how"], before["missing"], before["complete_at"]) == ("late", missing, None)


def test_all_contracts_but_those_of_others(
    contracted: Contracted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not look at a job of a contract sees nothing of it, nor what is wrong in its file."""
    day = {"id": "day", "name": "日", "jobs": list(SHOPS)}
    contracted.write(day, {"id": "few", "name": "少", "jobs": ["orders"]}, {"id": "wrong"})
    told = _ask("/data/contracts").json()
    assert [row["id"] for row in told["groups"][0]["contracts"]] == ["day", "few"]
    assert "wrong" in told["problems"][0]
    monkeypatch.setattr(permissions, "visible", lambda _user: {"orders", "refunds"})
    told = _ask("/data/contracts").json()
    assert [row["id"] for row in told["groups"][0]["contracts"]] == ["few"]
    assert told["problems"] == []


def test_no_contracts(contracted: Contracted) -> None:
    """The page then shows none."""
    (contracted.root / "config/contracts.yaml").unlink()
    assert _ask("/data/contracts").json() == {"groups": [], "problems": []}
