"""What keeps Python from running a script at all, and what a person does about it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from include.language import Message, _

if TYPE_CHECKING:
    from collections.abc import Sequence

# As Python words them, in English only.
SIGN = re.compile(r"invalid (?:non-printable )?character (?:'.' \()?U\+(?P<code>[0-9A-F]+)")
NO_UTF_8 = re.compile(r"SyntaxError: (?:Non-UTF-8 code starting|\(unicode error\) 'utf-8' codec)")
LACKED = re.compile(r"ModuleNotFoundError: No module named '(?P<name>[^'.]+)")
HALF_WIDTH = {"“": '"', "”": '"', "‘": "'", "’": "'", "、": ",", "。": ".", "「": '"', "」": '"'}


def reason_of_syntax(reason: str) -> Message | str:
    """Return what Python says of a program that it cannot read, with the sign to write instead."""
    match = SIGN.search(reason)
    sign = chr(int(match["code"], 16)) if match else ""
    half_width = HALF_WIDTH.get(sign) or unicodedata.normalize("NFKC", sign)
    if sign.isascii() or not half_width.isascii():
        return reason
    return _(
        "{sign!r} is full-width: write a half-width {half_width!r}",
        sign=sign,
        half_width=half_width,
    )


def remedy_in(lines: Sequence[str], python: str | None) -> Message | None:
    """Return what repairs a script that Python has not run to its end; None where that is unknown.

    Args:
        lines: the last ones of its output.
        python: what the entry says of the Python that runs it.
    """
    last = next((line for line in reversed(lines) if "Error: " in line), "")
    if NO_UTF_8.search(last):
        return _("the script is not UTF-8 (it looks like GBK): save it as UTF-8")
    if match := LACKED.search(last):
        if python is None:
            return _(
                "the service's Python lacks {name}: make an environment that has it, and write its "
                "Python as 'python' into the entry",
                name=match["name"],
            )
        return _(
            "python {python!r} lacks {name}: install its package with `{python} -m pip install`",
            python=python, name=match["name"],
        )  # fmt: skip
    if last.startswith("SyntaxError: "):
        said = reason_of_syntax(last)
        return said if isinstance(said, Message) else None
    return None
