"""An installation, a watchdog whose clock and findings a test sets, and what `alerts` says."""

from __future__ import annotations

import asyncio
import getpass
import json
import shutil
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include import PROJECT_ROOT
from include.alerts.engine import judge
from include.alerts.findings import Finding, Kind, Missing, Observed
from include.alerts.messages import Receipt
from include.alerts.outbox import deliver
from include.alerts.overview import GOOD_ROUND
from include.alerts.store import FILE, Store
from include.registry.alerts import load_alerts
from manager import cli
from manager.commands import COMMANDS
from manager.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from include.alerts.messages import Message
    from include.registry.alerts import Channel

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 7 * * *", script: erp/erp_store.py, platform: erp}
  - {id: generate_daily, name: 生成, cron: "0 0 * * *", script: generate_tasks.py}
"""
SHOP = "  - {{id: erp-{0}, platform: erp, name: 店{0}, connection: erp, platform_id: 1000{0}}}\n"
SHOPS = "shops:\n" + "".join(SHOP.format(number) for number in range(1, 12))
CHANNELS = """
channels:
  - {id: ops, kind: dingtalk, connection: alert_ops}
  - {id: boss, kind: webhook, connection: alert_boss}
routes:
  - {to: ops}
  - {to: boss, on: [late], after: 60m}
digest: {at: "00:00", to: [ops]}
"""
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime.now(timezone.utc).replace(microsecond=0)
TODAY = NOW.astimezone(SHANGHAI).date()
SINCE = NOW - timedelta(hours=3)
ME = getpass.getuser()


def at(moment: datetime, form: str = "%m-%d %H:%M") -> str:
    """Return a moment on the clock of Shanghai."""
    return format(moment.astimezone(SHANGHAI), form)


def lay_out(folder: Path) -> Layout:
    """Make an installation that has no database."""
    root = folder / "checkout"
    shutil.copytree(PROJECT_ROOT / "include/scripts", root / "include/scripts")
    (root / "config/tasks").mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / "config/airflow.env", root / "config")
    (root / "config/tasks/tasks.yaml").write_text(TASKS, "utf-8")
    (root / "config/shops.yaml").write_text(SHOPS, "utf-8")
    layout = Layout(root=root, var=root / "var")
    layout.make_var()
    layout.secrets.touch()
    return layout


class Watched:
    """An installation, and a watchdog whose clock and findings a test sets."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.configure(CHANNELS)
        self.refusing: set[str] = set()

    def configure(self, content: str) -> None:
        """Write config/alerts.yaml."""
        (self.layout.root / "config/alerts.yaml").write_text(content, "utf-8")
        assert load_alerts(self.layout.root).problems == ()

    def round(self, *findings: Finding, now: datetime | None = None) -> None:
        """Do one round that ends well, at a moment; now, unless given."""
        now = now or datetime.now(timezone.utc)
        configuration = load_alerts(self.layout.root)
        store = Store(self.layout.var / FILE)
        store.update(
            lambda state: judge(state, Observed(findings), configuration, now),
            now,
            timedelta(minutes=10),
        )
        asyncio.run(deliver(store, configuration, self._send, lambda: now))
        store.note(GOOD_ROUND, now)
        store.close()

    async def _send(self, channel: Channel, _message: Message) -> Receipt:
        if channel.id in self.refusing:
            return Receipt(
                delivered=False, code="310000", answer="sign not match", remedy="核对加签"
            )
        return Receipt(delivered=True, code="0", answer="ok")

    def do(self, *words: str) -> int:
        """Run `alerts` with these words behind it; return the exit code."""
        return COMMANDS["alerts"].run(self.layout, cli._parse(["alerts", *words]))

    def json(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code of the same and what it prints as JSON."""
        capsys.readouterr()
        code = self.do(*words, "--json")
        return code, json.loads(capsys.readouterr().out)


def late(*shops: int, period: str = "2026-11-27") -> Finding:
    """Return that a period lacks shops."""
    units = tuple(
        Missing(f"erp-{shop}", f"店{shop}", "平台繁忙" if shop < 9 else "授权失效", cause="busy")
        for shop in shops
    )
    facts = {"expected": "11", "remedy": "python3 scheduler_manager.py repair --job erp_store"}
    return Finding(
        *(Kind.LATE, "erp_store", period, "ERP门店数据", "erp", (), SINCE, SINCE, units, facts)
    )


def refused() -> Finding:
    """Return that a connection is refused."""
    facts = {"what": "授权失效", "remedy": "重新授权"}
    return Finding(Kind.CREDENTIALS, "jd_1", "", "jd_1", "jd", (), SINCE, SINCE, (), facts)
