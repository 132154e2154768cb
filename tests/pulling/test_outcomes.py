"""What a run of shops prints at its end."""

from __future__ import annotations

from datetime import date

import pytest

from include.language import speaking
from include.pulling.outcomes import Outcome, print_table
from include.units.exit_codes import ExitCode
from include.units.unit import Unit
from tests.coverage.registries import job


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["ok", "empty", "provisional", "failed (75: a temporary failure)"]),
        ("zh", ["已入库", "无数据", "暂定", "失败（75：暂时失败）"]),
    ],
)
def test_a_shops_state_is_said_in_the_readers_language(
    language: str, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As `gaps` and `trigger --wait` say it; a landed shop too, not only a failed one."""
    erp = job("erp_store", platform="erp", start=date(2025, 10, 1))
    unit = Unit(erp.id, "erp-1", erp.schedule.parse_key("2025-10-01"))
    landed, temporary = ExitCode.LANDED, ExitCode.TEMPORARY
    outcomes = [
        Outcome(unit, landed, rows=3, calls=2, seconds=1.0),
        Outcome(unit, landed, rows=0, calls=2, seconds=1.0),
        Outcome(unit, landed, rows=3, calls=2, seconds=1.0, is_early=True),
        Outcome(unit, temporary, rows=0, calls=2, seconds=1.0),
    ]
    with speaking(language):
        print_table("erp_store", outcomes)
    printed = capsys.readouterr().out
    assert [line.split("│")[-2].strip() for line in printed.splitlines() if "erp-1" in line] == said
