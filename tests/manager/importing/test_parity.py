"""Whether jobs fire here when they fired there, and what the tables say of it."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.language import CHINESE, speaking
from include.registry import Job
from include.registry.paths import Place as EntryPlace
from include.registry.paths import Project
from manager.importing.entries import PlannedFolders
from manager.importing.old_jobs import OldJob, OldSchedule, Place
from manager.importing.parity import Pair, compare
from manager.importing.parity_report import print_parity
from manager.importing.record import Imported

if TYPE_CHECKING:
    from manager.importing.parity import Comparison

NOW = datetime(2026, 11, 2, 3, tzinfo=timezone.utc)
SHANGHAI = "Asia/Shanghai"
HERE = Path(__file__)  # a script that is there


def _old(*schedules: OldSchedule, **more: object) -> OldJob:
    return OldJob("PDD质量数据", Place("config.py", 7), schedules, **more)  # type: ignore[arg-type]


def _new(cron: str, period: str = "tick", **more: object) -> Job:
    said = {"id": "x", "name": "x", "script": "x.py", "cron": cron, "period": period, **more}
    folders = PlannedFolders(Path("/nowhere"), frozenset({"x.py", "pdd/x.py"}))
    return Job.model_validate(said, context=EntryPlace(Project(folders), "x.yaml", 1))


def _pair(old: OldJob, new: Job | None, script: Path | None = HERE, **more: object) -> Pair:
    return Pair(Imported("x", old), new, script, **more)  # type: ignore[arg-type]


def _compared(old: OldJob, new: Job | None, **more: object) -> Comparison:
    (one,) = compare([_pair(old, new, **more)], NOW).jobs  # type: ignore[arg-type]
    return one


def _said(old: OldJob, new: Job | None) -> str | None:
    return next((one.text for one in _compared(old, new).differences), None)


def test_the_same_times() -> None:
    """Thirty fires on each side, and nothing to say."""
    zoned = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    one = _compared(_old(zoned), _new("0 8 * * *", "day"))
    assert (len(one.there or ()), len(one.here), one.differences, one.reason) == (30, 30, (), None)


def test_a_cron_without_a_zone_is_said() -> None:
    """It fired at 16:00 in Shanghai, and fires at 08:00 here; the reason stands beside it."""
    one = _compared(_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
    assert one.differences[0].text == (
        "there at 16:00 (first on 2026-11-02), here at 08:00 (first on 2026-11-02)"
    )
    assert "UTC" in str(one.reason)
    with speaking(CHINESE):
        one = _compared(_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
        assert "16:00" in one.differences[0].text
        assert not one.differences[0].text.isascii()


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
    one = _compared(_old(OldSchedule(cron="0 8 * * * * *")), _new("0 8 * * *", "day"))
    assert one.there is None
    assert [each.key for each in one.open] == ["fires"]


def test_a_python_without_prefect_is_an_error() -> None:
    """What --prefect-python names is asked; where it cannot answer, that is said."""
    pair = _pair(_old(OldSchedule(cron="0 8 * * *")), _new("0 8 * * *", "day"))
    with pytest.raises(ConfigurationError, match="No module named 'prefect'"):
        compare([pair], NOW, sys.executable)
    with pytest.raises(ConfigurationError, match="does not answer"):
        compare([pair], NOW, "/nowhere/python")


@pytest.mark.parametrize(
    ("there", "here", "key", "said"),
    [
        ({"timeout": timedelta(minutes=30)}, {}, "timeout", "30m > 1h"),
        ({"retries": 0}, {}, "retries", "0 > 2"),
        ({"retry_delay": timedelta(0)}, {}, "delay", "0s > 5m"),
        ({"cwd": r"D:\testyd"}, {}, "folder", r"D:\testyd > include/scripts/pdd"),
        ({"cwd": "D:/testyd/PDD"}, {"cwd": "."}, "folder", "D:/testyd/PDD > ."),
        ({"python": "/opt/py/bin/python"}, {}, "python", "/opt/py/bin/python > the service's"),
    ],
)
def test_how_it_runs_is_a_difference(
    there: dict[str, object], here: dict[str, object], key: str, said: str
) -> None:
    """What the old system says and the entry does otherwise; the script's folder is the same."""
    zoned = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    known = {"script": r"D:\testyd\pdd\x.py", "cwd": r"d:\TESTYD\pdd", "retries": 2}
    entry = {"script": "pdd/x.py", "cwd": "include/scripts/pdd", **here}
    old, new = _old(zoned, **{**known, **there}), _new("0 8 * * *", "day", **entry)
    assert [(one.key, one.text) for one in _compared(old, new).differences] == [(key, said)]
    assert not _compared(_old(zoned, **known), _new("0 8 * * *", "day", **{**entry, "cwd":
                         "include/scripts/pdd"})).differences  # fmt: skip


def test_what_is_confirmed_stays_so_until_it_changes() -> None:
    """A person has said that it is meant; faults nobody can mean."""
    zoned = OldSchedule(cron="0 8 * * *", timezone=SHANGHAI)
    old, new = _old(zoned, retries=1), _new("0 8 * * *", "day")
    (difference,) = _compared(old, new).differences
    record = Imported("x", old, confirmed={difference.key: difference.value})
    (one,) = compare([Pair(record, new, HERE)], NOW).jobs
    assert (len(one.differences), one.open) == (1, [])
    (one,) = compare([Pair(record, _new("0 8 * * *", "day", retries=5), HERE)], NOW).jobs
    assert [each.text for each in one.open] == ["1 > 5"]
    both = _compared(_old(zoned), _new("0 8 * * *", "day"), script=None, now=_old(zoned))
    assert [(each.key, each.is_fault) for each in both.open] == [("script", True), ("both", True)]


def test_both_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """They say who knows the old times, what differs in how jobs run, and what scripts lack."""
    script = tmp_path / "x.py"
    script.write_text("import pandas_of_nobody\nimport json\n", "utf-8")
    new = _new("0 8 * * *", "day", timeout="2h", script="pdd/x.py", cwd="include/scripts/pdd")
    old = _old(
        OldSchedule(cron="0 8 * * *", is_active=False),
        timeout=timedelta(hours=1),
        retries=2,
        script=r"D:\testyd\pdd\x.py",
        cwd=r"D:\testyd",
        notes=("PDD质量数据: its parameters",),
    )
    print_parity(compare([_pair(old, new, script)], NOW))
    said = capsys.readouterr().out
    for part in (
        "documented rules",
        "--prefect-python",
        "there at 16:00",
        "switched off there",
        "1h > 2h",
        r"folder D:\testyd > include/scripts/pdd",
        "packages that its Python lacks pandas_of_nobody (x.py:1)",
        "not carried over its parameters",
        "GBK > UTF-8",
        "only the last one",
    ):
        assert part in " ".join(said.split())
    assert "2 > 2" not in said


def test_a_tab_in_a_cron_does_not_move_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown as a space."""
    old = _old(OldSchedule(cron="0\t8 * * *"))
    print_parity(compare([_pair(old, _new("0 8 * * *"))], NOW))
    said = capsys.readouterr().out
    assert "0 8 * * *" in said
    assert "\t" not in said
