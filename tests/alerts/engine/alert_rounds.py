"""Rounds of the engine on a real store and a controlled clock, with robots that count."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.alerts.engine import judge
from include.alerts.findings import Finding, Kind, Missing, Observed
from include.alerts.messages import Receipt
from include.alerts.outbox import deliver
from include.alerts.store import Store
from include.registry.alerts import load_alerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.alerts.messages import Message
    from include.alerts.records import Changes, State
    from include.registry.alerts import AlertConfiguration, Channel

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 28, 8, tzinfo=SHANGHAI)
TAKEN = Receipt(delivered=True, code="0", answer="ok")
REFUSED = Receipt(delivered=False, code="310000", answer="sign not match", remedy="the secret")
BUSY = Receipt(delivered=False, code="130101", answer="send too fast", temporary=True)
UNREACHED = Receipt(delivered=False, code="unreached", answer="no way there", temporary=True)
TIMEOUT = Receipt(delivered=False, code="timeout", answer="no answer in 10 s", temporary=True)

TWO_CHANNELS = """\
channels:
  - {id: ops, kind: dingtalk, connection: a}
  - {id: boss, kind: wecom, connection: b}
digest: {at: "08:00", to: [ops]}
"""
ONE_CHANNEL = "channels: [{id: ops, kind: dingtalk, connection: a}]\ndigest: {at: '08:00'}\n"
QUIETLY = f"{ONE_CHANNEL}quiet: {{from: '22:30', until: '07:00'}}\n"


def configured(root: Path, content: str = ONE_CHANNEL) -> AlertConfiguration:
    """Return the configuration of a project with this config/alerts.yaml, which is valid."""
    (root / "config").mkdir(exist_ok=True)
    (root / "config/alerts.yaml").write_text(content, encoding="utf-8")
    configuration = load_alerts(root)
    assert configuration.problems == ()
    return configuration


def late(
    job: str = "pdd_review", *shops: str, period: str = "2026-11-27", cause: str = "", **facts: str
) -> Finding:
    """Return that a job's period is late: with these shops, or with one."""
    units = tuple(
        Missing(shop, f"店铺{shop}", f"平台繁忙（{cause}）" if cause else "失败", "", cause)
        for shop in shops or ("pdd-1",)
    )
    due = MORNING + timedelta(hours=1)
    told = {"expected": "20", **facts}
    return Finding(
        Kind.LATE, job, period, f"任务{job}", job.partition("_")[0], (), due, due, units, told
    )


def service(subject: str = "scheduler", since: datetime = MORNING) -> Finding:
    """Return that a part of the service is down."""
    facts = {"what": "调度器没有心跳", "remedy": "restart"}
    return Finding(Kind.SERVICE, subject, "", subject, "", (), since, since, facts=facts)


@dataclass
class Robots:
    """Takes messages in place of all channels.

    Attributes:
        taken: what was taken, by channel, with when.
        asked: when something was sent, by channel, whatever came of it.
        answer: returns what a channel answers at a moment.
        arrives: whether a message was taken although its answer is a `TIMEOUT`.
    """

    taken: dict[str, list[tuple[datetime, Message]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    asked: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    answer: Callable[[str, datetime], Receipt] = lambda _channel, _now: TAKEN
    arrives: Callable[[str, datetime], bool] = lambda _channel, _now: False

    async def send(self, now: datetime, channel: Channel, message: Message) -> Receipt:
        """Take a message, or not."""
        self.asked[channel.id].append(now)
        receipt = self.answer(channel.id, now)
        is_lost = receipt is TIMEOUT and self.arrives(channel.id, now)
        if receipt.delivered or is_lost:
            self.taken[channel.id].append((now, message))
        return receipt


class Rounds:
    """A watchdog whose clock a test moves.

    Args:
        root: where its files are.
        content: what config/alerts.yaml says.
    """

    def __init__(self, root: Path, content: str = ONE_CHANNEL) -> None:
        self.root = root
        self.configuration = configured(root, content)
        self.store = Store(root / "alerts.db")
        self.robots = Robots()
        self.now = MORNING
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close what is open."""
        self.store.close()
        self._loop.close()

    def round(
        self, *findings: Finding, after: timedelta = timedelta(), **observed: object
    ) -> Changes:
        """Do one round, some time after the last; return what it wrote."""
        self.now += after
        return self.observe(Observed(findings, **observed))  # type: ignore[arg-type]

    def observe(self, observed: Observed) -> Changes:
        """Do one round of what was observed."""
        now = self.now

        def judged(state: State) -> Changes:
            return judge(state, observed, self.configuration, now)

        changes = self.store.update(judged, now, self.configuration.storm.budget.within)
        send = partial(self.robots.send, now)
        work = deliver(self.store, self.configuration, send, lambda: now)
        self._loop.run_until_complete(work)
        return changes

    def said(self, channel: str = "ops") -> list[str]:
        """Return the titles of what a channel has got since the last call, without digests."""
        taken = self.robots.taken.pop(channel, [])
        titles = [message.headline() for _, message in taken]
        return [title for title in titles if not title.startswith("【数据日报】")]

    def texts(self, channel: str = "ops") -> list[str]:
        """Return what a channel has got since the last call, whole, without digests."""
        taken = self.robots.taken.pop(channel, [])
        texts = [message.plain() for _, message in taken]
        return [text for text in texts if not text.startswith("【数据日报】")]
