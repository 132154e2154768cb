"""What starts a job: a cron, or a contract that it runs after."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, model_validator

from include.language import N_, _
from include.registry import constraints
from include.registry.problems import SentenceError

NO_START = N_(
    "key 'cron' is missing: add it, as in cron: '0 8 * * *', or in its place a contract that the "
    "job runs after, as in after: store_day"
)
NO_CONTRACT = N_(
    "is empty: name the contract that the job runs after, as in after: store_day, or remove it"
)


class Startable(BaseModel):
    """An entry with a key `after`."""

    @model_validator(mode="before")
    @classmethod
    def _is_no_default(cls, entry: Any) -> Any:
        """Make of a key without a value, which is an error, another value than the default."""
        is_empty = isinstance(entry, dict) and "after" in entry and entry["after"] is None
        return entry | {"after": ""} if is_empty else entry


def contract_id(value: Any) -> str:
    """Take the id of a contract to run after."""
    if value == "":
        raise ValueError(_(NO_CONTRACT))
    return constraints.job_id(value)


def check_start(cron: str, after: str | None) -> None:
    """Check that an entry has a cron or a contract to run after, and not both.

    Raises:
        ValueError: the rest of a sentence that begins with the key `after`.
    """
    if after is None and not cron:
        raise SentenceError(_(NO_START))
    if after is not None and cron:
        raise ValueError(_("and cron do not go together: remove one of the two"))
