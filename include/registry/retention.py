"""How long things are kept, as the entry's `env` in config/tasks/service.yaml says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.language import N_, _
from include.text import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

PREFIX = "HOUSEKEEPING_"
TASK_LOGS = "HOUSEKEEPING_TASK_LOG_DAYS"
COMPONENT_LOGS = "HOUSEKEEPING_COMPONENT_LOG_DAYS"
METADATA = "HOUSEKEEPING_METADATA_DAYS"
LEDGER = "HOUSEKEEPING_LEDGER_DAYS"
DEFAULTS = {TASK_LOGS: 30, COMPONENT_LOGS: 30, METADATA: 90, LEDGER: 730}
# `max_drop` compares with months before, and a year is looked back at in the next.
SHORTEST_LEDGER = 400
LONGEST = 9_999
WHERE = N_("edit env of job housekeeping in config/tasks/service.yaml")


@dataclass(frozen=True)
class Settings:
    """How many days each kind is kept; 0: for ever."""

    task_logs: int
    component_logs: int
    metadata: int
    ledger: int


def settings_of(environment: Mapping[str, str], recovers: Iterable[timedelta]) -> Settings:
    """Read the settings from a script's environment.

    Args:
        environment: usually `os.environ`.
        recovers: how old a missed period of each job may be to run by itself: Airflow's runs are
            kept at least as long, since it looks at them to know which periods those are.

    Raises:
        ConfigurationError: a setting is unknown, no number of days, or too few.
    """
    for name in environment:
        if name.startswith(PREFIX) and name not in DEFAULTS:
            raise ConfigurationError(
                "{name} is no setting: {near} ({where})",
                name=name, near=suggestion(name, DEFAULTS), where=_(WHERE),
            )  # fmt: skip
    needed = max((-(-recover.total_seconds() // 86_400) for recover in recovers), default=0)
    return Settings(
        _days(environment, TASK_LOGS, 1, N_("logs of today are being written")),
        _days(environment, COMPONENT_LOGS, 1, N_("logs of today are being written")),
        _days(environment, METADATA, int(needed) + 1, N_("jobs recover periods as old as that")),
        _days(environment, LEDGER, SHORTEST_LEDGER, N_("checks compare with months before")),
    )


def _days(environment: Mapping[str, str], name: str, least: int, reason: str) -> int:
    text = environment.get(name, "").strip() or str(DEFAULTS[name])
    whole = text.isascii() and text.isdigit() and len(text) <= len(str(LONGEST))
    days = int(text) if whole else -1
    if days == 0 or least <= days <= LONGEST:
        return days
    raise ConfigurationError(
        "{name} {text!r} is not a number of days, from {least} ({reason}) to {most}, or 0 to keep "
        "them for ever: write it like {example} ({where})",
        name=name, text=text, least=least, reason=_(reason), most=LONGEST,
        example=DEFAULTS[name], where=_(WHERE),
    )  # fmt: skip
