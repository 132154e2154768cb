"""What has not landed and is no gap: it is not due, disabled, or waived."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from include.coverage import State
from include.language import N_, _, clauses

NAMED = 3  # of what is disabled


@dataclass
class NotGaps:
    """Units that were due or have begun, have not landed, and are no gaps.

    Attributes:
        any_due: whether anything was to land by now at all.
        waiting: how many are pending, and how many run.
        to_come: how many of periods that have ended are due later.
        last_due: when the last of these is due.
        early: how many of these were pulled already, provisionally.
        jobs: how many never landed since their job is disabled, by job.
        shops: the same of shops, by shop.
        waived: how many are gaps that somebody has accepted.
    """

    any_due: bool = False
    waiting: Counter[State] = field(default_factory=Counter)
    to_come: int = 0
    last_due: datetime | None = None
    early: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    shops: Counter[str] = field(default_factory=Counter)
    waived: int = 0

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.waiting or self.to_come or self.jobs or self.shops or self.waived)

    def described(self) -> str:
        """Return how many are waiting, to come, disabled and waived, and which."""
        waiting = [
            _("{number:,} {state}", number=number, state=_(state.value))
            for state, number in self.waiting.items()
        ]
        who = [
            *_named(N_("job {name} is disabled"), N_("{count} jobs are disabled"), self.jobs),
            *_named(N_("shop {name} is disabled"), N_("{count} shops are disabled"), self.shops),
        ]
        off = self.jobs.total() + self.shops.total()
        waived = N_("{waived:,} waived (`{manager} gaps --waived` says why)")
        return clauses(
            _("not landed yet: {units}", units=waiting) if waiting else "",
            self._to_come(),
            _("{off:,} disabled ({who})", off=off, who=who) if off else "",
            _(waived, waived=self.waived) if self.waived else "",
        )

    def _to_come(self) -> str:
        if not self.last_due:
            return ""
        count = _("{number:,} still to come", number=self.to_come)
        if self.early:
            text = N_("{number:,} still to come ({early:,} of them provisional)")
            count = _(text, number=self.to_come, early=self.early)
        text = N_("{count}, the last is due {due:%Y-%m-%d %H:%M}")
        if self.to_come == 1:
            text = N_("{count}, it is due {due:%Y-%m-%d %H:%M}")
        return _(text, count=count, due=self.last_due)

    def without_gaps(self, asked: str | None, since: date, *, is_broken: bool) -> str:
        """Return the line for no gaps.

        Args:
            asked: the job or shop that was looked at; None for all.
            since: from which day on.
            is_broken: whether something is that may have gaps.
        """
        if is_broken:
            texts = (
                N_("no gaps are known since {since}, but what is broken may have some"),
                N_("no gaps are known of {asked} since {since}, but what is broken may have some"),
            )
        elif not self.any_due:
            texts = (
                N_("no gaps: nothing was due since {since}"),
                N_("no gaps: nothing of {asked} was due since {since}"),
            )
        elif self:
            texts = N_("no gaps since {since}"), N_("no gaps of {asked} since {since}")
        else:
            texts = (
                N_("no gaps: everything that was due since {since} has landed"),
                N_("no gaps: everything of {asked} that was due since {since} has landed"),
            )
        return clauses(_(texts[bool(asked)], asked=asked, since=since), self.described())

    def as_dict(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            **{state.value: self.waiting[state] for state in (State.PENDING, State.RUNNING)},
            "to_come": self.to_come,
            "provisional": self.early,
            "last_due": self.last_due.isoformat(timespec="seconds") if self.last_due else None,
            "waived": self.waived,
            "disabled_jobs": dict(self.jobs),
            "disabled_shops": dict(self.shops),
        }


def _named(one: str, many: str, counted: Mapping[str, int]) -> list[str]:
    """Name those that are disabled, where they are few: by one of two messages."""
    names = list(counted)
    if len(names) > NAMED:
        return [_(many, count=len(names))]
    return [_(one, name=name) for name in names]
