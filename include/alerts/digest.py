"""The daily message, which comes also when all is well, so that its absence is an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from include.alerts.languages import Language, Said
from include.alerts.messages import ITEM, Message
from include.alerts.records import Purpose
from include.alerts.texts import PLATFORMS
from include.alerts.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from include.alerts.configuration import AlertConfiguration
    from include.alerts.findings import Day
    from include.alerts.muting import Mutes
    from include.alerts.records import Alert, Stop

TITLE = Said("【数据日报】{at}", "[Daily digest] {at}")
LANDED = Said("应到 {expected}，已到 {landed}", "{landed} of {expected} have landed")
ALL = Said("，全部入库", ", all of them")
LACKS = Said("，缺 {missing}（{platforms}）", ", {missing} missing ({platforms})")
OF_PLATFORM = Said("{platform} {count}", "{platform} {count}")
USUAL = Said("行数比平时 {usual}。", "Rows against usual: {usual}.")
WAIVED = Said("已豁免 {count}。", "{count} waived.")
UNREAD = Said(
    "今天的数据读不到，应到和已到无法统计。", "What has landed cannot be read: no count today."
)
WELL = Said("没有未恢复的告警。", "No alert is open.")
OPEN = Said("未恢复的告警 {count} 项：", "{count} alerts are open:")
OPEN_LINE = Said("{title}，已 {lasted}  {number}", "{title}, for {lasted}  {number}")
MORE = Said("另有 {count} 项", "and {count} more")
MUTED = Said("静默：{job}（{reason}），剩 {days} 天", "Muted: {job} ({reason}), {days} more days")
ENDED = Said(
    "静默已到期：{job}（{reason}），恢复告警",
    "No longer muted: {job} ({reason}); alerts come again",
)
TOKENS = Said("令牌 3 天内到期：{tokens}", "Tokens that end within 3 days: {tokens}")
TOKEN = Said("{connection}（{ends}）", "{connection} ({ends})")
RESTATED = Said("入库后又有变化：{periods}", "Changed since it landed: {periods}")
PERIOD = Said(
    "{job} D-{days} {more:+,} 行（{changed:,} 行不同）",
    "{job} D-{days} {more:+,} rows ({changed:,} differ)",
)
STOPPED = Said("服务由 {by} 于 {at} 停止", "The service was stopped by {by} at {at}")
STARTED = Said("{said}，{at} 启动", "{said}, and started at {at}")
NEXT = Said(
    "下一次日报 {at}；没有收到，请检查服务。",
    "The next one comes {at}; if it does not, look at the service.",
)
ALL_LANDED = Said(
    "【今日数据齐了】{day} 应到 {expected}，全部入库。",
    "[All has landed] {day}: all of {expected}.",
)
SHOWN = 8  # alerts, or periods
LONGEST_LATENESS = timedelta(hours=12)  # a digest that could not come is made up for so long


class Due(NamedTuple):
    """A daily message that is to be sent: what it is for, its day, and what it says."""

    purpose: Purpose
    day: date
    message: Message


class Digest:
    """Says how the day is.

    Args:
        configuration: language, zone, and when it comes.
        mutes: of what nothing is said.
        alerts: those that are open.
        stops: of the service, of the last days.
        now: the moment; aware.
    """

    def __init__(
        self,
        configuration: AlertConfiguration,
        mutes: Mutes,
        alerts: list[Alert],
        stops: tuple[Stop, ...],
        now: datetime,
    ) -> None:
        self._language = Language(configuration.general.language)
        self._say = self._language.say
        self._digest = configuration.digest
        self._mutes = mutes
        self._alerts = [one for one in alerts if one.opened and not one.recovered]
        self._stops = stops
        self._zone = ZoneInfo(configuration.general.timezone)
        self._now = now.astimezone(self._zone)
        self._wording = Wording(self._language, now)

    def due(self, day: Day | None, last: date | None, last_all: date | None) -> Iterator[Due]:
        """Yield what a channel is to get now.

        Args:
            day: what was read; none when it could not be.
            last: the day of the channel's last digest.
            last_all: that of its last message that all has landed.
        """
        at = datetime.combine(self._now.date(), self._digest.at, self._zone)
        if (last is None or last < at.date()) and at <= self._now < at + LONGEST_LATENESS:
            yield Due(Purpose.DIGEST, at.date(), self.message(day, last))
        is_complete = self._digest.also is not None and day is not None and day.complete
        if day and is_complete and (last_all is None or last_all < at.date()):
            title = self._say(ALL_LANDED, day=f"{self._now:%m-%d}", expected=day.expected)
            yield Due(Purpose.ALL_LANDED, at.date(), Message(title))

    def message(self, day: Day | None, last: date | None) -> Message:
        """Return the digest."""
        at = self._now + timedelta(days=1)
        following = f"{at:%m-%d} {self._digest.at:%H:%M}"
        lines = (
            *self._counts(day),
            *self._open(),
            *self._muted(last or self._mutes.today - timedelta(days=1)),
            *self._tokens(day),
            *self._restated(day),
            *self._stopped(),
            self._say(NEXT, at=following),
        )
        return Message(self._say(TITLE, at=f"{self._now:%m-%d %H:%M}"), lines)

    def _counts(self, day: Day | None) -> Iterator[str]:
        if day is None:
            yield self._say(UNREAD)
            return
        said = self._say(LANDED, expected=day.expected, landed=day.landed)
        if missing := sum(day.missing.values()):
            of_platforms = [
                self._say(OF_PLATFORM, platform=self._platform(name), count=count)
                for name, count in day.missing.items()
            ]
            said += self._say(LACKS, missing=missing, platforms=self._language.join(of_platforms))
        elif day.expected == day.landed:
            said += self._say(ALL)
        yield said
        if day.usual is not None:
            yield self._say(USUAL, usual=f"{day.usual:+.0%}")
        if day.waived:
            yield self._say(WAIVED, count=day.waived)

    def _open(self) -> Iterator[str]:
        told = [alert for alert in self._alerts if not self._mutes.covers(alert.finding)]
        if not told:
            yield self._say(WELL)
            return
        yield self._say(OPEN, count=len(told))
        for alert in told[:SHOWN]:
            title, lasted = (
                self._wording.title(alert.finding),
                self._wording.lasted(alert.finding),
            )
            yield ITEM + self._say(OPEN_LINE, title=title, lasted=lasted, number=alert.label)
        if len(told) > SHOWN:
            yield ITEM + self._say(MORE, count=len(told) - SHOWN)

    def _muted(self, last: date) -> Iterator[str]:
        for mute in self._mutes.active:
            what = " ".join(filter(None, (mute.job, mute.shop)))
            days = self._mutes.days_left(mute)
            yield self._say(MUTED, job=what, reason=mute.reason, days=days)
        for mute in self._mutes.ended_since(last):
            what = " ".join(filter(None, (mute.job, mute.shop)))
            yield self._say(ENDED, job=what, reason=mute.reason)

    def _tokens(self, day: Day | None) -> Iterator[str]:
        if day and day.tokens:
            told = [
                self._say(TOKEN, connection=one.connection, ends=self._at(one.ends))
                for one in day.tokens
            ]
            yield self._say(TOKENS, tokens=self._language.join(told))

    def _restated(self, day: Day | None) -> Iterator[str]:
        if day and day.restated:
            told = [self._say(PERIOD, **one._asdict()) for one in day.restated[:SHOWN]]
            if len(day.restated) > SHOWN:
                told.append(self._say(MORE, count=len(day.restated) - SHOWN))
            yield self._say(RESTATED, periods=self._language.join(told))

    def _stopped(self) -> Iterator[str]:
        for stop in self._stops:
            if self._now - stop.at < timedelta(days=1):
                said = self._say(STOPPED, by=stop.by, at=self._at(stop.at))
                if stop.started:
                    said = self._say(STARTED, said=said, at=self._at(stop.started))
                yield said

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%m-%d %H:%M}"

    def _platform(self, name: str) -> str:
        named = PLATFORMS.get(name)
        return self._say(named) if named else name
