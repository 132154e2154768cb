"""What messages say: of one alert, of a storm, of what is over, of whatever there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.alerts.grouping import NOT_STARTED, cause_of
from include.alerts.languages import Language, Said
from include.alerts.messages import ITEM, Message
from include.alerts.records import What
from include.alerts.wording import LINK, NOT_RUN, RECOVERED, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from include.alerts.findings import Finding
    from include.alerts.grouping import Part
    from include.alerts.sayings import Saying

STORM = Said(
    "【平台异常】{platform}：{shops} 家店铺、{jobs} 个任务同时失败，原因相同：{cause}",
    "[Platform] {platform}: {shops} shops and {jobs} jobs fail at once, for one cause: {cause}",
)
NO_RUNS = Said("{jobs} 个任务都没有运行", "{jobs} jobs")
STORM_END = Said(
    "系统会继续重试；{repeat}后仍未恢复再通知。",
    "It is tried again and again; if it lasts another {repeat}, you are told once more.",
)
PLATFORMS = {"pdd": Said("拼多多", "PDD"), "jd": Said("京东", "JD"), "erp": Said("ERP", "ERP")}
STILL = Said("【仍未恢复】", "[Still] ")
LASTED = Said("从 {since} 起，已 {lasted}。", "since {since}, for {lasted}.")
SUMMARY = Said("【告警汇总】", "[Summary] ")
NEW = Said("新告警 {count} 项", "{count} new")
BACK = Said("恢复 {count} 项", "{count} over")
SEVERAL = Said("{count} 项", "{count} alerts")
LASTING = Said("仍未恢复 {count} 项", "{count} not over")
BRIEF = Said("{title}：{since} 起", "{title}: since {since}")
STILL_BRIEF = Said("{title}：已 {lasted}", "{title}: for {lasted}")
MISSING = Said("{said}，{count} 家店铺", "{said}, {count} shops")
OF_STORM = Said("{subject}：{count} 家店铺，{since} 起", "{subject}: {count} shops, since {since}")
OVER = Said("{said}，{until} 恢复", "{said}, over {until}")
AGAIN = Said("重发，可能重复", "sent again, perhaps twice")


class Texts:
    """Says things in one language, at one moment.

    Args:
        language: `zh` or `en`.
        now: the moment; aware.
        repeat: after how long what is still wrong is said again.
    """

    def __init__(self, language: str, now: datetime, repeat: timedelta) -> None:
        self._language = Language(language)
        self._say = self._language.say
        self._wording = Wording(self._language, now)
        self._repeat = self._language.span(repeat)

    def message(self, part: Part) -> Message:
        """Return what one message says; `part` as `grouping` put it together."""
        whats = {saying.whats for saying in part}
        if whats == {(What.RECOVERY,)}:
            return self._recovered(part)
        if len(part) == 1 and not part[0].is_over:
            return self._one(part[0])
        causes = {cause_of(saying.alert.finding) for saying in part}
        if whats == {(What.OPENING,)} and len(causes) == 1 and None not in causes:
            return self._storm(part)
        return self._summary(part)

    def _one(self, saying: Saying) -> Message:
        """Return the message of one alert that is wrong, or wrong still."""
        finding, wording = saying.alert.finding, self._wording
        lines = list(wording.lines(saying.alert))
        title = wording.title(finding)
        is_repeat = What.REPEAT in saying.whats
        if is_repeat or saying.is_escalation:
            since = wording.moment(finding, finding.since)
            lines.insert(0, self._say(LASTED, since=since, lasted=wording.lasted(finding)))
        if is_repeat:
            title = f"{self._say(STILL)}{title}"
        return Message(title, tuple(lines), saying.mention, saying.alert.label)

    def _recovered(self, part: Part) -> Message:
        lines = [self._wording.recovery(saying.alert) for saying in part]
        if len(part) == 1:
            return Message(lines[0], number=part[0].alert.label)
        title = f"{self._say(RECOVERED)}{self._say(SEVERAL, count=len(part))}"
        return Message(title, _items(lines, part))

    def _storm(self, part: Part) -> Message:
        """Return one message of many jobs with one cause."""
        findings = [saying.alert.finding for saying in part]
        first, jobs = findings[0], len({finding.subject for finding in findings})
        cause = cause_of(first)
        if cause is not None and cause.cause == NOT_STARTED:
            title = f"{self._say(NOT_RUN)}{self._say(NO_RUNS, jobs=jobs)}"
        else:
            title = self._say(
                STORM,
                platform=self._platform(first.platform),
                shops=len({unit.shop_id for finding in findings for unit in finding.units}),
                jobs=jobs,
                cause=first.units[0].reason if first.units else first.facts.get("what", "?"),
            )
        service = dict.fromkeys(finding.facts.get("service", "") for finding in findings)
        brief = [
            self._say(
                OF_STORM,
                subject=self._wording.subject(finding),
                count=len(finding.units),
                since=self._wording.moment(finding, finding.since),
            )
            for finding in findings
        ]
        lines = (
            *filter(None, service),
            *_items(brief, part),
            self._say(STORM_END, repeat=self._repeat),
            *self._common(findings),
        )
        return Message(title, lines, _mentioned(part))

    def _common(self, findings: list[Finding]) -> Iterator[str]:
        """Yield what to do, where that is the same for all, and the page that shows them all."""
        first = findings[0]
        if len({finding.facts.get("remedy") for finding in findings}) == 1:
            yield from self._wording.remedy(first)
        if link := first.facts.get("link"):
            yield self._say(LINK, link=link.partition("?")[0])

    def _summary(self, part: Part) -> Message:
        """Return one message of whatever there is to say."""
        counts = (
            (NEW, sum(What.OPENING in saying.whats for saying in part)),
            (BACK, sum(saying.is_over for saying in part)),
            (LASTING, sum(What.REPEAT in saying.whats for saying in part)),
        )
        told = self._language.join([self._say(said, count=n) for said, n in counts if n])
        lines = _items([self._brief(saying) for saying in part], part)
        return Message(f"{self._say(SUMMARY)}{told}", lines, _mentioned(part))

    def _brief(self, saying: Saying) -> str:
        """Return an alert in one line."""
        alert, wording = saying.alert, self._wording
        if saying.whats == (What.RECOVERY,):
            return wording.recovery(alert)
        finding = alert.finding
        concerned = {unit.shop_id for unit in (*alert.missed, *finding.units)}
        title, since = wording.title(finding), wording.moment(finding, finding.since)
        if What.REPEAT in saying.whats:
            said = self._say(STILL_BRIEF, title=title, lasted=wording.lasted(finding))
        else:
            said = self._say(BRIEF, title=title, since=since)
        if concerned:
            said = self._say(MISSING, said=said, count=len(concerned))
        if saying.is_over and alert.gone is not None:
            said = self._say(OVER, said=said, until=wording.moment(finding, alert.gone))
        return said

    def _platform(self, platform: str) -> str:
        named = PLATFORMS.get(platform)
        return self._say(named) if named else platform


def repeated(language: str, message: Message) -> Message:
    """Return a message with the mark that it may have come before."""
    mark = Language(language).say(AGAIN)
    number = f"{message.number} {mark}".strip()
    return Message(message.title, message.lines, message.mention, f"({number})")


def _items(lines: Iterable[str], part: Part) -> tuple[str, ...]:
    pairs = zip(lines, part, strict=True)
    return tuple(f"{ITEM}{line}  {saying.alert.label}" for line, saying in pairs)


def _mentioned(part: Part) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for saying in part for name in saying.mention))
