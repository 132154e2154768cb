"""The values of config/alerts.yaml: what each may be, and how editors are told to check it."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, NamedTuple

from include.language import CHINESE, ENGLISH, _
from include.registry import constraints, fields, quantities
from include.registry.fields import Checked
from include.text import quoted

CHANNEL_KINDS = ("dingtalk", "feishu", "lark", "wecom", "email", "webhook")
LANGUAGES = (CHINESE, ENGLISH)
# A robot takes 20 messages in a minute, or is blocked for ten.
MOST_MESSAGES = 20
LONGEST_BUDGET = timedelta(days=1)
BUDGET = r"([1-9]|1\d|20)/(\d{1,4}[mh])"
EMAIL = r"[^@\s<>,]+@[^@\s<>,]+"


class Kind(str, Enum):
    """What an alert is about."""

    LATE = "late"
    CREDENTIALS = "credentials"
    CONFIGURATION = "configuration"
    QUALITY = "quality"
    SERVICE = "service"
    PAUSED = "paused"
    AGING = "aging"
    TOKEN = "token"  # noqa: S105 - a kind of alert

    # Equal to its text for SQL, JSON and sets, and printed like it.
    __hash__ = str.__hash__
    __str__ = str.__str__


KINDS = tuple(kind.value for kind in Kind)
# What a route may name besides, and gets only then, since nothing is wrong: a period of a contract
# is complete, or its rows have changed; a platform's answers have something new, or lack something.
COMPLETE, DRIFT = "complete", "drift"
ROUTED = (*KINDS, COMPLETE, DRIFT)


class Budget(NamedTuple):
    """How many messages a channel gets at most within a while."""

    messages: int
    within: timedelta


def _budget(value: Any) -> Budget:
    found = re.fullmatch(BUDGET, value, re.ASCII) if isinstance(value, str) else None
    span = quantities.duration(found[2]) if found else timedelta()
    if found is None or not timedelta() < span <= LONGEST_BUDGET:
        told = _(
            "{value} is not a budget: write it like 6/10m, with at most {most} messages, in at "
            "most 24h",
            value=quoted(value), most=MOST_MESSAGES,
        )  # fmt: skip
        raise ValueError(told)
    return Budget(int(found[1]), span)


def _group(value: Any) -> int:
    if quantities.count(value) < 2:  # noqa: PLR2004 - of one there is nothing to group
        raise ValueError(_("{value} is too few: write 2 or more", value=value))
    return int(value)


def _email(value: Any) -> str:
    written = constraints.line(value)
    if not re.fullmatch(EMAIL, written):
        told = _(
            "{value} is no e-mail address: write it like boss@example.com", value=quoted(written)
        )
        raise ValueError(told)
    return written


ChannelId = fields.ShopId
ChannelKind = Annotated[str, fields.word(CHANNEL_KINDS)]
RoutedKind = Annotated[str, fields.word(ROUTED)]
Language = Annotated[str, fields.word(LANGUAGES)]
BudgetText = Annotated[Budget, Checked(_budget, BUDGET)]
Group = Annotated[int, Checked(_group, type="integer", minimum=2)]
Email = Annotated[str, Checked(_email, EMAIL)]
Also = Annotated[str, fields.word(["all_landed"])]
