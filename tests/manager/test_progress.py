"""What somebody sees while jobs land."""

import io
import os
import pty
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import time_machine

from include.units.unit import LedgerRow
from manager import progress
from manager.followed import Followed
from manager.progress import Progress
from tests.coverage.registries import job, row

KEY = "2025-10-01"
NOW = datetime.now(timezone.utc)
ROWS = {"ok": 1234, "failed": None, "running": None, "pending": None}
BEGAN = NOW - timedelta(seconds=83)
ERP = job("erp_store", platform="erp")


@pytest.fixture(autouse=True)
def _clock_that_stands() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def _rows(*states: str) -> list[LedgerRow]:
    """Return rows of shops erp-1, erp-2, ..., begun half a minute ago."""
    period, begun = ERP.schedule.parse_key(KEY), NOW - timedelta(seconds=30)
    return [
        replace(
            row("erp_store", f"erp-{number}", period, state, started_at=begun), rows=ROWS[state]
        )
        for number, state in enumerate(states, 1)
    ]


def test_on_a_pipe_each_shop_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With its rows, when it has landed; what stays as it was is not said again."""
    shown, run = Progress(BEGAN), Followed(ERP, KEY, "run")
    for states in (("running", "pending"), ("ok", "running"), ("ok", "running"), ("ok", "ok")):
        shown.show([(run, _rows(*states))])
    assert capsys.readouterr().out.splitlines() == [
        f"1:23  erp_store {KEY}: erp-1 1,234 rows",
        f"1:23  erp_store {KEY}: erp-2 1,234 rows",
    ]


def test_a_failure_is_said_when_its_run_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """Until then it may be that of the day before; what a check takes back is said, too."""
    shown, run = Progress(BEGAN), Followed(ERP, KEY, "run")
    shown.show([(run, _rows("failed", "ok"))])
    assert "failed" not in capsys.readouterr().out
    run.landed = False
    for _ in "12":
        shown.show([(run, _rows("failed", "failed"))])
    assert capsys.readouterr().out == f"1:23  erp_store {KEY}: erp-1 failed, erp-2 failed\n"


def test_what_has_no_shop_has_landed(capsys: pytest.CaptureFixture[str]) -> None:
    """A job of no platform has one row, of no shop."""
    [landed] = _rows("ok")
    told = replace(landed, shop_id="-", rows=None)
    Progress(BEGAN).show([(Followed(ERP, KEY, "run"), [told])])
    assert capsys.readouterr().out == f"1:23  erp_store {KEY}: landed\n"


def test_on_a_terminal_there_is_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job has a line with its shops, which changes in place."""
    ours, theirs = pty.openpty()
    terminal = io.open(theirs, "w", encoding="utf-8")  # noqa: UP020, SIM115 -- a file of a descriptor
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    run = Followed(ERP, KEY, "run-1")
    shown = Progress(BEGAN)
    with shown.shown():
        shown.show([(run, _rows("ok", "running"))])
        first = _read(ours, until="pulls 0:30")
        run.landed = True
        shown.show([(run, _rows("ok", "ok"))])
    last = _read(ours, until="landed")
    terminal.close()
    os.close(ours)
    assert (first.count("1,234"), first.count("...")) == (2, 1)  # of the shop, and of all
    assert "..." not in last
    assert "2,468" in last
    assert "\x1b[1A" in last  # it goes up again, over what was there


def _read(terminal: int, until: str) -> str:
    """Return what a terminal was sent, up to a text."""
    sent = ""
    while until not in sent:
        sent += os.read(terminal, 100_000).decode()
    return sent


@pytest.mark.parametrize(
    ("landed", "states", "said"),
    [
        (None, ("pending",), "waits"),
        (None, ("running",), "pulls 0:30"),
        (True, ("ok",), "landed"),
        (False, ("ok", "failed"), "failed"),
    ],
)
def test_a_job_is_said_to_be_what_it_is(
    landed: bool | None,  # noqa: FBT001 - a case
    states: Sequence[str],
    said: str,
) -> None:
    """What is over is not said to be under way, and nothing is green that is not."""
    rows = [
        replace(one, started_at=one.started_at if one.state != "pending" else None, run_id="run")
        for one in _rows(*states)
    ]
    assert progress._state(Followed(ERP, KEY, "run", landed=landed), rows).plain == said
