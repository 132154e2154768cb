"""How a problem is told."""

from __future__ import annotations

from include.registry.problems import Problem


def test_text() -> None:
    """A problem reads like a compiler's, with the job where there is one."""
    assert str(Problem("config/tasks/a.yaml", 3, 5, "a", "is wrong")) == (
        "config/tasks/a.yaml:3:5: a: is wrong"
    )
    assert str(Problem("config/tasks/a.yaml", 1, 1, None, "is empty")) == (
        "config/tasks/a.yaml:1:1: is empty"
    )
