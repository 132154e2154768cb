"""What is said of one finding: its title, what is missing and why, and who must do what."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from include.alerts.languages import Said
from include.alerts.messages import ITEM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.alerts.findings import Finding, Missing, Resolution
    from include.alerts.languages import Language
    from include.alerts.records import Alert

TITLES = {
    Kind.LATE: Said("【数据迟到】", "[Late] "),
    Kind.CREDENTIALS: Said("【需要人工】", "[Credentials] "),
    Kind.CONFIGURATION: Said("【配置有误】", "[Configuration] "),
    Kind.QUALITY: Said("【数据不合格】", "[Rejected] "),
    Kind.SERVICE: Said("【服务异常】", "[Service] "),
    Kind.PAUSED: Said("【任务已暂停】", "[Paused] "),
    Kind.AGING: Said("【无法自动补齐】", "[Not repaired by itself] "),
    Kind.TOKEN: Said("【令牌将到期】", "[Token] "),
    Kind.DRIFT: Said("【平台有变化】", "[Platform changed] "),
}
NOT_RUN = Said("【任务没有运行】", "[Not run] ")
REFUSED = Said("连接 {name} 的授权已失效", "connection {name} is refused")
OF_SHOPS = Said("（店铺 {shops}）", " (shops: {shops})")
ENDS = Said("连接 {name} 的令牌 {ends} 到期", "that of connection {name} ends {ends}")
DUE = Said(
    "{due} 截止，{expected} 家店铺缺 {count} 家：",
    "due {due}, {count} of {expected} shops missing:",
)
DUE_ALONE = Said("{due} 截止，还没有入库：{reason}", "due {due}, not landed: {reason}")
BEGAN = Said(
    "{fire} 应当开始，到 {due} 没有任何运行记录。",
    "it was to start {fire}; until {due} there was no run at all.",
)
SPREAD = Said(
    "影响 {jobs} 个任务、从 {first} 起的数据。重试无用。",
    "{jobs} jobs wait for it, with the data from {first} on. Trying again is of no use.",
)
UNIT = Said("{shop}：{reason}", "{shop}: {reason}")
UNITS = Said("{count} 家店铺（{shops}）：{reason}", "{count} shops ({shops}): {reason}")
REMEDY_OF_UNIT = Said("{said}——{remedy}", "{said} — {remedy}")
ARRIVED = Said("{count} 家已经正常：{shops}", "{count} are right by now: {shops}")
MORE_SHOPS = Said("另有 {count} 家店铺", "and {count} more shops")
AND_OTHERS = Said("{shops} 等", "{shops} …")
REMEDY = Said("处理：{remedy}", "To do: {remedy}")
BY_ITSELF = Said(
    "系统会自动再试，暂时不用处理。", "It is tried again by itself; nothing to do yet."
)
LINK = Said("详情：{link}", "See {link}")
RECOVERED = Said("【已恢复】", "[Recovered] ")
ALL_LANDED = Said("{count} 家全部入库", "all {count} shops have landed")
ONE_LANDED = Said("已入库", "it has landed")
SOME_LANDED = Said("{landed}/{count} 家已入库", "{landed} of {count} shops have landed")
NONE_MISSING = Said("不再缺数", "nothing is missing any more")
RIGHT_AGAIN = Said("恢复正常", "it is right again")
AFTER_DUE = Said("，比截止晚 {late}", ", {late} after the deadline")
TOOK = Said("，历时 {span}", ", after {span}")
SHOWN = 8  # shops in one message
NO_SHOP = "-"


class Wording:
    """Says things of findings in one language, at one moment.

    Args:
        language: of the messages.
        now: the moment; aware.
    """

    def __init__(self, language: Language, now: datetime) -> None:
        self._language = language
        self._say = language.say
        self._now = now

    def subject(self, finding: Finding) -> str:
        """Return what a finding is about: the job's name with the period."""
        return " ".join(filter(None, (finding.name, finding.period_key)))

    def title(self, finding: Finding) -> str:
        """Return the first line."""
        subject = self.subject(finding)
        if finding.kind is Kind.LATE and finding.facts.get("started") == "no":
            return f"{self._say(NOT_RUN)}{subject}"
        if finding.kind is Kind.CREDENTIALS:
            subject = self._say(REFUSED, name=finding.subject)
            if shops := [unit.shop_name for unit in finding.units if unit.shop_id != NO_SHOP]:
                subject += self._say(OF_SHOPS, shops=self._names(shops))
        if finding.kind is Kind.TOKEN and (ends := finding.facts.get("ends")):
            at = self.moment(finding, datetime.fromisoformat(ends))
            subject = self._say(ENDS, name=finding.subject, ends=at)
        return f"{self._say(TITLES[finding.kind])}{subject}"

    def lines(self, alert: Alert) -> Iterator[str]:
        """Yield the lines below the title."""
        finding = alert.finding
        facts = finding.facts
        if finding.kind is Kind.LATE:
            yield from self._late(finding)
        elif what := facts.get("what"):
            yield what
        elif finding.kind is Kind.CREDENTIALS and "jobs" in facts:
            yield self._say(SPREAD, jobs=facts["jobs"], first=facts.get("first_period", "?"))
        if finding.kind is not Kind.LATE:
            yield from self._units(finding.units)
        if arrived := [unit.shop_name for unit in alert.arrived]:
            yield ITEM + self._say(ARRIVED, count=len(arrived), shops=self._names(arrived))
        yield from self.remedy(finding)
        if finding.kind is Kind.LATE and "remedy" not in finding.facts:
            yield self._say(BY_ITSELF)
        yield from self.link(finding)

    def remedy(self, finding: Finding) -> Iterator[str]:
        """Yield what to do, if there is anything."""
        if remedy := finding.facts.get("remedy"):
            yield self._say(REMEDY, remedy=remedy)

    def link(self, finding: Finding) -> Iterator[str]:
        """Yield where to look, if that is known."""
        if link := finding.facts.get("link"):
            yield self._say(LINK, link=link)

    def recovery(self, alert: Alert) -> str:
        """Return the line that says that an alert is over."""
        finding, resolution = alert.finding, alert.resolution
        ended = (resolution and resolution.at) or alert.gone or self._now
        if finding.kind is Kind.LATE:
            said = self._landed(resolution)
            if resolution and resolution.at and ended > finding.due:
                said += self._say(AFTER_DUE, late=self._language.span(ended - finding.due))
        else:
            span = self._language.span(ended - finding.since)
            said = self._say(RIGHT_AGAIN) + self._say(TOOK, span=span)
        if resolution and resolution.note:
            said = self._language.join([said, resolution.note])
        head = self.title(finding) if not self._is_of_job(finding) else self.subject(finding)
        return f"{self._say(RECOVERED)}{self._say(UNIT, shop=head, reason=said)}"

    def moment(self, finding: Finding, moment: datetime) -> str:
        """Return a moment on the finding's clock."""
        return self._language.moment(finding.local(moment), finding.local(self._now))

    def lasted(self, finding: Finding) -> str:
        """Return for how long it has been wrong."""
        return self._language.span(self._now - finding.since)

    def _late(self, finding: Finding) -> Iterator[str]:
        due, facts = self.moment(finding, finding.due), finding.facts
        if facts.get("started") == "no":
            fire = facts.get("fire")
            at = self.moment(finding, datetime.fromisoformat(fire)) if fire else "?"
            yield self._say(BEGAN, fire=at, due=due)
            if service := facts.get("service"):
                yield service
            return
        if all(unit.shop_id == NO_SHOP for unit in finding.units):
            reason = self._language.join([unit.reason for unit in finding.units])
            yield self._say(DUE_ALONE, due=due, reason=reason)
            return
        count = len(finding.units)
        yield self._say(DUE, due=due, expected=facts.get("expected", count), count=count)
        yield from self._units(finding.units)

    def _units(self, units: Sequence[Missing]) -> Iterator[str]:
        """Yield a line for each reason, with its shops."""
        by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
        for unit in units:
            by_reason[unit.reason, unit.remedy].append(unit.shop_name)
        several = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
        for (reason, remedy), shops in several[:SHOWN]:
            if len(shops) == 1:
                said = self._say(UNIT, shop=shops[0], reason=reason)
            else:
                said = self._say(UNITS, count=len(shops), shops=self._names(shops), reason=reason)
            yield ITEM + (self._say(REMEDY_OF_UNIT, said=said, remedy=remedy) if remedy else said)
        if more := sum(len(shops) for _, shops in several[SHOWN:]):
            yield ITEM + self._say(MORE_SHOPS, count=more)

    def _landed(self, resolution: Resolution | None) -> str:
        if resolution is None:
            return self._say(NONE_MISSING)
        counts = {"landed": resolution.landed, "count": resolution.expected}
        if resolution.landed < resolution.expected:
            return self._say(SOME_LANDED, **counts)
        return self._say(ONE_LANDED if resolution.expected == 1 else ALL_LANDED, **counts)

    def _names(self, names: list[str]) -> str:
        shown = self._language.join(names[:SHOWN])
        return shown if len(names) <= SHOWN else self._say(AND_OTHERS, shops=shown)

    @staticmethod
    def _is_of_job(finding: Finding) -> bool:
        return finding.kind in (Kind.LATE, Kind.QUALITY)
