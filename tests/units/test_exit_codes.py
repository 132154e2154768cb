"""The exit codes: their order and their words."""

from __future__ import annotations

import itertools

import pytest

from include.units.exit_codes import ExitCode, describe, of_signal, worst


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 99),
        ([99, 99], 99),
        ([99, 0], 0),
        ([0, 1, 99], 1),
        ([0, 3, 143], 3),
        ([1, 75], 75),
        ([75, 77], 77),
        ([77, 78, 75, 1, 0, 99], 78),
    ],
)
def test_the_worst_code_stands_for_all(codes: list[int], expected: int) -> None:
    """Of several codes the one that needs the most attention is passed on."""
    assert worst(codes) == expected


def test_the_order_of_the_codes_does_not_matter() -> None:
    """Whatever came first, the worst of different kinds is the same."""
    kinds = list(ExitCode)
    assert {worst(order) for order in itertools.permutations(kinds)} == {78}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0 (landed)"),
        (3, "exit code 3"),
        (75, "exit code 75 (a temporary failure)"),
        (of_signal(9), "exit code 137 (ended by SIGKILL)"),
        (255, "exit code 255"),
    ],
)
def test_a_code_is_put_in_words(code: int, words: str) -> None:
    """A reader of the journal need not know the numbers."""
    assert describe(code) == words
