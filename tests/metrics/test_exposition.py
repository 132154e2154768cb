"""The text that Prometheus reads is what was put into it, as Prometheus's own parser reads it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client.parser import text_string_to_metric_families

from include.metrics.figures import Exposition

HELPS = {"a": "What a \\ or a\nbreak of a line is.", "b_seconds": "b.", "c": "Never said."}
TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
NUMBERS = some.floats(allow_nan=False) | some.integers(-(2**53), 2**53)


@given(some.dictionaries(TEXTS, NUMBERS, max_size=4), TEXTS)
def test_whatever_is_told_is_read_back(samples: dict[str, float], other: str) -> None:
    """Labels with quotes, backslashes and breaks; infinite and tiny values."""
    page = Exposition(HELPS)
    for label, value in samples.items():
        page.add("a", value, name=label, other=other)
    page.add("b_seconds", math.inf)
    text = page.text()
    assert text.endswith("b_seconds +Inf\n")
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert found["b_seconds"].samples[0].value == math.inf
    if not samples:
        assert set(found) == {"b_seconds"}
        return
    assert (found["a"].type, found["a"].documentation) == ("gauge", HELPS["a"])
    told = {sample.labels["name"]: sample.value for sample in found["a"].samples}
    assert told == samples
    assert {sample.labels["other"] for sample in found["a"].samples} == {other}


def test_no_metric_is_told_that_has_no_help() -> None:
    """Each says what it is."""
    with pytest.raises(KeyError, match="'d'"):
        Exposition(HELPS).add("d", 1)
