"""A small installation with a clock of its own: a registry, a warehouse and Airflow's database."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cryptography.fernet import Fernet
from sqlalchemy import JSON, MetaData, Table, create_engine, delete, insert, update
from sqlalchemy.pool import NullPool

from include import PROJECT_ROOT
from include.alerts.connections import ChannelConnections
from include.alerts.store import Store
from include.alerts.watching.clock import ClockWatch
from include.alerts.watching.reader import Reader
from include.alerts.watching.scope import RoundInput, Site
from include.registry import load_registry
from include.registry.alerts import load_alerts
from include.units.first_seen import first_seen
from include.units.job_units import LONG_AGO
from include.warehouse import connect
from include.warehouse.tables import ledger, waivers
from tests.airflow_database import put
from tests.coverage.registries import SHANGHAI, row
from tests.warehouses import make_warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.alerts.findings import Finding, Kind
    from include.alerts.watching.scope import Collector, Look

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 7 * * *", script: erp/erp_store.py, platform: erp,
     start: "2026-11-17", tags: [ERP]}
  - {id: jd_store, name: 京东门店数据, cron: "30 7 * * *", script: jd/jd_store.py, platform: jd,
     start: "2026-11-17", deadline: "10:00", retry_delay: 10m}
  - {id: report, name: 日报, cron: "0 8 * * *", script: generate_tasks.py, start: "2026-11-17",
     connections: [mail]}
"""
SHOPS = """
shops:
  - {id: erp-1, platform: erp, name: 示例旗舰店, connection: erp, platform_id: "10001"}
  - {id: jd-1, platform: jd, name: 示例京东旗舰店, connection: jd_1, platform_id: "20001"}
  - {id: jd-2, platform: jd, name: 示例京东专营店, connection: jd_2, platform_id: "20002"}
  - {id: jd-3, platform: jd, name: 示例京东自营店, connection: jd_3, platform_id: "20003"}
"""
JOBS = ("erp_store", "jd_store", "report")
# A morning on which the last period is 2026-11-28.
TODAY, LAST = "2026-11-29", "2026-11-28"
FERNET = "AIRFLOW__CORE__FERNET_KEY"
ADDRESS = "http://127.0.0.1:8080"
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    """Return a moment by Shanghai's clock: of today, unless the text has a day."""
    whole = text if " " in text else f"{TODAY} {text}"
    return datetime.fromisoformat(whole).replace(tzinfo=SHANGHAI)


@cache
def _table(name: str, path: Path) -> Table:
    """Return one of Airflow's own tables, as a file has it."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    return Table(name, MetaData(), autoload_with=engine)


def _empty(kind: Any) -> Any:
    if isinstance(kind, JSON):
        return {}
    return at("00:00") if kind.python_type is datetime else kind.python_type()


@dataclass
class AirflowFile:
    """Airflow's database."""

    path: Path
    model: Path
    key: bytes = field(default_factory=Fernet.generate_key)

    def table(self, name: str) -> Table:
        """Return one of its tables."""
        return _table(name, self.model)

    def change(self, statement: Any) -> None:
        """Write to it."""
        engine = create_engine(f"sqlite:///{self.path}", poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(statement)

    def add(self, table: str, **said: Any) -> None:
        """Add a row; what must have a value, and is given none, is empty."""
        model = self.table(table)
        wanted = [
            one
            for one in model.columns
            if not one.nullable and one.server_default is None and not one.primary_key
        ]
        empty = {one.name: _empty(one.type) for one in wanted if one.name not in said}
        values = {**empty, **said}
        moments = {name: one for name, one in values.items() if isinstance(one, datetime)}
        values |= {name: one.astimezone(timezone.utc) for name, one in moments.items()}
        self.change(insert(model).values(**values))

    def connect(self, conn_id: str, **fields: Any) -> None:
        """Write a connection as the web UI does: password and extra encrypted."""
        cipher, said = Fernet(self.key), dict(fields)
        for name, mark in (("password", "is_encrypted"), ("extra", "is_extra_encrypted")):
            if name in said:
                text = said[name] if isinstance(said[name], str) else json.dumps(said[name])
                said |= {name: cipher.encrypt(text.encode()).decode(), mark: True}
        marks = {"is_encrypted": False, "is_extra_encrypted": False}
        model = self.table("connection")
        self.change(delete(model).where(model.c.conn_id == conn_id))
        self.add("connection", **{"conn_id": conn_id, "conn_type": "http", **marks, **said})

    def heartbeats(self, moment: datetime, **others: datetime) -> None:
        """Write signs of life of the components, some of them of other moments."""
        model = self.table("job")
        self.change(delete(model))
        for kind in ("SchedulerJob", "DagProcessorJob", "TriggererJob"):
            beat = others.get(kind, moment)
            began = beat - timedelta(hours=5)
            self.add("job", job_type=kind, state="running", start_date=began, latest_heartbeat=beat)

    def dag(self, job_id: str, *, is_paused: bool = False) -> None:
        """Add a job's DAG."""
        self.add("dag", dag_id=job_id, bundle_name="dags", is_paused=is_paused, is_stale=False)

    def pause(self, job_id: str) -> None:
        """Pause a job."""
        model = self.table("dag")
        self.change(update(model).where(model.c.dag_id == job_id).values(is_paused=True))

    def run(self, job_id: str, key: str, state: str, moment: datetime, **more: Any) -> None:
        """Add a run of a period."""
        fixed: dict[str, Any] = {
            "dag_id": job_id,
            "run_id": f"{state}_{key}",
            "state": state,
            "partition_key": key,
            "run_type": "scheduled",
            "run_after": moment,
            "queued_at": moment,
            "start_date": moment if state == "running" else None,
            "conf": {},
            "clear_number": 0,
        }
        self.add("dag_run", **fixed | more)

    def task(self, job_id: str, key: str, run_state: str, state: str, **more: Any) -> None:
        """Add the task of a run."""
        fixed: dict[str, Any] = {
            "id": uuid4().hex,
            "task_id": "run",
            "dag_id": job_id,
            "run_id": f"{run_state}_{key}",
            "state": state,
            "pool": "default_pool",
            "pool_slots": 1,
            "try_number": 1,
            "map_index": -1,
        }
        self.add("task_instance", **fixed | more)


class Watched:
    """The installation."""

    def __init__(self, folder: Path, airflow_database: Path) -> None:
        self.root, self.var = folder / "checkout", folder / "var"
        for name in ("config", "include/scripts"):
            shutil.copytree(PROJECT_ROOT / name, self.root / name)
        shutil.rmtree(self.root / "config/tasks")
        (self.root / "config/tasks").mkdir()
        (self.root / "config/contracts.yaml").unlink()
        self.write("config/tasks/tasks.yaml", TASKS)
        self.write("config/shops.yaml", SHOPS)
        self.var.mkdir(exist_ok=True)
        self.warehouse = self.var / "warehouse.db"
        make_warehouse(f"sqlite:///{self.warehouse}")
        engine = connect(self.url)
        first_seen(engine, JOBS, LONG_AGO)
        engine.dispose()
        put(airflow_database, self.var / "airflow")
        self.airflow = AirflowFile(self.var / "airflow/airflow.db", airflow_database)
        self.airflow.connect("warehouse", conn_type="sqlite", host=str(self.warehouse))
        for job_id in JOBS:
            self.airflow.dag(job_id)
        self.airflow.heartbeats(at("12:00"))
        self.environment = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.airflow.path}",
            FERNET: self.airflow.key.decode(),
            "AIRFLOW__API__BASE_URL": ADDRESS,
        }
        secrets = self.var / "secrets.env"
        secrets.write_text(f"{FERNET}={self.airflow.key.decode()}\n", "utf-8")
        self.store = Store(self.var / "alerts.db")
        self._reader: Reader | None = None

    @property
    def url(self) -> str:
        """Where the warehouse is."""
        return f"sqlite:///{self.warehouse}"

    @property
    def site(self) -> Site:
        """What is watched."""
        return Site(self.root, self.var, self.environment)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.root / name).write_text(text, "utf-8")

    def land(
        self,
        *jobs: str,
        days: int = 12,
        last: str = LAST,
        but: Mapping[str, Any] | None = None,
    ) -> None:
        """Land the last days of jobs, all of them unless some are named.

        Args:
            jobs: which.
            days: how many, up to the last period.
            last: that one's key.
            but: what is different of the units that `job shop key` names; None: it has no row.
        """
        registry = load_registry(self.root)
        rows = []
        for job_id in jobs or JOBS:
            job = registry.jobs[job_id]
            period = job.schedule.parse_key(last)
            for _ in range(days):
                for shop in [one.id for one in registry.shops_of(job)] or ["-"]:
                    more = (but or {}).get(f"{job_id} {shop} {period.key}", {})
                    if more is not None:
                        state = {"state": "ok", **more}
                        rows.append(row(job_id, shop, period, state.pop("state"), **state))
                period = job.schedule.preceding(period)
        self.change(insert(ledger).values([vars(one) for one in rows]))

    def set(self, job_id: str, shop: str, key: str = LAST, **values: Any) -> None:
        """Change a row of the ledger."""
        mine = (ledger.c.job_id == job_id, ledger.c.shop_id == shop, ledger.c.period_key == key)
        self.change(update(ledger).where(*mine).values(**values))

    def waive(self, job_id: str, shop: str, key: str = LAST) -> None:
        """Waive a unit."""
        period = load_registry(self.root).jobs[job_id].schedule.parse_key(key)
        said = {"job_id": job_id, "shop_id": shop, "period_key": key, "reason": "店铺装修"}
        said |= {"period_start": period.start, "period_end": period.end, "waived_by": "lin"}
        moments = {name: value for name, value in said.items() if isinstance(value, datetime)}
        said |= {name: value.astimezone(timezone.utc) for name, value in moments.items()}
        self.change(insert(waivers).values(waived_at=at("11:00").astimezone(timezone.utc), **said))

    def change(self, statement: Any) -> None:
        """Write to the warehouse."""
        engine = connect(self.url)
        with engine.begin() as connection:
            connection.execute(statement)
        engine.dispose()

    def look(self, now: str = "12:00", looks: Mapping[str, Look] | None = None) -> Collector:
        """Return what one round gathers."""
        credentials = ChannelConnections(self.store, self.environment)
        if self._reader is None:
            clock = ClockWatch(elapsed=lambda: 0.0, difference=lambda _host: None)
            self._reader = Reader(self.site, credentials, clock)
        moment = at(now).astimezone(timezone.utc)
        alerts = self.store.alerts()
        asked = RoundInput(
            moment,
            load_alerts(self.root),
            tuple(one.finding.identity for one in alerts),
            ("alert_dingtalk",),
            began=moment - timedelta(hours=1),
            looks=looks or {},
        )
        return self._reader.look(asked)

    def found(self, now: str = "12:00", kind: Kind | None = None) -> list[Finding]:
        """Return what a round finds, of a kind."""
        findings = self.look(now).findings
        return [one for one in findings if kind in (None, one.kind)]

    def forget(self) -> None:
        """Begin with a new reader, as a new process does."""
        self._reader = None
