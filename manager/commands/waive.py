"""`waive`: accept by name that a gap can never be closed; `unwaive` takes that back."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from include.coverage.waiving import select
from include.units import waivers
from manager.coverage_reader import MANAGER, check_names, in_words, lookout
from manager.journal import note, user_name

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Sequence

    from include.coverage import JudgedUnit
    from include.coverage.waiving import Selection
    from include.registry import Registry
    from include.units.waivers import Waiver
    from manager.coverage_reader import Lookout
    from manager.layout import Layout

NAMED = 3


def waive(layout: Layout, arguments: Namespace) -> int:
    """`waive`: accept the gaps of a period, or of several, with a reason.

    Returns:
        0.

    Raises:
        ConfigurationError: unknown job, shop or period, no reason, or there is no gap.
        ExpectedError: the warehouse does not answer.
    """
    reason = waivers.reason_of(arguments.reason)
    with lookout(layout) as look:
        found = _selected(look, arguments)
        found.refuse_without_gaps()
        with in_words():
            made = waivers.waive(look.engine, found.gaps, reason, user_name())
    note(layout, f"waived {_named(found.gaps)}: {reason}")
    if arguments.json:
        told = {"waived": [as_dict(one) for one in made], "left": dict(found.others)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    print(f"waived {_named(found.gaps)}: it counts nowhere; `{MANAGER} unwaive` takes it back")
    if found.others:
        print(", ".join(f"{number} {word}" for word, number in found.others.items()))
    return 0


def unwaive(layout: Layout, arguments: Namespace) -> int:
    """`unwaive`: let what was waived count as a gap again.

    Returns:
        0.

    Raises:
        ConfigurationError: unknown job, shop or period, or nothing is waived.
        ExpectedError: the warehouse does not answer.
    """
    with lookout(layout) as look:
        found = _selected(look, arguments)
        found.refuse_without_waived()
        with in_words():
            waivers.unwaive(look.engine, found.waived)
    note(layout, f"unwaived {_named(found.waived)}")
    if arguments.json:
        told = {"unwaived": [as_dict(one.waiver) for one in found.waived if one.waiver]}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print(f"no longer waived, and a gap again: {_named(found.waived)}")
    return 0


def as_dict(waiver: Waiver) -> dict[str, Any]:
    """Return what a program is told of a waiver."""
    return {
        "job": waiver.job_id,
        "shop": waiver.shop_id,
        "period": waiver.period_key,
        "reason": waiver.reason,
        "by": waiver.waived_by,
        "at": waiver.waived_at.isoformat(timespec="seconds"),
    }


def rows_of(registry: Registry, found: Iterable[Waiver]) -> list[tuple[str, ...]]:
    """Return the rows of a table of waivers: those of one shop that were made at once are one."""
    rows: list[tuple[str, ...]] = []
    ordered = sorted(found, key=lambda one: (*_at_once(one), one.period_start))
    for _, group in groupby(ordered, key=_at_once):
        first, *others = group
        last = others[-1] if others else first
        keys = first.period_key if first is last else f"{first.period_key} to {last.period_key}"
        when = first.waived_at.astimezone(registry.jobs[first.job_id].schedule.zone)
        who = f"{first.waived_by}, {when:%Y-%m-%d %H:%M}"
        rows.append((first.job_id, first.shop_id, keys, who, first.reason))
    return rows


def _at_once(waiver: Waiver) -> tuple[Any, ...]:
    return waiver.job_id, waiver.waived_at, waiver.shop_id


def _selected(look: Lookout, arguments: Namespace) -> Selection:
    check_names(look.registry, arguments.job, arguments.shop)
    job = look.registry.jobs[arguments.job]
    until = arguments.until or arguments.period
    ends = job.schedule.ends_of(arguments.period, until, look.now())
    with in_words():
        return select(look.engine, look.registry, job, ends, arguments.shop, patience=look.patience)


def _named(units: Sequence[JudgedUnit]) -> str:
    if len(units) <= NAMED:
        return ", ".join(map(str, units))
    return f"{len(units)} units from {units[0]} to {units[-1]}"
