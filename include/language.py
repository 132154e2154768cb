"""Texts for people, each in the language of who reads it: English as written, or Chinese.

A text is a `Message`, which is written as `_("no job {job!r}", job=job)`. It is a string in the
language of the moment, and still knows its template and its values, so that what is stored can be
shown in another language later. Texts of tables and `--help` that are made before the language is
known are marked with `N_`, and made with `_` where they are shown. `{manager}` in a text is how a
person calls the manager, and needs no value. Errors of ours (`include.errors`) take a template and
its values themselves.

The catalogues are in `include/locale`: `python -m include.locale` reads the code for messages,
updates `zh/<room>.po`, and compiles them.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include import MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from gettext import NullTranslations

    from typing_extensions import Self

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
LOCALE = Path(__file__).with_name("locale")
DOMAIN = "messages"
# The variables of gettext's manual, the first that is set decides.
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
# What `--lang` of a command says, for the processes that it starts.
CHOSEN = "SCHEDULER_LANGUAGE"
SETTINGS = Path(__file__).parent.parent / "config" / "language.yaml"
# One line, so that `--help` can be answered before a YAML library is installed.
SETTING = re.compile(r"^language\s*:\s+([\"']?)(?P<language>\w+)\1(?=\s|$)", re.MULTILINE)
_chosen: ContextVar[str | None] = ContextVar("language", default=None)


def N_(template: str) -> str:  # noqa: N802 -- gettext's name for it
    """Return the template of a message as it is; marks it for the catalogues."""
    return template


class Message(str):
    """A text in the language of the moment, which can be shown in another one later.

    Args:
        template: the text in English, with placeholders of `str.format`; without values, braces
            are taken as they are.
        values: of the placeholders. Lists are joined as the language lists things; a value can be
            a message itself, or what is one as text, such as an error.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Make the text in the language of the moment."""
        values = {name: _taken(value) for name, value in values.items()}
        message = super().__new__(cls, _rendered(template, values, language()))
        message.template, message.values = template, values
        return message

    def __str__(self) -> Self:
        """Return it, still a message: so an error that holds one says one."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as template and values."""
        return _remade, (self.template, dict(self.values))

    def into(self, wanted: str) -> str:
        """Return the text in a language of `LANGUAGES`."""
        return _rendered(self.template, self.values, wanted)

    def values_with(self, *names: str) -> Mapping[str, Any] | None:
        """Return the values of the first message, it or one within it, that has those names."""
        if set(names) <= self.values.keys():
            return self.values
        within = (one for one in self.values.values() if isinstance(one, Message))
        return next((found for one in within if (found := one.values_with(*names))), None)

    def stored(self) -> str:
        """Return template and values as JSON, for `restored`."""
        packed = json.dumps(_packed(self), ensure_ascii=False)
        # Half a character can neither be stored nor sent; JSON can write it.
        return packed.encode(errors="backslashreplace").decode()


_ = Message


def language() -> str:
    """Return the language of the moment: what `speaking` says, else that of the process."""
    return _chosen.get() or process_language()


@contextmanager
def speaking(wanted: str | None) -> Iterator[None]:
    """Make all messages in a language of `LANGUAGES` meanwhile; None: in that of the process."""
    token = _chosen.set(wanted)
    try:
        yield
    finally:
        _chosen.reset(token)


@cache
def process_language() -> str:
    """Return the language of this process: of config/language.yaml, else of its locale.

    Before both comes what `choose` was given, in this process or in the one that started it.
    """
    if (chosen := os.environ.get(CHOSEN)) in LANGUAGES:
        return str(chosen)
    try:
        text = SETTINGS.read_text("utf-8-sig", "replace") if SETTINGS.is_file() else ""
        found = SETTING.search(text)
    except OSError:
        found = None
    if found and found["language"] in LANGUAGES:
        return found["language"]
    locale = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    return CHINESE if locale.lower().startswith("zh") else ENGLISH


def choose(wanted: str) -> None:
    """Make this process, and those it starts, speak a language of `LANGUAGES`."""
    os.environ[CHOSEN] = wanted
    process_language.cache_clear()


def restored(stored: str | None, text: str) -> str:
    """Return what was stored in the language of the moment.

    Args:
        stored: what `Message.stored` returned; None: the text is no message.
        text: the text as it was then, for what cannot be read or made any more.
    """
    if not stored:
        return text
    try:
        message = _unpacked(json.loads(stored))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return text  # written by another version of this program, or cut off
    return message if isinstance(message, Message) else text


def english(text: str) -> str:
    """Return a message in English, as databases hold it, and any other text as it is."""
    return text.into(ENGLISH) if isinstance(text, Message) else text


def in_every_language(template: str) -> set[str]:
    """Return a text without values as any of our processes may have written it."""
    return {Message(template).into(wanted) for wanted in LANGUAGES}


def clauses(*texts: str) -> str:
    """Return several texts as one, in a line; those that say nothing are left out."""
    said = [text for text in texts if text]
    return reduce(lambda first, then: _("{first}; {then}", first=first, then=then), said or [""])


def below(*texts: str) -> str:
    """Return several texts as one, each on lines of its own."""
    return reduce(lambda above, last: Message("{above}\n{last}", above=above, last=last), texts)


def stored_message(text: str) -> str | None:
    """Return a text as JSON for `restored`; None where it is no message."""
    return text.stored() if isinstance(text, Message) else None


def _remade(template: str, values: dict[str, Any]) -> Message:
    return Message(template, **values)


def _taken(value: Any) -> Any:
    """Return a value as a message keeps it: of what says a message, that."""
    if type(value) in (list, tuple):
        return [_taken(one) for one in value]
    own_format: Any = type(value).__format__
    if own_format is not object.__format__:
        return value  # a text, a number, a moment
    said = str(value)
    return said if isinstance(said, Message) else value


def _rendered(template: str, values: Mapping[str, Any], wanted: str) -> str:
    text = _catalogue(wanted).gettext(template) if wanted != ENGLISH and template else template
    text = text.replace("{manager}", MANAGER)
    if not values:
        return text
    return text.format_map({name: _shown(value, wanted) for name, value in values.items()})


def _shown(value: Any, wanted: str) -> Any:
    """Return a value as it is put into a text."""
    if isinstance(value, Message):
        return value.into(wanted)
    if type(value) in (list, tuple):  # a named tuple has a text of its own
        separator = _rendered(N_(", "), {}, wanted)
        return separator.join(str(_shown(one, wanted)) for one in value)
    return value


@cache
def _catalogue(wanted: str) -> NullTranslations:
    from gettext import translation  # noqa: PLC0415 -- what speaks English starts without it

    return translation(DOMAIN, LOCALE, [wanted], fallback=True)


def _packed(value: Any) -> Any:
    """Return a value as JSON holds it; what is no plain value as an object with its kind."""
    if isinstance(value, Message):
        values = {name: _packed(one) for name, one in value.values.items()}
        return {"message": value.template, "values": values}
    if type(value) in (list, tuple):
        return [_packed(one) for one in value]
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    return value if value is None or type(value) in (bool, int, float, str) else str(value)


def _unpacked(value: Any) -> Any:
    """Return what was packed."""
    if isinstance(value, list):
        return [_unpacked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "message" in value:
        values = {name: _unpacked(one) for name, one in value["values"].items()}
        return Message(value["message"], **values)
    if "decimal" in value:
        return Decimal(value["decimal"])
    kind = "datetime" if "datetime" in value else "date"
    return {"datetime": datetime, "date": date}[kind].fromisoformat(value[kind])
