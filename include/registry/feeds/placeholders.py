"""What stands in braces in a feed's path, query and body, and what is put in its place."""

from __future__ import annotations

import re
from datetime import date, datetime
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from include.errors import ConfigurationError
from include.language import _
from include.registry.constraints import text
from include.registry.environment import placeholders_in, unknown_placeholder
from include.text import either, quoted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from include.periods import Period

SECONDS, MILLISECONDS, NUMBER = "epoch_seconds", "epoch_milliseconds", "number"
# strftime's codes that mean the same on every system and in every language: of a day, and of a
# moment. One of a day has no hour: `{last_day:%H}` would be 00, and leave that day out.
DAY_CODES = "YmdyjGVuwU%"
CODES = {
    "start": f"{DAY_CODES}HMSfz",
    "end": f"{DAY_CODES}HMSfz",
    "first_day": DAY_CODES,
    "last_day": DAY_CODES,
}
# Each placeholder with the formats it takes; "%" stands for those of strftime with its codes.
FORMS: dict[str, tuple[str, ...]] = {
    "shop": (NUMBER,),
    "period": (),
    "key": (),
    "start": (SECONDS, MILLISECONDS, "%"),
    "end": (SECONDS, MILLISECONDS, "%"),
    "first_day": ("%",),
    "last_day": ("%",),
}


class Blanks(NamedTuple):
    """What is filled in."""

    shop: str  # its number on its platform
    kind: str  # `day`, `week` or `month`
    period: Period
    zone: ZoneInfo  # whose clock the feed shows

    def value(self, name: str, form: str) -> str | int:
        """Return the value of a (valid) placeholder.

        Raises:
            ConfigurationError: the shop's number is wanted, but it has none.
        """
        if form == NUMBER:
            if self.shop.isascii() and self.shop.isdecimal():
                return int(self.shop)
            raise ConfigurationError(
                "shop {shop!r} is not a number, as {{shop:number}} in config/feeds.yaml says: "
                "write {{shop}} there, or correct platform_id in config/shops.yaml",
                shop=self.shop,
            )
        period = self.period
        values: dict[str, str | date] = {
            "shop": self.shop,
            "period": self.kind,
            "key": period.key,
            "start": period.start.astimezone(self.zone),
            "end": period.end.astimezone(self.zone),
            "first_day": period.first_day,
            "last_day": period.last_day,
        }
        return _written(values[name], form)


def template(value: Any) -> str:
    """Take text with placeholders.

    Raises:
        ValueError: it is not text, or a placeholder or its format is not known.
    """
    written = text(value)
    for name, form, conversion in placeholders_in(written):
        if conversion:
            told = _(
                "{value} has !{conversion} in {{{name}}}: remove it",
                value=quoted(written), conversion=conversion, name=name,
            )  # fmt: skip
            raise ValueError(told)
        if name not in FORMS:
            raise unknown_placeholder(written, name, FORMS)
        known, codes = FORMS[name], re.findall("%(.?)", form)
        # A format of strftime has codes, and none but those.
        allowed = CODES.get(name, "")
        is_portable = codes and "{" not in form and all(one and one in allowed for one in codes)
        if form and form not in known and not is_portable:
            forms = [_("one like %Y-%m-%d") if one == "%" else one for one in known]
            told = _(
                "{value} gives {{{name}}} format {form}: {advice}",
                value=quoted(written), name=name, form=quoted(form),
                advice=_("write {forms}", forms=either(forms)) if forms else _("it takes none"),
            )  # fmt: skip
            raise ValueError(told)
    return written


def fill(written: str, blanks: Blanks) -> str | int:
    """Fill a (valid) template; one that is a placeholder for a number and nothing else gives it."""
    pieces: list[str | int] = []
    for literal, name, form, _conversion in Formatter().parse(written):
        value = [] if name is None else [blanks.value(name, form or "")]
        pieces += [literal, *value] if literal else value
    if len(pieces) == 1 and isinstance(pieces[0], int):
        return pieces[0]
    return "".join(map(str, pieces))


def fill_all(value: Any, blanks: Blanks) -> Any:
    """Fill every text in a JSON value."""
    if isinstance(value, str):
        return fill(value, blanks)
    if isinstance(value, dict):
        return {key: fill_all(one, blanks) for key, one in value.items()}
    return [fill_all(one, blanks) for one in value] if isinstance(value, list) else value


def _written(value: str | date, form: str) -> str | int:
    if not isinstance(value, date):
        return value
    if isinstance(value, datetime) and form in (SECONDS, MILLISECONDS):
        return int(value.timestamp()) * (1000 if form == MILLISECONDS else 1)
    return value.strftime(form) if form else value.isoformat()
