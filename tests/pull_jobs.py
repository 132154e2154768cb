"""The pull jobs, and a warehouse into which tests pull one shop's period of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import and_, select

from include.gateways.limiter import Limit
from include.platforms.jd.dialect import Jd
from include.platforms.jushuitan.dialect import Jushuitan
from include.platforms.pdd.dialect import Pdd
from include.pulling import Landing, Window, pull
from include.registry import load_registry
from include.registry.airflow_objects import connections
from include.registry.platforms import PLATFORMS
from include.units.ledger import Ledger
from include.units.unit import LedgerRow
from include.units.unit import Unit as LedgerUnit
from include.warehouse import connect, tables
from include.warehouse.types import Measure, Money
from tests.conftest import HTTP
from tests.runner import ForkedScript, Runner, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sqlalchemy

    from include.gateways.client import GatewayClient
    from include.periods import Period
    from include.registry import Shop

ROOT = Path(__file__).parents[1]
JOBS = load_registry(ROOT).jobs
# The warehouse's columns, and the truth's names of them where they differ.
ERP_NAMES = {
    "order_id": "o_id",
    "online_order_id": "so_id",
    "status": "status",
    "order_time": "order_date",
    "pay_time": "pay_date",
    "pay_amount": "pay_amount",
    "paid_amount": "paid_amount",
    "freight": "freight",
    "item_count": "item_count",
    "modified_time": "modified",
    "version": "ts",
}
JD_NAMES = {
    "order_id": "orderId",
    "status": "orderState",
    "order_time": "orderStartTime",
    "pay_time": "paymentConfirmTime",
    "pay_amount": "shouldPay",
    "paid_amount": "actualPay",
    "freight": "freightPrice",
    "seller_discount": "totalSellerDiscount",
    "item_count": "itemCount",
    "modified_time": "modified",
}
PDD_NAMES = {
    "refund_id": "id",
    "order_sn": "order_sn",
    "after_sales_type": "after_sales_type",
    "after_sales_status": "after_sales_status",
    "dispute_status": "dispute_refund_status",
    "reason": "after_sale_reason",
    "refund_amount": "refund_amount",
    "order_amount": "order_amount",
    "goods_id": "goods_id",
    "created_time": "created_time",
    "updated_time": "updated_time",
}
RUN_ID = "a run of the tests"
Rows = dict[Any, tuple[Any, ...]]


class WideErp(Jushuitan):
    """聚水潭 without the waits of its limits."""

    limits = (Limit(1000, 1),)


class WideJd(Jd):
    """京东 without the waits of its limits."""

    limits = (Limit(1000, 1),)


class WidePdd(Pdd):
    """拼多多 without the waits of its limits."""

    limits = (Limit(1000, 1, per="shop"), Limit(1000, 1))


@dataclass(frozen=True, eq=False)
class PullJob:
    """One pull job as tests know it.

    Attributes:
        id: in the registry.
        dialect: as the sandbox names its platform: erp, jd, pdd or feeds.
        table: where its rows go.
        moved: the column that says when a row changed last; empty: periods are replaced.
        made: the one that says when it was made, where the platform lists rows by that, too.
        names: the truth's name for each column that is compared; empty: they are the same.
        source: of the truth, under /sandbox/truth/.
        hours: of a day's hours those that are pulled in this process; a whole day takes too long.
    """

    id: str
    dialect: str
    table: sqlalchemy.Table
    source: str
    moved: str = ""
    made: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    hours: tuple[int, int] = (0, 24)

    @property
    def path(self) -> Path:
        """The script."""
        return JOBS[self.id].script_path

    def narrowed(self, window: Window) -> Window:
        """Return the part of a window that is pulled in this process."""
        if self.hours == (0, 24):
            return window
        first, last = (window.period.start.replace(hour=hour) for hour in self.hours)
        return replace(window, start=first, until=last)

    def pull_here(self) -> int:
        """Do in this process what the script does; gives the exit code."""
        script = run_path(str(self.path))
        if self.dialect == "feeds":
            code: int = script["main"](JOBS[self.id].args)
            return code
        wide = {"erp": WideErp, "jd": WideJd, "pdd": WidePdd}[self.dialect]
        fetch = script["Erp"]().fetch if self.dialect == "erp" else script["fetch"]

        async def narrow(client: GatewayClient, shop: Shop, window: Window) -> Landing:
            landing: Landing = await fetch(client, shop, self.narrowed(window))
            return landing

        return pull(wide, narrow, lag=PLATFORMS[self.dialect].lag)


ERP = PullJob(
    *("erp_store", "erp", tables.erp_orders, "erp/orders"),
    *("modified_time", "order_time", ERP_NAMES, (18, 22)),
)
JD = PullJob(
    *("jd_store", "jd", tables.jd_orders, "jd/orders"),
    *("modified_time", "order_time", JD_NAMES, (18, 22)),
)
PDD = PullJob(
    *("pdd_quality", "pdd", tables.pdd_refunds, "pdd/refunds"),
    *("updated_time", "", PDD_NAMES, (21, 22)),
)
REVIEW = PullJob("pdd_review", "feeds", tables.pdd_reviews, "feeds/reviews")
CHAT = PullJob("pdd_chat", "feeds", tables.pdd_chat_daily, "feeds/chat")
KPI_DAILY = PullJob("pdd_kpi_daily", "feeds", tables.pdd_kpi, "feeds/kpi")
KPI_WEEKLY = PullJob("pdd_kpi_weekly", "feeds", tables.pdd_kpi, "feeds/kpi")
KPI_MONTHLY = PullJob("pdd_kpi_monthly", "feeds", tables.pdd_kpi, "feeds/kpi")
ALL = (ERP, JD, PDD, REVIEW, CHAT, KPI_DAILY, KPI_WEEKLY, KPI_MONTHLY)


@dataclass(frozen=True)
class Unit:
    """One shop's period of one job."""

    job: PullJob
    shop: Shop
    period: Period

    @classmethod
    def of(cls, job: PullJob, key: str, place: int = 0) -> Unit:
        """Return a unit by its period's key and the shop's place on its platform."""
        entry = JOBS[job.id]
        period = entry.schedule.parse_key(key)
        return cls(job, load_registry(ROOT).shops_of(entry)[place], period)

    @property
    def number(self) -> int:
        """The shop's number on its platform."""
        return int(self.shop.platform_id)


@dataclass
class Warehouse:
    """A warehouse, and runs that land in it what a sandbox has.

    Attributes:
        base_url: of the sandbox.
        folder: for all that runs write.
        url: of the warehouse (SQLAlchemy), empty.
        patience: more environment of the runs, such as GATEWAY_TIMEOUT_SECONDS.
    """

    base_url: str
    folder: Path
    url: str
    patience: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open it."""
        self.engine = connect(self.url)
        self.ledger = Ledger(self.engine, RUN_ID)

    @cached_property
    def environment(self) -> dict[str, str]:
        """What every run is given: the connections as delivered, for this sandbox."""
        given = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields)
            for name, fields in connections(self.base_url).items()
        }
        return {
            **given,
            **self.patience,
            "PATH": os.environ["PATH"],
            "SCHEDULER_VAR": str(self.folder),
            "WAREHOUSE_URL": self.url,
        }

    def run_here(self, unit: Unit) -> tuple[int, str]:
        """Pull a unit in this process; gives the exit code and what was printed."""
        mine = LedgerUnit(unit.job.id, unit.shop.id, unit.period)
        self.ledger.expect([mine])
        if self.ledger.open_units([mine]):
            self.ledger.begin([mine])  # as the runner does
        asked = {
            "JOB_ID": unit.job.id,
            "PERIOD_KEY": unit.period.key,
            "SHOPS": unit.shop.id,
            "RUN_ID": RUN_ID,
        }
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environment, **asked}.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = unit.job.pull_here()
        return code, said.getvalue()

    def start(self, job: PullJob, period: str, *more: str) -> Runner:
        """Start the runner, as the operator and the command line do."""
        return Runner(job.id, "--period", period, *more, environment=self.environment)

    def run(self, unit: Unit) -> tuple[int, str]:
        """Run a unit as a process to its end; gives the exit code and what it printed."""
        words = (unit.job.id, "--period", unit.period.key, "--shop", unit.shop.id)
        return run(*words, environment=self.environment, script=ForkedScript)

    def row(self, unit: Unit) -> LedgerRow:
        """Return the unit's row of the ledger."""
        rows = self.ledger.rows(unit.job.id, unit.period.key)
        return next(row for row in rows if row.shop_id == unit.shop.id)

    def landed(self, unit: Unit) -> Rows:
        """Return the rows that the warehouse has of a unit, by their key.

        Of a job that pulls what has changed these are all of the shop: one row is of many periods.
        """
        table, job = unit.job.table, unit.job
        mine = [table.c.shop_id == unit.shop.id]
        if "period_key" in table.c:
            kind = JOBS[job.id].period
            mine += [table.c.period == kind, table.c.period_key == unit.period.key]
        elif not job.moved:
            mine += [table.c.business_day == unit.period.first_day]
        with self.engine.connect() as connection:
            rows = connection.execute(select(table).where(and_(*mine))).mappings().all()
        return compared(job, rows, {name: name for name in names_of(job)})

    def truth(self, unit: Unit, *, here: bool = False) -> Rows:
        """Return the rows that a unit's pull must bring; `here`: when it runs in this process."""
        job, day = unit.job, unit.period.first_day
        if job.dialect == "feeds":
            rows = self._told(unit, first_day=day.isoformat(), period=JOBS[job.id].period)
            return compared(job, rows, names_of(job))
        rows = self._told(unit, day=day.isoformat())
        if here and job.hours != (0, 24):
            first, last = (f"{day} {hour:02}:00:00" for hour in job.hours)
            rows = [row for row in rows if first <= row[job.names[job.moved]] < last]
        else:
            rows += self._told(unit, day=(day + timedelta(days=1)).isoformat())
        if job.made:
            rows += self._told(unit, day=day.isoformat(), by="creation")
        return compared(job, rows, names_of(job))

    def _told(self, unit: Unit, **params: str) -> list[dict[str, Any]]:
        url = f"{self.base_url}/sandbox/truth/{unit.job.source}"
        answer = HTTP.get(url, params={"shop": unit.number, **params}).raise_for_status()
        rows: list[dict[str, Any]] = answer.json()
        return rows

    def close(self) -> None:
        """Release it."""
        self.engine.dispose()


def names_of(job: PullJob) -> Mapping[str, str]:
    """Return the truth's name of each column that is compared."""
    scope = {"shop_id", "business_day", "period", "period_key", "first_day", "last_day"}
    names = [column.name for column in job.table.c if column.name not in scope]
    return job.names or dict(zip(names, names, strict=True))


def compared(job: PullJob, rows: Any, names: Mapping[str, str]) -> Rows:
    """Bring rows into a form in which those of the warehouse and of the truth are equal."""
    columns = [job.table.c[column] for column in names]
    kinds = [
        (name, Decimal if isinstance(column.type, (Measure, Money)) else str)
        for name, column in zip(names.values(), columns, strict=True)
    ]
    keys = [place for place, column in enumerate(columns) if column.primary_key]
    plain = (tuple(_plain(kind, row[name]) for name, kind in kinds) for row in rows)
    return {tuple(row[place] for place in keys): row for row in plain}


def _plain(kind: Callable[[Any], Any], value: Any) -> Any:
    if value is None:
        return None
    return kind(value.isoformat(" ") if isinstance(value, (date, datetime)) else value)
