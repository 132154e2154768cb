"""The component that has Airflow parse again what an edit has changed."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from include.errors import ExpectedError
from manager.airflow.parse_requests import ParseRequests
from manager.layout import Layout
from manager.lifecycle import config_watcher
from manager.lifecycle.config_watcher import ConfigWatcher, moments, state_of


class Asked(ParseRequests):
    """Requests that are counted; `seconds` is how long the last parse took."""

    def __init__(self) -> None:
        self.count, self.seconds, self.is_lost, self.down = 0, 0.3, False, False

    def ask(self) -> None:
        """Count."""
        if self.down:
            raise OperationalError("INSERT", {}, Exception("no route to host"))
        self.count += 1

    def parse_seconds(self) -> float:
        """Return what the test says."""
        return self.seconds

    def lost(self) -> bool:
        """Return what the test says."""
        return self.is_lost


class Watched:
    """A project that is watched, on a clock that the test moves."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root=root, var=root / "var")
        for folder in ("config/tasks", "include/scripts", "var/run"):
            (root / folder).mkdir(parents=True)
        self.entry = root / "config/tasks/erp.yaml"
        self.entry.write_text("tasks: []\n")
        self.asked, self.now, self.said = Asked(), 1_000.0, list[str]()
        self.watcher = ConfigWatcher(
            self.layout, self.asked, clock=lambda: self.now, say=self.said.append
        )

    def look(self, after: float = 0) -> int:
        """Look once, some seconds later; return how often was asked for a parse so far."""
        self.now += after
        self.watcher.look()
        return self.asked.count


@pytest.fixture
def project(tmp_path: Path) -> Watched:
    """Return a watched project."""
    return Watched(tmp_path)


def _by_rename(entry: Path) -> None:
    new = entry.with_name(".erp.tmp")
    new.write_text("x")
    new.rename(entry)


@pytest.mark.parametrize(
    "edit",
    [
        lambda entry: entry.write_text("tasks: [{}]\n"),
        _by_rename,
        lambda entry: entry.unlink(),
        lambda entry: entry.with_name("new.yaml").write_text("tasks: []\n"),
        lambda entry: entry.rename(entry.with_name("old.yaml")),
        lambda entry: (entry.parents[2] / "include/scripts/new.py").touch(),
        lambda entry: (entry.parents[1] / "shops.yaml").symlink_to(entry),
        lambda entry: entry.parents[1].rename(entry.parents[2] / "config.old"),
    ],
    ids=["text", "by rename", "removed", "added", "renamed", "script", "link", "all of config"],
)
def test_an_edit_asks_for_one_parse(project: Watched, edit: Any) -> None:
    """At once, however it was made, and not again when nothing more changes."""
    assert project.look(5) == 0
    edit(project.entry)
    assert project.look(1) == 1
    assert project.look(2) == 1
    assert "config" in project.said[0] or "include/scripts/new.py" in project.said[0]


def test_what_editors_leave_is_no_edit(project: Watched) -> None:
    """Hidden files, backups and Python's own."""
    for name in (".erp.yaml.swp", "erp.yaml~", "__pycache__"):
        project.entry.with_name(name).mkdir()
    assert project.look(5) == 0


def test_what_a_link_leads_to_is_watched(project: Watched, tmp_path: Path) -> None:
    """A file elsewhere, and a folder that leads back to where it is."""
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere/feeds.yaml"
    real.touch()
    (project.entry.parent / "linked").symlink_to(real.parent)
    (project.entry.parent / "circle").symlink_to(project.entry.parents[1])
    (project.entry.parent / "dangling").symlink_to(tmp_path / "nowhere")
    assert project.look(5) == 1
    real.write_text("feeds: {}\n")
    assert project.look(5) == 2


def test_edits_that_follow_each_other_wait_for_the_parse(project: Watched) -> None:
    """A request that comes during a parse is dropped, so the next one comes when that is over."""
    project.asked.seconds = 3
    for number in range(5):
        project.entry.write_text(f"tasks: [{number}]\n" + "#" * number)
        assert project.look(10 if number == 0 else 1) == 1
    assert project.look(2) == 2
    assert project.look(10) == 2


def test_a_minute_later_it_asks_once_more(project: Watched) -> None:
    """By then Airflow gives up DAGs whose entries are gone; so it does after its own start."""
    assert [project.look(seconds) for seconds in (59, 2, 120)] == [0, 1, 1]
    project.entry.unlink()
    assert [project.look(seconds) for seconds in (1, 58, 3, 120)] == [2, 2, 3, 3]


def test_what_could_not_be_asked_for_is_asked_for_later(project: Watched) -> None:
    """The parse a minute after an edit is not lost with a database that is away just then."""
    project.entry.unlink()
    assert [project.look(seconds) for seconds in (5, 50)] == [1, 1]
    project.asked.down = True
    assert project.look(15) == 1
    project.asked.down = False
    assert project.look(61) == 2
    assert project.look(61) == 2


def test_jobs_that_airflow_has_given_up_are_asked_for(project: Watched) -> None:
    """A parse that failed would else leave the service without jobs for minutes."""
    assert project.look(61) == 1
    project.asked.is_lost = True
    assert [project.look(seconds) for seconds in (30, 31, 30, 31)] == [1, 2, 2, 3]


def test_a_database_that_does_not_answer_ends_it_after_a_minute(project: Watched) -> None:
    """Before that it tries again, and the edit is not forgotten."""
    project.look()
    project.asked.down = True
    project.entry.unlink()
    assert project.look(5) == 0
    heartbeat = project.layout.watcher_heartbeat
    heartbeat.unlink()
    project.asked.down = False
    assert project.look(2) == 1
    assert heartbeat.exists()
    project.asked.down = True
    project.entry.touch()
    project.look(3)
    with pytest.raises(ExpectedError, match=r"database does not answer.*no route to host"):
        project.look(61)


@pytest.mark.parametrize("events", [True, False])
def test_an_edit_is_seen_with_and_without_file_events(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    events: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """Events come at once; where there can be none, that is said, and it looks all the same."""
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setattr(config_watcher, "LOOK_SECONDS", 60.0 if events else 0.05)
    said: list[str] = []
    coming = moments([folder] if events else [folder, tmp_path / "missing"], said.append)
    before = state_of([folder])
    threading.Timer(0.5, (folder / "feeds.yaml").touch).start()
    began = time.monotonic()
    while state_of([folder]) == before:
        next(coming)
    assert time.monotonic() - began < 30
    assert bool(said) != events
