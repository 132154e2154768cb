"""`waive`, `unwaive`: accept by name that a gap can never be closed, and take that back."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from include.contracts import completed
from include.coverage import JudgedUnit
from include.coverage.waiving import Selection, select
from include.language import _
from include.units import waivers
from include.units.waivers import Waiver
from include.warehouse.transactions import cause_of
from manager.coverage_reader import CoverageReader, coverage_reader
from manager.journal import note, user_name
from manager.layout import Layout
from manager.lookup import check_names
from manager.table import print_json
from manager.warehouse import in_words

NAMED = 3


def waive(layout: Layout, arguments: Namespace) -> int:
    """Accept the gaps of a period, or of several, with a reason.

    Raises:
        ConfigurationError: unknown job, shop or period, no reason, or there is no gap.
        ExpectedError: the warehouse does not answer.
    """
    reason = waivers.reason_of(arguments.reason)
    with coverage_reader(layout) as reader:
        found = _selected(reader, arguments)
        found.refuse_without_gaps()
        with in_words():
            made = waivers.waive(reader.engine, found.gaps, reason, user_name())
        periods = {gap.period for gap in found.gaps}
        try:
            whole = completed(reader.engine, layout.root, arguments.job, periods, lately=False)
        except Exception as error:  # noqa: BLE001 -- the gaps are waived, whatever is wrong there
            whole = []
            why = cause_of(error)
            print(_("contracts could not be judged: {why}", why=why), file=sys.stderr)
    note(layout, _("waived {units}: {reason}", units=_named(found.gaps), reason=reason))
    for revision in whole:
        note(layout, _("completed {revision}", revision=revision))
    if arguments.json:
        print_json({"waived": [*map(as_dict, made)], "left": dict(found.others)})
        return 0
    print(
        _(
            "waived {units}: it counts nowhere; `{manager} unwaive` takes it back",
            units=_named(found.gaps),
        )
    )
    for revision in whole:
        print(_("that completes {revision}", revision=revision))
    if found.others:
        counted = (_("{number} {what}", number=n, what=_(what)) for what, n in found.others.items())
        print(_(", ").join(counted))
    return 0


def unwaive(layout: Layout, arguments: Namespace) -> int:
    """Make what was waived count as a gap again.

    Raises:
        ConfigurationError: unknown job, shop or period, or nothing is waived.
        ExpectedError: the warehouse does not answer.
    """
    with coverage_reader(layout) as reader:
        found = _selected(reader, arguments)
        found.refuse_without_waived()
        with in_words():
            waivers.unwaive(reader.engine, found.waived)
    note(layout, _("unwaived {units}", units=_named(found.waived)))
    if arguments.json:
        print_json({"unwaived": [as_dict(one.waiver) for one in found.waived if one.waiver]})
    else:
        print(_("no longer waived, and a gap again: {units}", units=_named(found.waived)))
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


def _selected(reader: CoverageReader, arguments: Namespace) -> Selection:
    check_names(reader.registry, arguments.job, arguments.shop)
    job = reader.registry.jobs[arguments.job]
    until = arguments.until or arguments.period
    ends = job.schedule.ends_of(arguments.period, until, reader.now())
    with in_words():
        return select(
            reader.engine, reader.registry, job, ends, arguments.shop, patience=reader.patience
        )


def _named(units: Sequence[JudgedUnit]) -> str:
    if len(units) <= NAMED:
        return ", ".join(map(str, units))
    return _(
        "{count} units from {first} to {last}", count=len(units), first=units[0], last=units[-1]
    )
