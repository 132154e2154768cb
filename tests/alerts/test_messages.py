"""Messages are shown as they were written, in each form, and cut at whole lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.alerts.messages import ITEM, Message, fitted

# What Markdown makes of a text, as far as `markdown` must reckon with it.
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(([^()\s]*)\)")
LINES = st.lists(st.text(max_size=40).map(lambda text: text.strip()), max_size=8)


def _shown(markdown: str) -> str:
    """Return what a reader sees of Markdown that has no more than bold, links and escapes."""
    lines = [LINK.sub(r"\1", line) for line in markdown.split("  \n")]
    assert lines[0].startswith("**")
    assert lines[0].endswith("**")
    return "\n".join(ESCAPED.sub(r"\1", line) for line in [lines[0][2:-2], *lines[1:]])


@given(st.text(max_size=40), LINES)
def test_markdown_shows_the_same_text(title: str, lines: list[str]) -> None:
    """Whatever stands in it: names with stars, a platform's HTML, half characters."""
    message = Message(title, tuple(lines), number="#A1")
    assert _shown(message.markdown()) == message.plain()


@pytest.mark.parametrize(
    ("line", "markdown"),
    [
        ("python3 x --job jd_store", r"python3 x --job jd\_store"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list", r"\- no list"),
        ("<b>*x*</b>", r"\<b\>\*x\*\</b\>"),
        (
            "详情：http://h/p?a=b_c，以及 x",
            r"详情：[http://h/p?a=b\_c](http://h/p?a=b_c)，以及 x",
        ),
        ("(https://h/a_(b).)", r"([https://h/a\_(b](https://h/a_%28b)).)"),
    ],
)
def test_what_markdown_would_obey_is_escaped(line: str, markdown: str) -> None:
    """Addresses are links, whatever stands in them."""
    assert Message("t", (line,)).markdown() == f"**t**  \n{markdown}"


def test_a_line_is_one_line() -> None:
    """What a terminal, a header or a chat would obey is shown."""
    message = Message("a\nb", ("c\r\nd\x1b[31m", "\ud83d"), number="#A1")
    assert message.plain() == "a\\nb\nc\\r\\nd\\x1b[31m\n\\ud83d  #A1"
    assert Message("t", number="#A1").plain() == "t #A1"


@given(st.integers(20, 4_000), st.integers(0, 60), st.integers(0, 4), st.integers(0, 4))
def test_what_is_cut_fits_and_counts(limit: int, items: int, before: int, after: int) -> None:
    """Items go first, the last of them first; the line that says so counts them."""
    listed = [f"{ITEM}店铺 {number}：平台繁忙" for number in range(items)]
    head = [f"第 {number} 行" for number in range(before)]
    tail = [f"处理 {number}" for number in range(after)]
    message = Message("标题", (*head, *listed, *tail), number="#A1")

    def fits(one: Message) -> bool:
        return len(one.plain().encode()) <= limit

    cut = fitted(message, fits, "zh")
    assert fits(cut)
    if fits(message):
        assert cut is message
        return
    kept = [line for line in cut.lines if line.startswith(ITEM)]
    assert kept == listed[: len(kept)]
    if kept:
        assert list(cut.lines) == [*head, *kept, f"另有 {items - len(kept)} 项", *tail]


def test_it_says_so_in_english_too() -> None:
    """As the language of the messages is."""
    message = Message("t", tuple(f"{ITEM}{number}" for number in range(9)))
    assert fitted(message, lambda one: len(one.lines) <= 4, "en").lines == (
        *(f"{ITEM}{number}" for number in range(3)),
        "and 6 more",
    )
