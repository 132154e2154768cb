"""`import --enable JOB`: one word of a file changes, and the old job's end is printed."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigurationError
from include.registry import load_registry
from include.registry.checks.scripts import PLACEHOLDER
from manager.importing import enabling, prefect_database
from manager.importing.enabling import enable
from manager.importing.old_jobs import OldJob, OldSchedule, Place
from manager.importing.record import Imported, as_json
from manager.layout import Layout
from tests.manager.importing.prefect.server import HERE

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# 从旧系统导入
tasks:
  # config.py:7
  - id: erp_orders
    name: ERP订单 # 每天
    cron: "0 7 * * *"
    script: a.py
    enabled: false # 确认后再启用

  - {id: pdd_orders, name: 拼多多, cron: "0 8 * * *", script: a.py, enabled: false, retries: 1}
  - id: jd_orders
    name: 京东
    cron: "0 9 * * *"
    script: a.py
"""
OLD = OldJob(
    "ERP订单",
    Place("scheduler_config.py", 7),
    (OldSchedule(cron="0 7 * * *", id="6f0c"),),
    deployment="ERP订单/ERP订单",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return a project with three imported jobs."""
    tasks = tmp_path / "config/tasks"
    scripts = tmp_path / "include/scripts"
    for folder in (tasks, scripts):
        folder.mkdir(parents=True)
    (scripts / "a.py").touch()
    (tmp_path / "config/shops.yaml").write_text("shops: []\n")
    (tasks / "imported.yaml").write_text(FILE, "utf-8")
    olds = {
        "erp_orders": OLD,
        "pdd_orders": replace(OLD, scheduler="cron", deployment="python a.py >> log"),
        "jd_orders": replace(OLD, scheduler="airflow", deployment="jd orders"),
        "gone": OLD,
    }
    records = {job_id: Imported(job_id, old) for job_id, old in olds.items()}
    (tasks / "imported.json").write_text(as_json(records), "utf-8")
    return Layout(tmp_path, tmp_path / "var")


def _text(layout: Layout) -> str:
    return (layout.root / "config/tasks/imported.yaml").read_bytes().decode()


def test_one_word_changes(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """Comments, quotes and the other entries stay as they are."""
    enable(layout, "erp_orders")
    assert _text(layout) == FILE.replace("enabled: false # 确认", "enabled: true # 确认")
    assert load_registry(layout.root).jobs["erp_orders"].enabled
    said = capsys.readouterr().out
    assert 'prefect deployment schedule pause "ERP订单/ERP订单" 6f0c' in said


def test_an_entry_on_one_line(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """So it is with an entry in braces; of a crontab the line to comment out is printed."""
    enable(layout, "pdd_orders")
    assert _text(layout) == FILE.replace("enabled: false, retries", "enabled: true, retries")
    said = capsys.readouterr().out
    assert "line 7 of scheduler_config.py" in said
    assert "# 0 7 * * * python a.py >> log" in said


def test_line_ends_and_mark_stay(layout: Layout) -> None:
    """A file of Windows stays one, with its byte order mark."""
    path = layout.root / "config/tasks/imported.yaml"
    windows = ("\ufeff" + FILE).replace("\n", "\r\n")
    path.write_bytes(windows.encode())
    enable(layout, "erp_orders")
    assert _text(layout) == windows.replace("enabled: false # 确认", "enabled: true # 确认")


def test_what_is_enabled_stays_so(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """The command that stops the old one is printed all the same, quoted for a shell."""
    enable(layout, "jd_orders")
    said = capsys.readouterr().out
    assert "enabled already" in said
    assert 'airflow dags pause "jd orders"' in said
    assert _text(layout) == FILE


@pytest.mark.parametrize(
    ("job", "why"), [("erp_order", "did you mean 'erp_orders'"), ("gone", "no valid entry")]
)
def test_what_cannot_be_enabled(layout: Layout, job: str, why: str) -> None:
    """A job that was not imported, or has no entry any more, is an error."""
    with pytest.raises(ConfigurationError, match=why):
        enable(layout, job)
    assert _text(layout) == FILE


def test_a_job_whose_script_is_missing_is_not_enabled(layout: Layout) -> None:
    """The old one must go on running: a placeholder brings no day."""
    before = _text(layout)
    (layout.root / "include/scripts/a.py").write_text(f"{PLACEHOLDER}\n")
    with pytest.raises(ConfigurationError, match="has a placeholder, not its script"):
        enable(layout, "erp_orders")
    assert _text(layout) == before


def test_ours_that_does_the_same_is_named(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else both would run."""
    records = {"erp_orders": Imported("erp_orders", OLD, ours="jd_orders")}
    (layout.root / "config/tasks/imported.json").write_text(as_json(records), "utf-8")
    enable(layout, "erp_orders")
    assert "jd_orders does the same and is enabled, too" in capsys.readouterr().out


NOW = datetime(2026, 12, 20, 4, tzinfo=timezone.utc)  # noon in Shanghai


@pytest.mark.parametrize(
    ("said", "day"),
    [
        (("0 7 * * *", "day"), "2026-12-20"),  # it ran this morning
        (("0 18 * * *", "day"), "2026-12-19"),  # it runs tonight
        (("0 7 * * 6", "week"), "2026-12-19"),
        (("0 7 3 * *", "month"), "2026-12-01"),
        (("0 * * * *", "tick"), "2026-12-20"),
    ],
)
def test_its_start_is_that_of_its_first_run(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    said: tuple[str, str],
    day: str,
) -> None:
    """The days since the import are the old system's, and no gaps here."""
    cron, period = said
    with_start = FILE.replace('cron: "0 7 * * *"\n', f'cron: "{cron}"\n    period: {period}\n'
                              "    start: 2026-11-30 # as imported\n", 1)  # fmt: skip
    (layout.root / "config/tasks/imported.yaml").write_text(with_start, "utf-8")
    record = Imported("erp_orders", OLD, start=date(2026, 11, 30))
    (layout.root / "config/tasks/imported.json").write_text(
        as_json({"erp_orders": record}), "utf-8"
    )
    monkeypatch.setattr(enabling, "datetime", _Clock(NOW))
    enable(layout, "erp_orders")
    expected = with_start.replace("false # 确认", "true # 确认").replace("2026-11-30", day)
    assert _text(layout) == expected
    assert f"start: {day}, the period of its first run here" in capsys.readouterr().out


def test_a_start_of_ones_own_stays(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """It was written by hand, or asked for by --start."""
    with_start = FILE.replace("script: a.py\n", "script: a.py\n    start: 2026-01-01\n", 1)
    (layout.root / "config/tasks/imported.yaml").write_text(with_start, "utf-8")
    record = Imported("erp_orders", OLD, start=date(2026, 11, 30))
    (layout.root / "config/tasks/imported.json").write_text(
        as_json({"erp_orders": record}), "utf-8"
    )
    enable(layout, "erp_orders")
    assert "start: 2026-01-01\n" in _text(layout)
    assert "its start stays 2026-01-01" in capsys.readouterr().out


def test_the_old_ones_last_good_run_decides(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its source is asked again: what failed there since is to be brought here."""
    database = tmp_path / "prefect.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript((HERE / "prefect_3_9_1.sql").read_text("utf-8"))
    old = next(one for one in prefect_database.read(str(database)).jobs if one.last_success)
    with_start = FILE.replace("script: a.py\n", "script: a.py\n    start: 2026-11-30\n", 1)
    (layout.root / "config/tasks/imported.yaml").write_text(with_start, "utf-8")
    record = Imported("erp_orders", old, start=date(2026, 11, 30))
    (layout.root / "config/tasks/imported.json").write_text(
        as_json({"erp_orders": record}), "utf-8"
    )
    enable(layout, "erp_orders")
    assert old.last_success is not None
    day = old.last_success.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert f"start: {day}\n" in _text(layout)
    assert "the old job's last good run" in capsys.readouterr().out


class _Clock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self, _zone: object) -> datetime:
        return self.moment


def test_a_value_that_others_share_is_changed_by_hand(layout: Layout) -> None:
    """One word cannot change alone there: nothing is written."""
    path = layout.root / "config/tasks/imported.yaml"
    shared = FILE.replace("enabled: false #", "enabled: &off false #")
    path.write_text(shared.replace("enabled: false, ", "enabled: *off, "), "utf-8")
    before = _text(layout)
    with pytest.raises(ConfigurationError, match="into the entry of erp_orders by hand"):
        enable(layout, "erp_orders")
    assert _text(layout) == before


def test_a_link_and_its_rights_stay(layout: Layout, tmp_path: Path) -> None:
    """Teams keep such a file elsewhere, and not for everybody."""
    path, kept = layout.root / "config/tasks/imported.yaml", tmp_path / "kept.yaml"
    path.rename(kept)
    kept.chmod(0o640)
    path.symlink_to(kept)
    enable(layout, "erp_orders")
    assert path.is_symlink()
    assert "enabled: true #" in kept.read_text("utf-8")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("key", "value"), [("cron", 5), ("timezone", ["UTC"]), ("anchor", "2026-01-01T00:00:00")]
)
def test_a_record_that_was_changed_by_hand_is_named(
    layout: Layout, key: str, value: object
) -> None:
    """With its file and the repair."""
    path = layout.root / "config/tasks/imported.json"
    document = json.loads(path.read_text("utf-8"))
    document["jobs"]["erp_orders"]["old"]["schedules"][0][key] = value
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ConfigurationError, match=r"imported\.json is not the record of an import"):
        enable(layout, "erp_orders")
