"""What the journal tells of components, and what is done about those that cannot be started."""

import io
import time
from datetime import timezone
from pathlib import Path

import pytest

from include.running.journal import Journal
from manager.layout import Layout
from manager.lifecycle import event_listener as listening
from manager.lifecycle.event_listener import BACKOFF, EXITED, FATAL, RUNNING, Listener, events
from manager.lifecycle.health import deaths_lately

ABOUT = {"processname": "scheduler", "groupname": "airflow"}
LOG = """\
2026-11-25 20:00:00 WARN exited: triggerer (exit status 3; not expected)
2026-11-25 20:00:01 WARN exited: scheduler (terminated by SIGKILL; not expected)
2026-11-25 20:00:02 INFO spawned: 'scheduler' with pid 43
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return an installation whose supervisord has said how components ended."""
    layout = Layout(root=tmp_path, var=tmp_path / "var")
    layout.make_var()
    (layout.logs / "components/supervisord.log").write_text(LOG)
    return layout


def listener_of(layout: Layout) -> Listener:
    """Return a listener that waits for nothing."""
    return Listener(layout, Journal(layout.logs / "scheduler.log", timezone.utc), pause=0)


def told(layout: Layout) -> list[str]:
    """Return the journal's lines without their time."""
    text = (layout.logs / "scheduler.log").read_text("utf-8")
    return [line.partition("+00:00 ")[2] for line in text.splitlines()]


def test_the_end_and_the_return_of_a_component_are_told(layout: Layout) -> None:
    """With pids and how it ended; a first start is no return."""
    listener = listener_of(layout)
    listener.take(RUNNING, {**ABOUT, "pid": "42"})
    listener.take(EXITED, {**ABOUT, "pid": "42", "expected": "0"})
    listener.take(RUNNING, {**ABOUT, "pid": "43"})
    assert told(layout) == [
        "component scheduler ended (pid 42, terminated by SIGKILL); it is started again",
        "component scheduler restarted (pid 43)",
    ]
    assert deaths_lately(layout, time.time()) == {"scheduler": 1}


def test_what_was_told_to_end_has_not_died(layout: Layout) -> None:
    """An end that supervisord expected is no event."""
    listener_of(layout).take(EXITED, {**ABOUT, "pid": "42", "expected": "1"})
    assert deaths_lately(layout, time.time()) == {}
    assert not (layout.logs / "scheduler.log").exists()


def test_what_supervisord_gives_up_is_started_for_ever(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time; the journal tells of it once, until it has come back."""
    started: list[str] = []
    monkeypatch.setattr(listening, "start_component", lambda _layout, name: started.append(name))
    listener = listener_of(layout)
    for _ in range(3):
        listener.take(BACKOFF, {**ABOUT, "tries": "1"})
        listener.take(FATAL, ABOUT)
    deadline = time.monotonic() + 10
    while len(started) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert started == ["airflow:scheduler"] * 3
    first, second = told(layout)
    assert first.endswith("ended before it was ready (terminated by SIGKILL); it is started again")
    assert "cannot be started, again and again: see var/logs/components/scheduler.log" in second
    assert deaths_lately(layout, time.time()) == {"scheduler": 3}


def test_events_are_read_and_answered_as_supervisord_wants() -> None:
    """READY, a line of headers, as many bytes as it says, a result; the end ends it."""
    body = b"processname:scheduler groupname:airflow from_state:RUNNING expected:0 pid:42"
    header = b"ver:3.0 server:supervisor serial:1 pool:journal poolserial:1 eventname:E len:%d\n"
    source, answers = io.BytesIO((header % len(body) + body) * 2), io.BytesIO()
    found = list(events(source, answers))
    assert [event for event, _ in found] == ["E", "E"]
    assert found[0][1]["pid"] == "42"
    assert answers.getvalue() == b"READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n"
