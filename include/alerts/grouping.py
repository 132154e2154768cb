"""What is said in one message: few messages, however much is wrong at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.findings import Kind
from include.alerts.records import What

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.alerts.findings import Finding
    from include.alerts.sayings import Saying

Part = tuple["Saying", ...]  # what one message says

# Kinds that many jobs of a platform have at once, with one cause.
OF_PLATFORMS = frozenset({Kind.LATE, Kind.QUALITY})
NOT_STARTED = "not_started"  # the cause of whatever has no run at all, on any platform
# What is said first where not all is said by itself.
URGENT = (Kind.SERVICE, Kind.CREDENTIALS, Kind.CONFIGURATION, Kind.LATE, Kind.QUALITY)


class Cause(NamedTuple):
    """What the alerts of a storm have in common."""

    kind: Kind
    platform: str
    cause: str


def parts_of(sayings: Iterable[Saying], group: int) -> list[Part]:
    """Return what is said together, the most urgent first.

    Args:
        sayings: all that is to be said in a channel now.
        group: from how many jobs of one platform and cause on they are one message.
    """
    by_what: dict[tuple[What, ...], list[Saying]] = defaultdict(list)
    for saying in sorted(sayings, key=_urgency):
        by_what[saying.whats].append(saying)
    openings = by_what.pop((What.OPENING,), [])
    recoveries = by_what.pop((What.RECOVERY,), [])
    rest = [tuple(several) for several in by_what.values()]
    return [*_storms(openings, group), *_said_together(recoveries), *rest]


def within_budget(parts: Sequence[Part], left: int) -> list[Part]:
    """Return what is sent of it: what does not fit the budget is said in one message.

    One message of the budget is kept for what comes next, as far as there are two.

    Args:
        parts: what would each be a message.
        left: how many messages may be sent now.
    """
    if left <= 0 or not parts:
        return []
    if len(parts) <= max(left - 1, 1):
        return list(parts)
    alone = max(left - 2, 0)
    return [*parts[:alone], sum(parts[alone:], ())]


def cause_of(finding: Finding) -> Cause | None:
    """Return what a finding may have in common with others; none for one of its own."""
    if finding.kind not in OF_PLATFORMS:
        return None
    if finding.facts.get("started") == "no":
        return Cause(finding.kind, "", NOT_STARTED)
    causes = {unit.cause for unit in finding.units} or {finding.facts.get("cause", "")}
    (cause, *others) = causes
    return Cause(finding.kind, finding.platform, cause) if cause and not others else None


def _storms(openings: list[Saying], group: int) -> Iterator[Part]:
    """Yield openings: those of one platform and cause together, if they are many."""
    by_cause: dict[Cause | int, list[Saying]] = defaultdict(list)
    for saying in openings:
        by_cause[cause_of(saying.alert.finding) or saying.alert.number].append(saying)
    for several in by_cause.values():
        if _is_storm(several, group):
            yield tuple(several)
        else:
            yield from ((one,) for one in several)


def _is_storm(several: list[Saying], group: int) -> bool:
    findings = [saying.alert.finding for saying in several]
    if len({finding.subject for finding in findings}) >= group:
        return True
    shops = {unit.shop_id for finding in findings for unit in finding.units}
    of_platform = max(int(finding.facts.get("shops", "0")) for finding in findings)
    return len(several) > 1 and 0 < of_platform <= 2 * len(shops)


def _said_together(recoveries: list[Saying]) -> Iterator[Part]:
    """Yield recoveries: those together that one message has said to be wrong."""
    by_message: dict[int, list[Saying]] = defaultdict(list)
    for saying in recoveries:
        by_message[saying.opening].append(saying)
    yield from (tuple(several) for several in by_message.values())


def _urgency(saying: Saying) -> tuple[int, int]:
    kind = saying.alert.finding.kind
    return (URGENT.index(kind) if kind in URGENT else len(URGENT), saying.alert.number)
