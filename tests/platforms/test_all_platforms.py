"""What is known of a platform, and how it is spoken to, stand in two tables that agree."""

from __future__ import annotations

import pytest

from include.platforms.all_platforms import PLATFORMS
from include.registry.platforms import ANY_HOST, host_of
from include.registry.platforms import PLATFORMS as FACTS
from sandbox.limits import DOCUMENTED


def test_each_platform_that_is_known_can_be_spoken_to() -> None:
    """One that stands in a table alone would be half there."""
    assert PLATFORMS.keys() == FACTS.keys()
    assert PLATFORMS.keys() <= DOCUMENTED.keys(), "the sandbox speaks for each of them"


@pytest.mark.parametrize("name", PLATFORMS)
def test_its_limits_are_no_wider_than_the_gateway_allows(name: str) -> None:
    """Whoever edits one of them looks at the other."""
    allowed = {(one.calls, one.seconds, one.per) for one in DOCUMENTED[name]}
    for limit in PLATFORMS[name].dialect.limits:
        same = [calls for calls, seconds, per in allowed if (seconds, per) == limit[1:]]
        assert all(limit.calls <= calls for calls in same)


def test_the_host_of_a_platform_of_the_teams_own_is_an_example() -> None:
    """A message must name something that can be typed."""
    assert host_of("jd") == "https://api.jd.com"
    assert host_of("our_own") == ANY_HOST
