"""From when on a job is expected to land."""

from __future__ import annotations

import pytest

from include.coverage import State, units_of
from include.units.job_units import expected_from
from tests.coverage.registries import at, job, registry


@pytest.mark.parametrize(
    ("cron", "period", "seen", "key"),
    [
        ("0 7 * * *", "day", "2025-10-03T12:00", "2025-10-02"),
        ("0 7 * * *", "day", "2025-10-03T06:00", "2025-10-02"),
        ("0 12 * * 6", "week", "2025-10-08T09:00", "2025-09-27"),
        ("0 12 * * 6", "week", "2025-10-04T09:00", "2025-09-27"),
        ("30 12 3 * *", "month", "2025-10-02T09:00", "2025-09"),
        ("30 12 3 * *", "month", "2025-10-10T12:30", "2025-09"),
        ("30 12 3 * *", "month", "2025-10-10T12:31", "2025-10"),  # its run was past recovering
        ("0 */2 * * *", "tick", "2025-10-03T12:40", "2025-10-03T10:00"),
    ],
)
def test_a_new_job_begins_with_the_period_that_ended_last(
    cron: str, period: str, seen: str, key: str
) -> None:
    """It is the first that is expected, unless its run was past recovering: then the next is."""
    one = job("own", cron, period, start=None)
    first = one.schedule.parse_key(key)
    assert expected_from(one, at(seen)) == first.start


def test_an_entry_that_is_dropped_at_noon_has_one_period_to_its_name() -> None:
    """And however much later, none before it; a start reaches back on purpose."""
    noon, long_ago = at("2025-10-03T12:00"), at("2025-07-01T00:00")
    new = registry([job("own", start=None)])
    (unit,) = units_of(new, [], noon, long_ago, seen={"own": noon})
    assert (unit.period.key, unit.state) == ("2025-10-02", State.MISSED)
    later = units_of(new, [], at("2025-10-05T12:00"), long_ago, seen={"own": noon})
    assert [one.period.key for one in later] == ["2025-10-02", "2025-10-03", "2025-10-04"]
    reaching = registry([job("own", start="2025-09-30")])
    assert len(units_of(reaching, [], noon, long_ago, seen={"own": noon})) == 3


def test_without_recovery_only_what_is_due_later_is_expected() -> None:
    """An entry with recover 0d whose run has passed begins with the period under way."""
    one = job("own", start=None, recover="0d")
    assert expected_from(one, at("2025-10-03T12:00")) == at("2025-10-03T00:00")
    assert expected_from(one, at("2025-10-03T07:05")) == at("2025-10-02T00:00")
