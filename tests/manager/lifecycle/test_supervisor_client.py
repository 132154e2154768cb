"""Talking to supervisord."""

import configparser
import re
import socket
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ExpectedError
from manager.layout import Layout
from manager.lifecycle.supervisor_client import (
    CONFIGURATION,
    SupervisorGoneError,
    components,
    remove_traces,
    start,
)


def test_no_socket_means_gone(tmp_path: Path) -> None:
    """Where nothing was started, nothing answers."""
    with pytest.raises(SupervisorGoneError):
        components(Layout(var=tmp_path))


def test_a_socket_that_a_killed_one_left_means_gone(tmp_path: Path) -> None:
    """A socket file alone is not a running supervisord; `stop` removes it."""
    layout = Layout(var=tmp_path)
    layout.make_var()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(layout.socket))
    with pytest.raises(SupervisorGoneError):
        components(layout)
    remove_traces(layout)
    assert list(layout.run.iterdir()) == []


def test_the_folder_of_a_far_socket_is_removed(tmp_path: Path) -> None:
    """What lies outside `var/` is not left behind."""
    layout = Layout(var=tmp_path / ("deep" * 30))
    layout.make_var()
    layout.socket.parent.mkdir(mode=0o700)
    layout.socket.touch()
    remove_traces(layout)
    assert not layout.socket.parent.exists()


def test_a_link_is_no_folder_for_the_socket(tmp_path: Path) -> None:
    """Somebody else could lead it anywhere: nothing is started."""
    layout = Layout(var=tmp_path / ("deep" * 30))
    layout.make_var()
    layout.socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(ExpectedError, match="is another user's: remove it"):
            start(layout, {})
    finally:
        layout.socket.parent.unlink()


def test_every_component_is_ended_with_its_children() -> None:
    """Each program restarts when it ends, and its whole process group can be killed.

    All but the scheduler's group is told to end; its workers may end what they run.
    """
    configuration = configparser.RawConfigParser()
    configuration.read(PROJECT_ROOT / CONFIGURATION)
    programs = [name for name in configuration.sections() if name.startswith("program:")]
    assert len(programs) >= 5
    for name in programs:
        program, component = configuration[name], name.removeprefix("program:")
        asked = "false" if component == "scheduler" else "true"
        wanted = ("autorestart", "killasgroup", "redirect_stderr", "stopasgroup")
        assert [program[key] for key in wanted] == ["true", "true", "true", asked]
        assert program["stdout_logfile"].endswith(f"/logs/components/{component}.log")
        assert "stdout_logfile_maxbytes" in program


def test_nothing_of_the_machine_is_in_the_configuration() -> None:
    """Every path and port comes from the environment, so that any path will do."""
    text = (PROJECT_ROOT / CONFIGURATION).read_text("utf-8")
    settings = [line for line in text.splitlines() if not line.startswith(";")]
    assert not re.search(r"=/|\b[1-9]\d{3,}\b|127\.0", "\n".join(settings))
