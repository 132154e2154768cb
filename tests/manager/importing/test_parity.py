"""Whether jobs fire here when they fired there, and what the tables say of it."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.language import CHINESE, speaking
from include.periods import Schedule
from include.registry import load_registry
from manager.importing.old_jobs import OldJob, OldSchedule, Place
from manager.importing.parity import NewJob, compare, planned, registered
from manager.importing.parity_report import print_parity

if TYPE_CHECKING:
    from pathlib import Path

    from include.language import Message
    from manager.importing.parity import Comparison

NOW = datetime(2026, 11, 2, 3, tzinfo=timezone.utc)
SHANGHAI = "Asia/Shanghai"


def _old(*schedules: OldSchedule, **more: object) -> OldJob:
    return OldJob("PDD质量数据", Place("config.py", 7), schedules, **more)  # type: ignore[arg-type]


def _new(cron: str, period: str = "tick", **more: object) -> NewJob:
    said = {"id": "x", "cron": cron, "period": period, "name": "x", "script": "x.py", **more}
    return planned(said, None)


def _compared(old: OldJob, new: NewJob | None) -> Comparison:
    (one,) = compare([(old, new)], NOW).jobs
    return one


def _said(old: OldJob, new: NewJob | None) -> Message | None:
    return _compared(old, new).difference


def test_the_same_times() -> None:
    """Thirty fires on each side, and nothing to say."""
    zoned = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    one = _compared(_old(zoned), _new("0 8 * * *", "day"))
    assert (len(one.there or ()), len(one.here), one.difference, one.reason) == (30, 30, None, None)


def test_a_cron_without_a_zone_is_said() -> None:
    """It fired at 16:00 in Shanghai, and fires at 08:00 here; the reason stands beside it."""
    one = _compared(_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
    assert one.difference == (
        "there at 16:00 (first on 2026-11-02), here at 08:00 (first on 2026-11-02)"
    )
    assert "UTC" in str(one.reason)
    with speaking(CHINESE):
        one = _compared(_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
        assert "16:00" in str(one.difference)
        assert not str(one.difference).isascii()


def test_only_one_side() -> None:
    """The first of the moments that only one side has are named, and how many more there are."""
    daily = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    said = str(_said(_old(daily), _new("0 8 * * 1", "week")))
    assert said.startswith("only there: 2026-11-03 08:00, 2026-11-04 08:00, 2026-11-05 08:00, ")
    assert said.endswith(" more")
    twice = OldSchedule(cron="0 20 * * *", timezone=SHANGHAI)
    assert _said(_old(daily, twice), _new("0 8,20 * * *")) is None
    assert "only here" in str(_said(_old(daily), _new("0 8,20 * * *")))
    assert "never fires there" in str(_said(_old(), _new("0 8 * * *", "day")))
    assert "no entry" in str(_said(_old(daily), None))


def test_a_paused_schedule_is_left_out_unless_all_are() -> None:
    """What makes no runs there is not compared; a job that is switched off is by its schedule."""
    active = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    paused = OldSchedule(cron="0 9 * * *", timezone=SHANGHAI, is_active=False)
    assert _said(_old(active, paused), _new("0 8 * * *", "day")) is None
    assert _said(_old(paused), _new("0 9 * * *", "day")) is None


def test_what_is_unknown_is_a_difference() -> None:
    """Nothing is called the same that was not computed."""
    parity = compare([(_old(OldSchedule(cron="0 8 * * * * *")), _new("0 8 * * *", "day"))], NOW)
    assert parity.jobs[0].there is None
    assert parity.differ


def test_a_python_without_prefect_is_an_error() -> None:
    """What --prefect-python names is asked; where it cannot answer, that is said."""
    pair = (_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
    with pytest.raises(ConfigurationError, match="No module named 'prefect'"):
        compare([pair], NOW, sys.executable)
    with pytest.raises(ConfigurationError, match="does not answer"):
        compare([pair], NOW, "/nowhere/python")


def test_a_job_of_the_registry() -> None:
    """The delivered jobs are read as entries are."""
    job = registered(load_registry().jobs["pdd_quality"])
    assert (job.id, job.retries, job.timeout) == ("pdd_quality", 2, timedelta(hours=1))
    assert job.schedule == Schedule("0 8 * * *", "day")
    assert job.script is not None
    assert job.script.is_file()


def test_both_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """They say who knows the old times, what differs in how jobs run, and what scripts lack."""
    script = tmp_path / "x.py"
    script.write_text("import pandas_of_nobody\nimport json\n", "utf-8")
    values = {"id": "x", "cron": "0 8 * * *", "period": "day", "cwd": "include/scripts/x"}
    new = planned({**values, "timeout": "2h"}, script)
    old = _old(
        OldSchedule(cron="0 8 * * *", is_active=False),
        timeout=timedelta(hours=1),
        retries=2,
        cwd=r"D:\testyd",
    )
    print_parity(compare([(old, new)], NOW))
    said = capsys.readouterr().out
    for part in (
        "documented rules",
        "--prefect-python",
        "there at 16:00",
        "switched off there",
        "1h > 2h",
        r"D:\testyd > include/scripts/x",
        "pandas_of_nobody",
        "only the last one",
    ):
        assert part in said
    assert "2 > 2" not in said


def test_a_tab_in_a_cron_does_not_move_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown as a space."""
    old = _old(OldSchedule(cron="0\t8 * * *"))
    print_parity(compare([(old, _new("0 8 * * *"))], NOW))
    said = capsys.readouterr().out
    assert "0 8 * * *" in said
    assert "\t" not in said
