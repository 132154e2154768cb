"""What is wrong in config/language.yaml: the language of all that is neither asked nor read alone.

The file is one line, which `include/language.py` reads without a YAML library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.language import LANGUAGES, SETTING, _
from include.registry.paths import LANGUAGE_FILE
from include.registry.problems import Problem
from include.registry.user_files import UnreadableError, check_encoding, read_bytes
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTO = "auto"
COMMENT = re.compile(r"(^|\s+)#.*|\s+$")
BYTE_ORDER_MARK = "\ufeff"


def language_problems(root: Path) -> Iterator[Problem]:
    """Yield a problem for each line that is not the setting; without a file there is none."""
    if not (root / LANGUAGE_FILE).exists():
        return
    try:
        raw = read_bytes(root, LANGUAGE_FILE)
        check_encoding(LANGUAGE_FILE, raw)
    except UnreadableError as error:
        yield error.problem
        return
    known = [AUTO, *LANGUAGES]
    said = False
    for number, line in enumerate(raw.decode().removeprefix(BYTE_ORDER_MARK).splitlines(), 1):
        text = COMMENT.sub("", line)
        found = SETTING.fullmatch(text)
        if text and not (found and found["language"] in known):
            message = _(
                "{text} is not the setting: write language: and one of {known}",
                text=quoted(text), known=known,
            )  # fmt: skip
            yield Problem(LANGUAGE_FILE, number, 1, None, message)
        elif text and said:
            message = _("the language is set twice: remove this line")
            yield Problem(LANGUAGE_FILE, number, 1, None, message)
        said = said or bool(text)
