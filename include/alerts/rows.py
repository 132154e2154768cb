"""Rows of `var/alerts.db` from records, and records from rows."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from include.alerts.findings import Finding, Missing, Resolution
from include.alerts.messages import Message
from include.alerts.records import Alert, Health, KeptMute, Outgoing, Purpose, Said, Stop, What
from include.registry.alerts import Mute

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[Any, ...]
ALERT = (
    "number, finding, missed, first_seen, opened, gone, recovered, closed, silent, resolution, "
    "acked, acked_by"
)
OUTGOING = "number, channel, purpose, message, written, day, begun"
HEALTH = (
    "channel, failing_since, attempts, next_attempt, is_refusal, code, answer, remedy, delivered"
)


def stamp(moment: datetime) -> str:
    """Return a moment as it is kept: in UTC, of one length, so that texts sort like moments."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Return the moment that `stamp` has written."""
    return datetime.fromisoformat(text)


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def row_of_alert(alert: Alert) -> Row:
    """Return an alert's values, in the order of `ALERT`."""
    resolution = alert.resolution
    return (
        alert.number,
        _json(alert.finding.as_json()),
        _json([vars(unit) for unit in alert.missed]),
        *map(_stamp, (alert.first_seen, alert.opened, alert.gone, alert.recovered, alert.closed)),
        alert.silent,
        resolution and _json(asdict(resolution) | {"at": _stamp(resolution.at)}),
        _stamp(alert.acked),
        alert.acked_by,
    )


def alert_of(row: Row, said: Sequence[Said] = ()) -> Alert:
    """Return the alert of a row of `ALERT`."""
    number, finding, missed, first_seen, opened, gone, recovered, closed, silent, *rest = row
    resolution, acked, acked_by = rest
    return Alert(
        number,
        _finding(finding),
        moment(first_seen),
        opened=_moment(opened),
        missed=_units(missed),
        gone=_moment(gone),
        recovered=_moment(recovered),
        closed=_moment(closed),
        silent=bool(silent),
        resolution=resolution and _resolution(json.loads(resolution)),
        acked=_moment(acked),
        acked_by=acked_by,
        said=tuple(said),
    )


def said_of(row: Row) -> Said:
    """Return what was said, of a row of channel, what, message and delivered."""
    channel, what, message, delivered = row
    return Said(channel, What(what), message, _moment(delivered))


def row_of_outgoing(outgoing: Outgoing) -> Row:
    """Return a new message's values, in the order of `OUTGOING`."""
    return (
        outgoing.number,
        outgoing.channel,
        outgoing.purpose.value,
        _json(asdict(outgoing.message)),
        stamp(outgoing.written),
        outgoing.day,
        None,
    )


def outgoing_of(row: Row) -> Outgoing:
    """Return the message of a row of `OUTGOING`, without the alerts that it is about."""
    number, channel, purpose, message, written, day, begun = row
    return Outgoing(
        number,
        channel,
        Purpose(purpose),
        _message(json.loads(message)),
        moment(written),
        day=day,
        is_doubtful=begun is not None,
    )


def row_of_health(health: Health) -> Row:
    """Return a channel's values, in the order of `HEALTH`."""
    return (
        health.channel,
        _stamp(health.failing_since),
        health.attempts,
        _stamp(health.next_attempt),
        health.is_refusal,
        health.code,
        health.answer,
        health.remedy,
        _stamp(health.delivered),
    )


def health_of(row: Row) -> Health:
    """Return how a channel is, of a row of `HEALTH`."""
    channel, failing_since, attempts, next_attempt, is_refusal, code, answer, remedy, at = row
    return Health(
        channel,
        _moment(failing_since),
        attempts,
        _moment(next_attempt),
        bool(is_refusal),
        code,
        answer,
        remedy,
        _moment(at),
    )


def mute_of(row: Row) -> KeptMute:
    """Return a mute, of a row of number, since, job, shop, until, reason and by."""
    number, since, job, shop, until, reason, by = row
    mute = Mute.model_construct(
        job=job, shop=shop, until=date.fromisoformat(until), reason=reason, by=by
    )
    return KeptMute(number, moment(since), mute)


def stop_of(row: Row) -> Stop:
    """Return a stop of the service, of a row of by, at and started."""
    by, at, started = row
    return Stop(by, moment(at), _moment(started))


# Most findings are the same from round to round: what their texts mean is kept.
@lru_cache(maxsize=256)
def _finding(text: str) -> Finding:
    return Finding.of_json(json.loads(text))


@lru_cache(maxsize=256)
def _units(text: str) -> tuple[Missing, ...]:
    return tuple(Missing(**unit) for unit in json.loads(text))


def _resolution(said: dict[str, Any]) -> Resolution:
    return Resolution(**said | {"at": _moment(said["at"])})


def _message(said: dict[str, Any]) -> Message:
    return Message(**said | {"lines": tuple(said["lines"]), "mention": tuple(said["mention"])})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
