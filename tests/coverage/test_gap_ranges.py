"""Gaps put together, and their reasons."""

from __future__ import annotations

import pytest

from include.coverage.gap_ranges import in_brief
from include.language import Message, _, restored, speaking
from include.units.exit_codes import ended

TRACE = "exit code 1\nTraceback (most recent call last):\n  File x\nValueError: no such column"


@pytest.mark.parametrize(
    ("error", "brief"),
    [
        (TRACE, "ValueError: no such column"),
        ("exit code 1", ""),
        ("exit code 78 (the configuration is wrong)\nno key: set it\n", "no key: set it"),
        ("exit code 137 (ended by SIGKILL)", ""),
        (
            "not done within its timeout of 0:00:10; exit code 137 (ended by SIGKILL)\npage 4 of 9",
            "not done within its timeout of 0:00:10: page 4 of 9",
        ),
        ("told to end by SIGTERM; exit code 143 (ended by SIGTERM)", "told to end by SIGTERM"),
        ("the gateway answered 503\nand this", "the gateway answered 503"),
        ("\n  spaced\n", "spaced"),
        ("exit code 3 of the gateway", "exit code 3 of the gateway"),
        (None, ""),
    ],
)
def test_an_error_in_brief_is_what_was_said_last(error: str | None, brief: str) -> None:
    """The exit code is told beside it, and need not be told twice."""
    assert in_brief(error) == brief


@pytest.mark.parametrize(
    ("error", "brief"),
    [
        (ended(1, lines=["Traceback", "  File x", "ValueError: no such column"]),
         "ValueError: no such column"),
        (ended(1), ""),
        (ended(137, _("nothing to do"), ["page 3 of 9", "page 4 of 9"]),
         "无事可做: page 4 of 9"),
        (ended(143, _("nothing to do")), "无事可做"),
        (_("exit code {code}; {more}", code=1, more="of the gateway"),
         "exit code 1; of the gateway"),
    ],
)  # fmt: skip
def test_an_error_in_brief_is_the_same_in_every_language(error: Message, brief: str) -> None:
    """What a message tells of is known by its template, and not by its words."""
    with speaking("zh"):
        assert in_brief(restored(error.stored(), "")) == brief
