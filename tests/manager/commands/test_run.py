"""What `run` hands to the runner."""

from argparse import Namespace

import pytest

from include.errors import ConfigurationError
from include.running.asked import Asked

NOTHING = {"period": None, "first": None, "last": None, "shop": None, "again": False}


@pytest.mark.parametrize(
    ("given", "variables"),
    [
        ({}, {}),
        ({"period": "2025-10-02"}, {"PERIOD_KEY": "2025-10-02"}),
        (
            {"first": "2025-09", "last": "2025-10"},
            {"PERIOD_FROM": "2025-09", "PERIOD_TO": "2025-10"},
        ),
        ({"shop": ["a", "b"], "again": True}, {"SHOPS": "a,b", "AGAIN": "1"}),
    ],
)
def test_the_runner_gets_what_was_given(
    given: dict[str, object], variables: dict[str, str]
) -> None:
    """Period, shops and `--again` reach the runner unchanged, and nothing else does."""
    asked = Asked.from_words(Namespace(**{**NOTHING, **given}), {})
    assert asked.to_environment() == variables


@pytest.mark.parametrize(
    ("given", "option"), [("period", "--period"), ("first", "--from"), ("last", "--to")]
)
@pytest.mark.parametrize("word", ["", "  "])
def test_an_empty_period_is_not_the_last_one(given: str, option: str, word: str) -> None:
    """`run JOB --period "$DAY"` with DAY unset is refused instead of running another day."""
    with pytest.raises(ConfigurationError, match=f"{option} '{word}' names no period"):
        Asked.from_words(Namespace(**{**NOTHING, given: word}), {})
