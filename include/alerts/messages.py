"""What is said to people, the forms that channels send it in, and what became of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping  # noqa: TC003 - it is read to write messages as JSON
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from include.alerts.catalogue import AGAIN, MORE_ALERTS, Language
from include.text import printable, storable

if TYPE_CHECKING:
    from collections.abc import Callable

ITEM = "· "  # how a line of a list begins: what is left out first where a message is too long
LEFT_OUT = "…"
# Where a message is too long, no line of it keeps more characters than this.
LONGEST_TITLE, LONGEST_LINE = 80, 200
ADDRESS = re.compile(r"https?://[!-~]+")  # Chinese text may follow one without a blank
# What Markdown obeys: anywhere, and where a line begins.
SPECIAL, AT_FIRST = re.compile(r"([\\`*_\[\]<>~|])"), re.compile(r"^(\s*)([#+=-])|^(\s*\d+)([.)])")


@dataclass(frozen=True)
class Message:
    """What is said at once."""

    title: str  # one line
    lines: tuple[str, ...] = ()  # plain text, one line each; those of a list begin with `ITEM`
    # Whom the channel is to call by name: phone numbers, the platform's user ids, or `all`. Nobody
    # else is called, whatever the channel's settings say.
    mention: tuple[str, ...] = ()
    number: str = ""  # which alert it is about, as it is shown, such as `#A123`; it ends the text
    # The same for programs, of what is no alert; a webhook gets it
    event: Mapping[str, str | int | None] = field(default_factory=dict)

    def repeated(self, language: str) -> Message:
        """Return it with the mark that it may have come before."""
        mark = Language(language).say(AGAIN)
        return replace(self, number=f"({' '.join(filter(None, (self.number, mark)))})")

    def text_lines(self) -> list[str]:
        """Return the lines below the title, the last of them with the number."""
        lines = [_one_line(line) for line in self.lines]
        if self.number and lines:
            lines[-1] += f"  {_one_line(self.number)}"
        return lines

    def headline(self) -> str:
        """Return the title, with the number where no line below it has that."""
        number = self.number if not self.lines else ""
        return " ".join(filter(None, (_one_line(self.title), _one_line(number))))

    def plain(self) -> str:
        """Return it as plain text."""
        return "\n".join((self.headline(), *self.text_lines()))

    def markdown(self) -> str:
        """Return it as Markdown that shows the same text, its addresses as links."""
        # DingTalk starts a new line only behind two blanks.
        lines = (f"**{_escaped(self.headline())}**", *map(_linked, self.text_lines()))
        return "  \n".join(lines)


@dataclass(frozen=True)
class Receipt:
    """What became of a message; nothing in it is secret."""

    delivered: bool  # whether the channel has taken it
    # The channel's own (`0`, `310000`, `HTTP 503`, `SMTP 451`), else what went wrong in a word:
    # `unreached` (nothing was sent), `timeout` and `broken` (it may have been taken),
    # `certificate`, `configuration`, `unreadable`
    code: str
    answer: str  # what the channel said, on one line
    remedy: str = ""  # what a person has to do, in the channel's language; empty where nothing is
    # Whether the same message may well be taken later, with nothing changed
    temporary: bool = False


def fitted(message: Message, fits: Callable[[Message], bool], language: str) -> Message:
    """Return a message that a channel takes: the same, or with whole lines left out.

    Long lines are shortened first. Then the last items of a list go, and a line says how many;
    only when that is not enough go other lines, the last of them first.

    Args:
        message: what is to be said.
        fits: whether the channel takes it.
        language: of the line that says how many items are left out.
    """
    if fits(message):
        return message
    lines = [_shortened(line, LONGEST_LINE) for line in message.lines]
    short = replace(message, title=_shortened(message.title, LONGEST_TITLE), lines=tuple(lines))
    if fits(short):
        return short
    items = [number for number, line in enumerate(lines) if line.startswith(ITEM)]
    others = [number for number, line in enumerate(lines) if not line.startswith(ITEM)]
    order = [*reversed(items), *reversed(others)]

    def without(count: int) -> Message:
        gone = dict.fromkeys(order[:count])
        more = Language(language).say(MORE_ALERTS, count=min(count, len(items)))
        note = more if items else LEFT_OUT
        kept = [(n, line) for n, line in enumerate(lines) if n not in gone]
        kept.append((min(order[: min(count, len(items)) or count]), note))
        return replace(short, lines=tuple(line for _, line in sorted(kept)))

    counts = range(1, len(order) + 1)
    least = bisect_left(counts, x=True, key=lambda count: fits(without(count)))
    return without(counts[least]) if least < len(counts) else replace(short, lines=())


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _one_line(text: str) -> str:
    return printable(storable(text))


def _linked(line: str) -> str:
    """Return a line in Markdown: escaped, and each address a link, which no `_` in it breaks."""
    pieces: list[str] = []
    end = 0
    for found in ADDRESS.finditer(line):
        address = found[0].rstrip(".,;:!?)")
        start, stop = found.start(), found.start() + len(address)
        target = re.sub("[()]", lambda sign: f"%{ord(sign[0]):02X}", address)
        pieces += _escaped(line[end:start]), f"[{_escaped(address)}]({target})"
        end = stop
    return "".join((*pieces, _escaped(line[end:])))


def _escaped(text: str) -> str:
    return AT_FIRST.sub(r"\1\3\\\2\4", SPECIAL.sub(r"\\\1", text))
