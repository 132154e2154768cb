"""Chance is the same everywhere and keeps to its bounds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random

from sandbox.chance import between, following, pick

NOON = datetime(2025, 10, 2, 12)


def test_numbers_and_picks_keep_to_their_bounds() -> None:
    """Both ends come, nothing beyond them, and nothing twice as often as another."""
    random = Random(1)
    numbers = Counter(between(random, 3, 6) for _ in range(4000))
    letters = Counter(pick(random, "abc") for _ in range(3000))
    assert (set(numbers), set(letters)) == ({3, 4, 5, 6}, {"a", "b", "c"})
    assert min(numbers.values()) > 900
    assert min(letters.values()) > 900


def test_a_state_is_followed_as_often_as_its_table_says() -> None:
    """Within the seconds that it says; what is left of 1 stays, as does a state it lacks."""
    random = Random(2)
    changes = {"new": ((0.6, "paid", 10, 20), (0.3, "gone", 60, 60))}
    found = Counter[str]()
    for _ in range(4000):
        change = following(random, changes, "new", NOON)
        found[change[0] if change else "stays"] += 1
        if change:
            least, most = (10, 20) if change[0] == "paid" else (60, 60)
            assert least <= (change[1] - NOON).total_seconds() <= most
    assert abs(found["paid"] - 2400) < 120
    assert abs(found["gone"] - 1200) < 120
    assert following(random, changes, "paid", NOON) is None
