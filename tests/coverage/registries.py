"""Registries and ledger rows for tests of coverage."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.registry import Job, Registry, Shop
from include.units.unit import LedgerRow

if TYPE_CHECKING:
    from include.periods import Period

# Of what has been there for long.
START = "2025-01-01"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """Return a moment on Shanghai's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def job(id_: str, cron: str = "0 7 * * *", period: str = "day", **more: Any) -> Job:
    """Return an entry of the registry."""
    script = "generate_tasks.py"
    said = {"id": id_, "name": id_, "cron": cron, "period": period, "script": script}
    return Job.model_validate(_as_written(said | {"start": START} | more))


def shop(id_: str, **more: Any) -> Shop:
    """Return a shop whose id says its platform and its number."""
    platform, _, number = id_.partition("-")
    said = {"platform": platform, "name": id_, "connection": platform, "platform_id": number}
    return Shop.model_validate(_as_written({"id": id_, **said, **more}))


def registry(jobs: list[Job], shops: list[Shop] | None = None) -> Registry:
    """Return a registry of them."""
    return Registry({one.id: one for one in jobs}, [], {one.id: one for one in shops or []})


def row(job_id: str, shop_id: str, period: Period, state: str, **more: Any) -> LedgerRow:
    """Return a row of the ledger; what runs was heard of just now."""
    begun = period.end.astimezone(timezone.utc) + timedelta(hours=8)
    said: dict[str, Any] = {
        "period_key": period.key,
        "period_start": period.start.astimezone(timezone.utc),
        "period_end": period.end.astimezone(timezone.utc),
        "state": state,
        "rows": 10 if state == "ok" else 0 if state == "empty" else None,
        "attempts": 0 if state == "pending" else 1,
        "exit_code": {"ok": 0, "empty": 0, "failed": 75}.get(state),
        "error": "the gateway answered 503" if state == "failed" else None,
        "run_id": None if state == "pending" else "run-1",
        "started_at": None if state == "pending" else begun,
        "finished_at": begun if state in ("ok", "empty", "failed") else None,
        "heartbeat_at": None if state == "pending" else begun,
        "place": None,
        "table_name": "a_table" if state in ("ok", "empty") else None,
    }
    return LedgerRow(job_id, shop_id, **{**said, **more})


def _as_written(entry: dict[str, Any]) -> dict[str, Any]:
    """Write days as the files do."""
    return {key: str(value) if isinstance(value, date) else value for key, value in entry.items()}
