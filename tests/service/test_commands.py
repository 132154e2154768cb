"""The simple commands."""

from __future__ import annotations

from argparse import Namespace

import pytest

from include.errors import ConfigurationError
from include.service.commands import _window, airflow
from include.service.layout import Layout

NOTHING = {"period": None, "first": None, "last": None, "shop": None, "again": False}


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ({}, []),
        ({"period": "2025-10-02"}, ["--period", "2025-10-02"]),
        ({"first": "2025-09", "last": "2025-10"}, ["--from", "2025-09", "--to", "2025-10"]),
        ({"shop": ["a", "b"], "again": True}, ["--shop", "a", "--shop", "b", "--again"]),
    ],
)
def test_the_runner_gets_what_was_given(given: dict[str, object], arguments: list[str]) -> None:
    """Period, shops and `--again` reach the runner unchanged, and nothing else does."""
    assert _window(Namespace(**{**NOTHING, **given})) == arguments


@pytest.mark.parametrize(
    ("given", "option"), [("period", "--period"), ("first", "--from"), ("last", "--to")]
)
@pytest.mark.parametrize("word", ["", "  "])
def test_an_empty_period_is_not_the_last_one(given: str, option: str, word: str) -> None:
    """`run JOB --period "$DAY"` with DAY unset is refused instead of running another day."""
    with pytest.raises(ConfigurationError, match=f"{option} '{word}' names no period"):
        _window(Namespace(**{**NOTHING, given: word}))


@pytest.mark.parametrize(
    "option",
    [
        ["--conn-password", "p4ss"],
        ["--conn-pass=p4ss"],
        ["--conn-extra", '{"access_token": "p4ss"}'],
        ["--conn-uri", "http://u:p4ss@h"],
        ["--conn-json", '{"password": "p4ss"}'],
    ],
    ids=lambda option: option[0],
)
def test_no_password_is_taken_from_a_command_line(option: list[str]) -> None:
    """Airflow would write it into its audit log; who types it is told where it belongs."""
    words = ["connections", "add", "erp", "--conn-type", "http", *option]
    with pytest.raises(ConfigurationError, match="connections import FILE") as refusal:
        airflow(Layout(), Namespace(rest=words))
    assert "p4ss" not in str(refusal.value)
