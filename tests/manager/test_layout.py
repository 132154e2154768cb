"""Where the service writes."""

import os
import stat
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from manager.layout import Layout, current_layout, refuse_another_users


def test_var_is_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being told otherwise, the service writes to the checkout's `var/`."""
    monkeypatch.delenv("SCHEDULER_VAR", raising=False)
    assert current_layout().var == PROJECT_ROOT / "var"


def test_var_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`SCHEDULER_VAR` moves everything the service writes, also when it is relative."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEDULER_VAR", "elsewhere")
    assert current_layout().secrets == tmp_path / "elsewhere" / "secrets.env"


def test_a_checkout_that_cannot_be_written_has_its_var_in_airflows_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a team's own Airflow that mounts it: nothing has to be set for that."""
    monkeypatch.delenv("SCHEDULER_VAR", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setattr("include.os.access", lambda *_: False)
    assert current_layout().var == tmp_path / "store-data"


def test_a_var_of_another_user_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever cannot write it is told whose it is, in place of a second service elsewhere."""
    monkeypatch.delenv("SCHEDULER_VAR", raising=False)
    elsewhere = Layout(root=tmp_path, var=tmp_path / "home/store-data")
    refuse_another_users(elsewhere)  # a checkout that is only mounted
    (tmp_path / "var").mkdir()
    refuse_another_users(Layout(root=tmp_path, var=tmp_path / "var"))
    with pytest.raises(ConfigurationError, match=f"user {tmp_path.owner()} writes"):
        refuse_another_users(elsewhere)
    monkeypatch.setenv("SCHEDULER_VAR", str(elsewhere.var))
    refuse_another_users(elsewhere)


def test_var_is_private(tmp_path: Path) -> None:
    """Nobody but its owner may look into `var/`."""
    layout = Layout(var=tmp_path / "var")
    layout.make_var()
    layout.make_var()
    assert stat.S_IMODE(layout.var.stat().st_mode) == 0o700
    assert (layout.logs / "components").is_dir()


def test_a_var_that_others_may_look_into_is_closed(tmp_path: Path) -> None:
    """Whether it is new and empty or has been the service's for long."""
    for name in ("empty", "ours"):
        layout = Layout(var=tmp_path / name)
        layout.var.mkdir(mode=0o755)
        if name == "ours":
            layout.secrets.touch()
        layout.make_var()
        assert stat.S_IMODE(layout.var.stat().st_mode) == 0o700


def test_a_folder_with_other_things_is_not_taken(tmp_path: Path) -> None:
    """Closing it would take it away from those who use it; all stays as it was."""
    tmp_path.chmod(0o755)
    (tmp_path / "theirs.txt").touch()
    with pytest.raises(ConfigurationError, match="give the service a folder of its own"):
        Layout(var=tmp_path).make_var()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["theirs.txt"]


def test_socket_lies_in_var(tmp_path: Path) -> None:
    """A `var/` of usual depth holds the socket itself."""
    layout = Layout(var=tmp_path / "var")
    assert layout.socket == tmp_path / "var" / "run" / "supervisor.sock"


def test_socket_of_a_deep_var_lies_in_the_temp_folder(tmp_path: Path) -> None:
    """A path too long for a Unix socket gives a short one, the same each time, another per var."""
    deep, deeper = (Layout(var=tmp_path / ("深" * 40) / name / "var") for name in ("a", "b"))
    assert len(os.fsencode(deep.socket)) < 80
    assert deep.socket == Layout(var=deep.var).socket
    assert deep.socket.parent != deeper.socket.parent


def test_paths_are_shown_as_a_person_types_them() -> None:
    """A path in the project is shown relative to it, any other whole."""
    layout = Layout(root=Path("/project"), var=Path("/srv/var"))
    assert layout.shown(Path("/project/var/x.log")) == "var/x.log"
    assert layout.shown(Path("/srv/var/x.log")) == "/srv/var/x.log"
