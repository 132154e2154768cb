"""The form of a manual run: the DAG's params, checked by Airflow before the run is made."""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import product
from typing import Any

from airflow.sdk import Param
from jsonschema import FormatChecker

from include.language import LANGUAGES, N_, _, language
from include.periods import FORMS

HINTS = {
    "tick": N_("the tick's start, like {example}"),
    "day": N_("the day, like {example}"),
    "week": N_("the week's first day, like {example}"),
    "month": N_("the month, like {example}"),
}
# What a message of JSON schema says that a value is not.
FORMATS = {
    "tick": N_("tick's start like {example}"),
    "day": N_("day like {example}"),
    "week": N_("week's first day like {example}"),
    "month": N_("month like {example}"),
}


class Field(Param):
    """A Param that checks what is typed, and not its own default each time it is asked for.

    Airflow asks some ten times for each while it makes a DAG and serialises it, and checking one
    against its JSON schema takes as long as the rest of a DAG: of 1,000 jobs, nine tenths of the
    time. The defaults are below, and a test checks them.
    """

    def resolve(self, value: Any = ..., suppress_exception: bool = False) -> Any:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return the value given, checked, or else the one that is there."""
        return self.value if value is ... else super().resolve(value, suppress_exception)


# Airflow's serialiser knows a Param by its name, and takes anything else for a value.
Field.__module__, Field.__name__ = Param.__module__, Param.__name__


def form_for(period: str, shops: tuple[str, ...]) -> dict[str, Param]:
    """Return the params of a job: which period or periods, which shops, and whether to run again.

    Args:
        period: `tick`, `day`, `week` or `month`.
        shops: ids of the job's shops; without any the form does not ask for them.
    """
    return _form(period, shops, language())


@lru_cache
def _form(period: str, shops: tuple[str, ...], _language: str) -> dict[str, Param]:
    """Return the form in the language of the moment, which the cache tells apart."""
    hint = _(HINTS[period], example=FORMS[period][0])
    empty = _("{hint}; empty: the last one that has ended", hint=hint)
    several = _("first of several periods ({hint}); with To, not with Period", hint=hint)
    form = {
        "period": _key(period, _("Period"), empty),
        "from": _key(period, _("From"), several),
        "to": _key(period, _("To"), _("last of several periods, inclusive")),
        "again": Field(
            default=False,
            type="boolean",
            title=_("Again")[:],
            description=_("run also what has landed already")[:],
        ),
    }
    if shops:
        form["shops"] = Field(
            default=None,
            type=["null", "array"],
            items={"type": "string", "enum": list(shops)},
            minItems=1,  # no shop at all is not every shop
            examples=list(shops),
            title=_("Shops")[:],
            description=_("only these; empty: all")[:],
        )
    return form


def check_periods() -> None:
    """Have JSON schema know what a period looks like, in this process.

    Its error names a format by its name, which is in words; of a pattern it would show the pattern.
    """
    for period, wanted in product(FORMS, LANGUAGES):
        # The class's own, of which Airflow makes its checkers. A form may have been made by a
        # process that speaks another language.
        FormatChecker.checkers[_format(period, wanted)] = (partial(_fits, period), ())


def _format(period: str, wanted: str) -> str:
    return _(FORMATS[period], example=FORMS[period][0]).into(wanted)


def _fits(period: str, value: object) -> bool:
    """Return whether a value is a key or empty: an empty field arrives as null or an empty text."""
    if not isinstance(value, str):
        return True  # of which the schema's type says more
    return value == "" or FORMS[period][1].fullmatch(value) is not None


def _key(period: str, title: str, description: str) -> Param:
    # Airflow takes texts alone.
    wording: dict[str, Any] = {"title": title[:], "description": description[:]}
    form = _format(period, language())
    return Field(default=None, type=["null", "string"], format=form, **wording)


check_periods()
