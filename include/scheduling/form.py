"""The form of a manual run: the DAG's params, checked by Airflow before the run is made."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from airflow.sdk import Param

from include.periods import FORMS

HINTS = {
    "tick": "the tick's start",
    "day": "the day",
    "week": "the week's first day",
    "month": "the month",
}


@lru_cache
def form_for(period: str, shops: tuple[str, ...]) -> dict[str, Param]:
    """Give the params of a job: which period or periods, which shops, and whether to run again.

    Args:
        period: `tick`, `day`, `week` or `month`.
        shops: ids of the job's shops; without any the form does not ask for them.
    """
    hint = f"{HINTS[period]}, like {FORMS[period][0]}"
    form = {
        "period": _key(period, "Period", f"{hint}; empty: the last one that has ended"),
        "from": _key(
            period, "From", f"first of several periods ({hint}); with To, not with Period"
        ),
        "to": _key(period, "To", "last of several periods, inclusive"),
        "again": Param(
            default=False,
            type="boolean",
            title="Again",
            description="run also what has landed already",
        ),
    }
    if shops:
        form["shops"] = Param(
            default=None,
            type=["null", "array"],
            items={"type": "string", "enum": list(shops)},
            minItems=1,  # no shop at all is not every shop
            examples=list(shops),
            title="Shops",
            description="only these; empty: all",
        )
    return form


def _key(period: str, title: str, description: str) -> Param:
    _, form = FORMS[period]
    wording: dict[str, Any] = {"title": title, "description": description}
    # An empty field of the form arrives as null or as an empty text. Not $, which for Python has
    # room for a line break behind it.
    pattern = f"^({form.pattern})?(?![\\s\\S])"
    return Param(default=None, type=["null", "string"], pattern=pattern, **wording)
