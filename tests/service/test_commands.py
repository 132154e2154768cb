"""The simple commands."""

from __future__ import annotations

from argparse import Namespace

import pytest

from include.service.commands import _window

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
