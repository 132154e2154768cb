"""What channels are told besides alerts: the digest, what is complete, and what is new in answers.

The digest comes also when all is well, so that its absence is an alarm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from include.alerts import catalogue as texts
from include.alerts.answers import job_and_shop
from include.alerts.composing import Wording
from include.alerts.configuration import is_for_programs, is_quiet, is_within, routes_naming
from include.alerts.findings import Day
from include.alerts.messages import ITEM, Message
from include.alerts.records import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from include.alerts.answers import Mutes
    from include.alerts.catalogue import Language
    from include.alerts.findings import Completed, Drifting, Observed
    from include.alerts.records import Alert, Key, Stop
    from include.registry.alerts import AlertConfiguration, Channel, Route

SHOWN = 8  # alerts, periods, or what is new in answers
LONGEST_LATENESS = timedelta(hours=12)  # a digest that could not come is made up for so long


class Due(NamedTuple):
    """A daily message that is to be sent: what it is for, its day, and what it says."""

    purpose: Purpose
    day: date
    message: Message


class Digest:
    """Says how the day is, at an (aware) moment."""

    def __init__(
        self,
        configuration: AlertConfiguration,
        mutes: Mutes,
        alerts: list[Alert],
        stops: tuple[Stop, ...],
        now: datetime,
    ) -> None:
        self._wording = Wording(configuration.general.language, now)
        self._say = self._wording.say
        self._digest = configuration.digest
        self._mutes = mutes
        self._alerts = [one for one in alerts if one.is_open]
        self._stops = stops
        self._zone = ZoneInfo(configuration.general.timezone)
        self._now = now.astimezone(self._zone)

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
        complete = day.complete if day and self._digest.also is not None else 0
        if complete and (last_all is None or last_all < at.date()):
            title = self._say(texts.ALL_OF_DAY, day=f"{self._now:%m-%d}", expected=complete)
            yield Due(Purpose.ALL_LANDED, at.date(), Message(title))

    def message(self, day: Day | None, last: date | None) -> Message:
        """Return the digest."""
        at = self._now + timedelta(days=1)
        following = f"{at:%m-%d} {self._digest.at:%H:%M}"
        known = day or Day()
        lines = (
            *self._contracts(known),
            *self._counts(day),
            *self._open(),
            *self._muted(last or self._mutes.today - timedelta(days=1)),
            *self._tokens(known),
            *self._restated(known),
            *_shapes(self._wording, known.new_shapes, known.lacking_shapes),
            *self._stopped(),
            self._say(texts.NEXT, at=following),
        )
        return Message(self._say(texts.DIGEST, at=f"{self._now:%m-%d %H:%M}"), lines)

    def _contracts(self, day: Day) -> Iterator[str]:
        for one in day.contracts:
            lacks = [self._say(texts.OF_JOB, job=job, count=n) for job, n in one.missing]
            at, due = (
                self._wording.moment(moment.astimezone(self._zone), self._now) if moment else "?"
                for moment in (one.complete_at, one.deadline)
            )
            yield self._say(
                texts.OF_CONTRACTS[one.how],
                name=one.name,
                period=one.period_key,
                at=at,
                due=due,
                jobs=self._wording.join(lacks),
            )

    def _counts(self, day: Day | None) -> Iterator[str]:
        if day is None:
            yield self._say(texts.UNREAD)
            return
        said = self._say(texts.LANDED, expected=day.expected, landed=day.landed)
        if missing := sum(day.missing.values()):
            of_platforms = [
                self._say(texts.OF_PLATFORM, platform=self._wording.platform(name), count=count)
                for name, count in day.missing.items()
            ]
            platforms = self._wording.join(of_platforms)
            said = self._say(texts.LACKS, said=said, missing=missing, platforms=platforms)
        elif day.expected == day.landed > 0 and not day.problems:
            said = self._say(texts.ALL, said=said)
        yield said
        if day.problems:
            yield self._say(texts.NOT_COUNTED, count=day.problems)
        if day.usual is not None:
            yield self._say(texts.USUAL, usual=f"{day.usual:+.0%}")
        if day.waived:
            yield self._say(texts.WAIVED, count=day.waived)

    def _open(self) -> Iterator[str]:
        told = [alert for alert in self._alerts if not self._mutes.covers(alert.finding)]
        if not told:
            yield self._say(texts.WELL)
            return
        yield self._say(texts.OPEN, count=len(told))
        for alert in told[:SHOWN]:
            title, lasted = self._wording.title(alert.finding), self._wording.lasted(alert.finding)
            yield ITEM + self._say(texts.OPEN_LINE, title=title, lasted=lasted, number=alert.label)
        if len(told) > SHOWN:
            yield ITEM + self._say(texts.MORE_ALERTS, count=len(told) - SHOWN)

    def _muted(self, last: date) -> Iterator[str]:
        for mute in self._mutes.active:
            days, what = self._mutes.days_left(mute), job_and_shop(mute.job, mute.shop)
            yield self._say(texts.MUTED, job=what, reason=mute.reason, days=days)
        for mute in self._mutes.ended_since(last):
            what = job_and_shop(mute.job, mute.shop)
            yield self._say(texts.ENDED, job=what, reason=mute.reason)

    def _tokens(self, day: Day) -> Iterator[str]:
        if day.tokens:
            told = [
                self._say(texts.TOKEN, connection=one.connection, ends=self._at(one.ends))
                for one in day.tokens
            ]
            yield self._say(texts.TOKENS, tokens=self._wording.join(told))

    def _restated(self, day: Day) -> Iterator[str]:
        if day.restated:
            told = [self._say(texts.CHANGED_PERIOD, **one._asdict()) for one in day.restated]
            yield self._say(texts.RESTATED, periods=_first(self._wording, told))

    def _stopped(self) -> Iterator[str]:
        for stop in self._stops:
            if self._now - stop.at < timedelta(days=1):
                said = self._say(texts.STOPPED, by=stop.by, at=self._at(stop.at))
                if stop.started:
                    said = self._say(texts.STARTED, said=said, at=self._at(stop.started))
                yield said

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%m-%d %H:%M}"


def _first(language: Language, told: Sequence[str]) -> str:
    """Return the first of many as a list, and how many more there are."""
    left = len(told) - SHOWN
    more = [language.say(texts.MORE_ALERTS, count=left)] if left > 0 else []
    return language.join([*told[:SHOWN], *more])


def _shapes(
    language: Language, new: Iterable[tuple[str, str]], lacking: Sequence[str]
) -> Iterator[str]:
    """Yield a line of what is new in answers, and one of what they lack."""
    seen = [language.say(texts.NEW_SHAPE, shape=shape, where=where) for shape, where in new]
    for said, shapes in ((texts.NEW_SHAPES, seen), (texts.LACKING_SHAPES, lacking)):
        if shapes:
            yield language.say(said, shapes=_first(language, shapes))


def announcements(
    configuration: AlertConfiguration,
    channel: Channel,
    observed: Observed,
    told: frozenset[Key],
    now: datetime,
) -> Iterator[tuple[Purpose, Message]]:
    """Yield a message for each revision, and for each source with something new in its answers.

    Args:
        configuration: a route of it has to ask for them.
        channel: which; a webhook, where programs wait, is told of revisions in quiet hours, too.
        observed: has what is of late.
        told: what the channel was told.
        now: the moment; aware.
    """
    wording = Wording(configuration.general.language, now)
    for purpose in (Purpose.COMPLETE, Purpose.DRIFT):
        routes = routes_naming(configuration, purpose.value, channel)
        is_held = is_quiet(configuration, now, purpose.value)
        if not routes or (is_held and not is_for_programs(channel, purpose)):
            continue
        if purpose is Purpose.COMPLETE:
            found = _completions(wording, observed.completed, told, now)
        else:
            found = _drifts(wording, observed.drifted, told, routes)
        for message in found:
            yield purpose, message


def _completions(
    language: Language, completed: Iterable[Completed], told: frozenset[Key], now: datetime
) -> Iterator[Message]:
    for one in completed:
        revision, zone = one.revision, ZoneInfo(one.zone)
        if (revision.contract_id, revision.period_key, revision.number) in told:
            continue
        title = language.say(
            texts.NOW_COMPLETE if revision.number == 1 else texts.NOW_RESTATED,
            name=one.name,
            period=revision.period_key,
            at=language.moment(revision.complete_at.astimezone(zone), now.astimezone(zone)),
            revision=revision.number,
        )
        rows = "?" if revision.row_count is None else f"{revision.row_count:,}"
        amount = language.say(texts.AMOUNT, units=revision.units, rows=rows)
        yield Message(title, (amount,), event=revision.as_event())


def _drifts(
    wording: Wording, drifted: Iterable[Drifting], told: frozenset[Key], routes: Iterable[Route]
) -> Iterator[Message]:
    """Yield a message for each source; what flaps is not told again while it is remembered."""
    for one in drifted:
        new = [pair for pair in one.new if (one.source, "new", pair[0]) not in told]
        lacking = [path for path in one.lacking if (one.source, "missing", path) not in told]
        if not (new or lacking) or not any(is_within(route, one) for route in routes):
            continue
        platforms = wording.join([wording.platform(name) for name in one.platform.split()])
        source = " ".join(filter(None, (platforms, one.source)))
        event = {
            "source": one.source,
            "new": "\n".join(shape for shape, _ in new),
            "missing": "\n".join(lacking),
        }
        lines = tuple(_shapes(wording, new, lacking))
        yield Message(wording.say(texts.DRIFTED, source=source), lines, event=event)
