"""The parser of command lines: argparse, in the language of who reads it.

Standard library only: `--help` is answered before anything is installed.
"""

import os
import re
from argparse import Action, ArgumentError, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from gettext import bindtextdomain, gettext
from itertools import takewhile
from typing import Any
from unicodedata import east_asian_width

from include.language import DOMAIN, LANGUAGES, LOCALE, N_, _, language, speaking
from include.text import suggestion

GETTEXT = "LANGUAGE"  # where gettext looks first
# What a line can be broken between: blanks, words, and Chinese characters, of which a closing mark
# begins no line and an opening one ends none.
PIECE = re.compile(r"\s+|[（“]*(?:[^\s\u2e80-\uffef]+|[\u2e80-\uffef])[，。：；、？！）”]*")
# What a chat, a word processor or a Chinese keyboard makes of the two hyphens before an option.
DASHES = re.compile(r"^-*[\u2010-\u2015\u2212\uff0d][-\u2010-\u2015\u2212\uff0d]*")
LANGUAGE_HELP = N_("language of what is printed (that of config/language.yaml, else the locale's)")


@contextmanager
def gettext_speaks() -> Iterator[None]:
    """Make argparse, which asks gettext, speak the language of the moment meanwhile."""
    bindtextdomain(DOMAIN, str(LOCALE))
    before = os.environ.get(GETTEXT)
    os.environ[GETTEXT] = language()
    try:
        yield
    finally:
        del os.environ[GETTEXT]
        if before is not None:
            os.environ[GETTEXT] = before


def parsed(parser_of: Callable[[], "Parser"], words: Sequence[str] | None) -> Namespace:
    """Parse a command line that knows `--lang`, with `--help` and mistakes in that language.

    Args:
        parser_of: makes the parser, when the language is known.
        words: the command line behind the program's name; None: that of the process.

    Returns:
        what stood there; `lang` of it is None where it does not say which language.
    """
    with gettext_speaks():
        known, left = language_parser("... [--lang {en,zh}] ...").parse_known_args(words)
    with speaking(known.lang), gettext_speaks():
        return parser_of().parse_args(left, known)


def language_parser(usage: str | None = None) -> "Parser":
    """Return one that knows `--lang`: for what stands anywhere, and as a parent of others."""
    parser = Parser(add_help=False, usage=usage, leaves_unknown=True)
    parser.add_argument("--lang", choices=LANGUAGES, help=_(LANGUAGE_HELP))
    return parser


class Parser(ArgumentParser):
    """One whose `--help` lines up in any language; takes no abbreviated options.

    Args:
        leaves_unknown: whether options that it does not know are for somebody else.
        settings: what ArgumentParser takes.
    """

    def __init__(self, *, leaves_unknown: bool = False, **settings: Any) -> None:
        settings = {"formatter_class": Formatter, "allow_abbrev": False, **settings}
        super().__init__(**settings)
        self._leaves_unknown = leaves_unknown
        for name in (None, "store"):
            self.register("action", name, Once)

    def parse_known_args(  # type: ignore[override]  # argparse's has an overload for each namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Namespace, list[str]]:
        """Refuse an option that is not known with the one that was meant, before what is missing.

        A command hands its part what follows the part's name.
        """
        words = takewhile("--".__ne__, args or ())  # behind it, nothing is an option
        if self._subparsers:
            words = takewhile(lambda word: word.startswith("-"), words)
        known = {name for action in self._actions for name in action.option_strings}
        for name in [] if self._leaves_unknown else [word.partition("=")[0] for word in words]:
            meant = DASHES.sub("--", name)
            # With a blank it is a value.
            is_wrong = name.startswith("--") and name not in known and " " not in name
            if is_wrong or (meant != name and meant in known):
                near = suggestion(meant, sorted(known))
                self.error(_("unknown option {name!r}: {near}", name=name, near=near))
        return super().parse_known_args(args, namespace)


class Once(Action):
    """Keeps a value; an option that is there twice is refused, for only the last would count."""

    def __call__(
        self,
        parser: ArgumentParser,  # noqa: ARG002 -- argparse gives it
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep it; raises ArgumentError."""
        there = getattr(namespace, self.dest, self.default)
        if option_string and there is not self.default and there != values:
            told = _(
                "is there twice, with {first} and {second}: write it once, in a command for each",
                first=there, second=values,
            )  # fmt: skip
            raise ArgumentError(self, told)
        setattr(namespace, self.dest, values)


class Formatter(HelpFormatter):
    """Breaks lines by the cells that they take: a Chinese character takes two."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, width) if text.isascii() else wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.isascii():
            return super()._fill_text(text, width, indent)
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None) -> str:
        """Indent what follows the first line by the cells of its first word."""
        prefix = gettext("usage: ") if prefix is None else prefix
        blank = " " * cells(prefix)
        text = super()._format_usage(usage, actions, groups, blank)
        return prefix + text.removeprefix(blank)


class RawFormatter(Formatter):
    """Leaves the lines of a description as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:  # noqa: ARG002 -- argparse's
        return "".join(indent + line for line in text.splitlines(keepends=True))


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text, each of at most so many cells unless one word is wider."""
    lines = [""]
    for piece in PIECE.findall(" ".join(text.split())):
        if lines[-1] and cells(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines
