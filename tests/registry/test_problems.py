"""How a problem is told."""

from __future__ import annotations

import pytest

from include.registry.problems import Problem, quoted, suggestion


def test_text() -> None:
    """A problem reads like a compiler's, with the job where there is one."""
    assert str(Problem("config/tasks/a.yaml", 3, 5, "a", "is wrong")) == (
        "config/tasks/a.yaml:3:5: a: is wrong"
    )
    assert str(Problem("config/tasks/a.yaml", 1, 1, None, "is empty")) == (
        "config/tasks/a.yaml:1:1: is empty"
    )


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 1000] * 1000, 10**4000, "a\nb"])
def test_quoted_is_one_short_line(value: object) -> None:
    """Whatever somebody wrote is quoted on one line that fits a terminal."""
    assert len(quoted(value)) < 600
    assert "\n" not in quoted(value)


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("crom", ["cron", "name"], "did you mean 'cron'?"),
        ("Cron", ["cron", "name"], "did you mean 'cron'?"),
        ("desc", ["description", "name"], "did you mean 'description'?"),
        ("wobble", ["cron", "name"], "write one of cron, name"),
        ("x" * 100_000, ["cron"], "write one of cron"),
    ],
)
def test_suggestion(word: str, known: list[str], said: str) -> None:
    """The nearest known word is named, or all of them when none is near."""
    assert suggestion(word, known) == said
