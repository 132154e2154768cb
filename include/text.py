"""What came from outside, as messages show it."""

from __future__ import annotations

import json
import os
import sys
from decimal import Decimal
from difflib import get_close_matches
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from include.language import Message, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_QUOTE = 80
MOST_NAMES = 32  # that a message lists
# How alike two words are, from 0 to 1: where one may be meant for the other, and where only a
# letter or two differ, so that it hardly was meant for anything else.
NEAR, MISTYPED = 0.6, 0.85
BLANKS = "\u00a0\u3000"  # of Western and Chinese texts; Python takes them for unprintable


def storable(text: str) -> str:
    r"""Return a text with what UTF-8 or a database cannot hold escaped, as in `\ud83d`.

    Half a character (a lone surrogate) can neither be printed nor stored nor sent, and PostgreSQL
    refuses the character NUL. Both come out of JSON, whose escapes can write them.
    """
    if not text.isascii():
        text = text.encode(errors="backslashreplace").decode()
    return text.replace("\0", r"\x00") if "\0" in text else text


def printable(text: str) -> str:
    r"""Return a text with what a terminal or a log would obey escaped, as in `\x1b` or `\n`."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in BLANKS else sign.encode("unicode_escape").decode()
        for sign in text
    )


def storable_json(value: Any) -> Any:
    """Return a JSON value with all its texts storable, those of keys too."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): storable_json(one) for key, one in value.items()}
    return [storable_json(one) for one in value] if isinstance(value, list) else value


def print_anything() -> None:
    """Make `print` show escaped what the output cannot encode, in place of a traceback.

    Where the output is closed (`>&-`) it goes nowhere.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 -- as long as the process
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def quoted(value: Any) -> str:
    """Return a value as messages show it: on one short line, as YAML and JSON write it."""
    try:
        text = repr(value) if isinstance(value, str) else _as_json(value)
    except RecursionError:  # an answer may be nested as deep as it can just be decoded
        return _("something nested too deeply to be shown")
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def nearest(word: str, known: Iterable[str], likeness: float = NEAR) -> str | None:
    """Return the known word that another is like, or begins or ends; None if none is.

    Capitals and full-width letters, which a Chinese keyboard writes, do not count.
    """
    lower, word = {name.lower(): name for name in known}, word[:LONGEST_QUOTE]
    word = normalize("NFKC", word).lower()
    near = get_close_matches(word, lower, n=1, cutoff=likeness)
    if not near and word:
        near = [name for name in lower if name.startswith(word) or name.endswith(word)]
        near = near if len(near) == 1 else []
    return lower[near[0]] if near else None


def suggestion(word: str, known: Iterable[str]) -> Message:
    """Return which known word was probably meant, else the known words, as a half-sentence."""
    known = list(known)
    if near := nearest(word, known):
        return _("did you mean {near!r}?", near=near)
    if not known:
        return _("there are none")
    return _("write one of {names}", names=first_of(known))


def first_of(names: Sequence[str]) -> list[str]:
    """Return as many names as a message lists, with … where there are more."""
    return [*names[:MOST_NAMES], *(["…"] if len(names) > MOST_NAMES else [])]


def either(options: Sequence[str]) -> str:
    """Return options, one at least, as a list of which one is to be taken."""
    *others, last = options
    return _("{others} or {last}", others=others, last=last) if others else last


def _as_json(value: Any) -> str:
    """Write a value as it came, also a number whose decimals are kept."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_as_json(key)}: {_as_json(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_json, value))}]"
    if isinstance(value, str):  # what a terminal would obey or cannot show is escaped
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value) if value is None or isinstance(value, (bool, int)) else repr(value)
