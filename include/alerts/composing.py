"""Puts messages together: of one alert, of a storm, of what is over, of whatever there is."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from include.alerts import catalogue as texts
from include.alerts.catalogue import Language
from include.alerts.findings import Kind
from include.alerts.messages import ITEM, Message
from include.alerts.notices import NOT_STARTED, cause_of
from include.alerts.records import What
from include.language import CHINESE
from include.registry.platforms import PLATFORMS
from include.units.unit import NO_SHOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.alerts.findings import Finding, Missing, Resolution
    from include.alerts.notices import Notice, Part
    from include.alerts.records import Alert

SHOWN, FEW = 8, 2  # shops in one message, and remedies below that of a storm


class Wording(Language):
    """Says things of alerts in one language, at one moment.

    Args:
        language: `zh` or `en`.
        now: the moment; aware.
        repeat: after how long what is still wrong is said again.
    """

    def __init__(self, language: str, now: datetime, repeat: timedelta = timedelta(days=1)) -> None:
        super().__init__(language)
        self._now, self._repeat = now, self.span(repeat)

    def subject(self, finding: Finding) -> str:
        """Return what a finding is about: the job's name with the period."""
        return " ".join(filter(None, (finding.name, finding.period_key)))

    def title(self, finding: Finding) -> str:
        """Return the first line."""
        subject = self.subject(finding)
        if finding.kind is Kind.LATE and finding.is_unstarted:
            return f"{self.say(texts.NOT_RUN)}{subject}"
        if finding.kind is Kind.CREDENTIALS:
            subject = self.say(texts.REFUSED, name=finding.subject)
            if shops := [unit.shop_name for unit in finding.units if unit.shop_id != NO_SHOP]:
                named = self._names(shops)
                subject = self.say(texts.OF_SHOPS, subject=subject, shops=named)
        if finding.kind is Kind.TOKEN and (ends := finding.facts.get("ends")):
            at = self.at(finding, datetime.fromisoformat(ends))
            subject = self.say(texts.ENDS, name=finding.subject, ends=at)
        return f"{self.say(texts.TITLES[finding.kind])}{subject}"

    def lines(self, alert: Alert) -> Iterator[str]:
        """Yield the lines below the title."""
        finding = alert.finding
        facts = finding.facts
        if finding.kind is Kind.LATE:
            yield from self._late(finding)
        elif what := facts.get("what"):
            yield what
        elif finding.kind is Kind.CREDENTIALS and "jobs" in facts:
            yield self.say(texts.SPREAD, jobs=facts["jobs"], first=facts.get("first_period", "?"))
        if finding.kind is not Kind.LATE:
            yield from self._units(finding.units)
        if arrived := [unit.shop_name for unit in alert.arrived]:
            yield ITEM + self.say(texts.ARRIVED, count=len(arrived), shops=self._names(arrived))
        yield from self.remedy(finding)
        if finding.kind is Kind.LATE and "remedy" not in finding.facts:
            yield self.say(texts.BY_ITSELF)
        yield from self.link(finding)

    def remedy(self, finding: Finding) -> Iterator[str]:
        """Yield what to do, if there is anything."""
        if remedy := finding.facts.get("remedy"):
            yield self.say(texts.REMEDY, remedy=remedy)

    def link(self, finding: Finding) -> Iterator[str]:
        """Yield where to look, if that is known."""
        if link := finding.facts.get("link"):
            yield self.say(texts.LINK, link=link)

    def recovery(self, alert: Alert) -> str:
        """Return the line that says that an alert is over."""
        finding, resolution = alert.finding, alert.resolution
        is_of_job = finding.kind in (Kind.LATE, Kind.QUALITY)
        head = self.subject(finding) if is_of_job else self.title(finding)
        if resolution and alert.is_dropped:
            said = self.say(texts.UNIT, shop=head, reason=resolution.note)
            return f"{self.say(texts.NO_LONGER)}{said}"
        ended = (resolution and resolution.at) or alert.gone or self._now
        if finding.kind is Kind.LATE:
            said = self._landed(resolution)
            if resolution and resolution.at and ended > finding.due:
                late = self.span(ended - finding.due)
                said = self.say(texts.AFTER_DUE, said=said, late=late)
        else:
            span = self.span(ended - finding.since)
            said = self.say(texts.RIGHT_AGAIN, span=span)
        if resolution and resolution.note:
            said = self.join([said, resolution.note])
        return f"{self.say(texts.RECOVERED)}{self.say(texts.UNIT, shop=head, reason=said)}"

    def at(self, finding: Finding, moment: datetime) -> str:
        """Return a moment on the finding's clock."""
        return self.moment(finding.local(moment), finding.local(self._now))

    def lasted(self, finding: Finding) -> str:
        """Return for how long it has been wrong."""
        return self.span(self._now - finding.since)

    def _late(self, finding: Finding) -> Iterator[str]:
        due, facts = self.at(finding, finding.due), finding.facts
        if finding.is_unstarted:
            fire = facts.get("fire")
            at = self.at(finding, datetime.fromisoformat(fire)) if fire else "?"
            yield self.say(texts.BEGAN, fire=at, due=due)
            if service := facts.get("service"):
                yield service
            return
        if finding.jobs:
            counted = Counter(unit.job_name for unit in finding.units)
            lacks = [self.say(texts.OF_JOB, job=job, count=n) for job, n in counted.items()]
            yield self.say(texts.NOT_COMPLETE, due=due, jobs=self.join(lacks) or "?")
            yield from self._units(finding.units)
            return
        if all(unit.shop_id == NO_SHOP for unit in finding.units):
            reason = self.join([unit.reason for unit in finding.units])
            yield self.say(texts.DUE_ALONE, due=due, reason=reason)
            return
        count = len(finding.units)
        yield self.say(texts.DUE, due=due, expected=facts.get("expected", count), count=count)
        yield from self._units(finding.units)

    def _units(self, units: Sequence[Missing]) -> Iterator[str]:
        """Yield a line for each reason, with its shops."""
        by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
        for unit in units:
            by_reason[unit.reason, unit.remedy].append(unit.shop_name)
        several = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
        for (reason, remedy), shops in several[:SHOWN]:
            if len(shops) == 1:
                said = self.say(texts.UNIT, shop=shops[0], reason=reason)
            else:
                said = self.say(
                    texts.UNITS, count=len(shops), shops=self._names(shops), reason=reason
                )
            yield ITEM + self._with(said, remedy)
        if more := sum(len(shops) for _, shops in several[SHOWN:]):
            yield ITEM + self.say(texts.MORE_SHOPS, count=more)

    def _with(self, said: str, remedy: str) -> str:
        """Return what is said, and who must do what, if anybody must."""
        return self.say(texts.REMEDY_OF_UNIT, said=said, remedy=remedy) if remedy else said

    def _landed(self, resolution: Resolution | None) -> str:
        if resolution is None:
            return self.say(texts.NONE_MISSING)
        counts = {"landed": resolution.landed, "count": resolution.expected}
        if resolution.landed < resolution.expected:
            return self.say(texts.SOME_LANDED, **counts)
        return self.say(
            texts.ONE_LANDED if resolution.expected == 1 else texts.ALL_LANDED, **counts
        )

    def _names(self, names: list[str]) -> str:
        shown = self.join(names[:SHOWN])
        return shown if len(names) <= SHOWN else self.say(texts.AND_OTHERS, shops=shown)

    def message(self, part: Part) -> Message:
        """Return what one message says; `part` as `notices` put it together."""
        whats = {notice.whats for notice in part}
        if whats == {(What.RECOVERY,)}:
            return self._recovered(part)
        if len(part) == 1 and not part[0].is_over:
            return self._one(part[0])
        causes = {cause_of(notice.alert.finding) for notice in part}
        if whats == {(What.OPENING,)} and len(causes) == 1 and None not in causes:
            return self._storm(part)
        return self._summary(part)

    def _one(self, notice: Notice) -> Message:
        """Return the message of one alert that is wrong, or wrong still."""
        finding = notice.alert.finding
        lines = list(self.lines(notice.alert))
        title = self.title(finding)
        is_repeat = What.REPEAT in notice.whats
        if is_repeat or notice.is_escalation:
            since = self.at(finding, finding.since)
            lines.insert(0, self.say(texts.LASTED, since=since, lasted=self.lasted(finding)))
        if is_repeat:
            title = f"{self.say(texts.STILL)}{title}"
        return Message(title, tuple(lines), notice.mention, notice.alert.label)

    def _recovered(self, part: Part) -> Message:
        lines = [self.recovery(notice.alert) for notice in part]
        if len(part) == 1:
            return Message(lines[0], number=part[0].alert.label)
        dropped = all(notice.alert.is_dropped for notice in part)
        began = self.say(texts.NO_LONGER if dropped else texts.RECOVERED)
        title = f"{began}{self.say(texts.SEVERAL, count=len(part))}"
        return Message(title, _items(lines, part))

    def _storm(self, part: Part) -> Message:
        """Return one message of many jobs with one cause."""
        findings = [notice.alert.finding for notice in part]
        first, jobs = findings[0], len({finding.subject for finding in findings})
        cause, why = cause_of(first), first.facts.get("what", "?")
        if first.units:
            why = self._with(first.units[0].reason, first.units[0].remedy)
        if cause is not None and cause.cause == NOT_STARTED:
            title = f"{self.say(texts.NOT_RUN)}{self.say(texts.NO_RUNS, jobs=jobs)}"
        else:
            title = self.say(
                texts.STORM,
                platform=self.platform(first.platform),
                shops=len({unit.shop_id for finding in findings for unit in finding.units}),
                jobs=jobs,
                cause=why,
            )
        service = dict.fromkeys(finding.facts.get("service", "") for finding in findings)
        brief = [
            self.say(
                texts.OF_STORM,
                subject=self.subject(finding),
                count=len(finding.units),
                since=self.at(finding, finding.since),
            )
            for finding in findings
        ]
        lines = (
            *filter(None, service),
            *_items(brief, part),
            self.say(texts.STORM_END, repeat=self._repeat),
            *self._common(findings),
        )
        return Message(title, lines, _mentioned(part))

    def _common(self, findings: list[Finding]) -> Iterator[str]:
        """Yield what to do, where that is not much, and the page that shows them all."""
        by_remedy = {finding.facts.get("remedy"): finding for finding in findings}
        for finding in by_remedy.values() if len(by_remedy) <= FEW else ():
            yield from self.remedy(finding)
        if link := findings[0].facts.get("link"):
            yield self.say(texts.LINK, link=link.partition("?")[0])

    def _summary(self, part: Part) -> Message:
        """Return one message of whatever there is to say."""
        counts = (
            (texts.NEW, sum(What.OPENING in notice.whats for notice in part)),
            (texts.BACK, sum(notice.is_over for notice in part)),
            (texts.LASTING, sum(What.REPEAT in notice.whats for notice in part)),
        )
        told = self.join([self.say(said, count=n) for said, n in counts if n])
        wrong = [notice.alert.finding for notice in part if not notice.is_over]
        common = len({one.facts.get("remedy") for one in wrong}) == 1
        lines = _items([self._brief(notice) for notice in part], part)
        lines += tuple(self.remedy(wrong[0])) if common else ()
        return Message(f"{self.say(texts.SUMMARY)}{told}", lines, _mentioned(part))

    def _brief(self, notice: Notice) -> str:
        """Return an alert in one line."""
        alert = notice.alert
        if notice.whats == (What.RECOVERY,):
            return self.recovery(alert)
        finding = alert.finding
        concerned = {unit.shop_id for unit in (*alert.missed, *finding.units)}
        title, since = self.title(finding), self.at(finding, finding.since)
        if What.REPEAT in notice.whats:
            said = self.say(texts.STILL_BRIEF, title=title, lasted=self.lasted(finding))
        else:
            said = self.say(texts.BRIEF, title=title, since=since)
        if concerned:
            said = self.say(texts.MISSING, said=said, count=len(concerned))
        if notice.is_over and alert.gone is not None:
            return self.say(texts.OVER, said=said, until=self.at(finding, alert.gone))
        what = finding.facts.get("what", "") if finding.kind is Kind.CONFIGURATION else ""
        return self._with(said, what)

    def platform(self, name: str) -> str:
        """Return what people call a platform."""
        if known := PLATFORMS.get(name):
            return known.chinese if self.name == CHINESE else known.english
        return name


def _items(lines: Iterable[str], part: Part) -> tuple[str, ...]:
    pairs = zip(lines, part, strict=True)
    return tuple(f"{ITEM}{line}  {notice.alert.label}" for line, notice in pairs)


def _mentioned(part: Part) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for notice in part for name in notice.mention))
