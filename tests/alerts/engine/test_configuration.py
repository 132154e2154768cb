"""A file that was broken by an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.alerts.configuration import keep_usable, load_usable
from include.registry.alerts import ALERTS_FILE
from tests.alerts.engine.alert_rounds import configured

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = """\
channels:
  - {id: ops, kind: dingtalk, connection: a, mention: ["138"]}
  - {id: boss, kind: wecom, connection: b}
digest: {at: "08:00"}
"""


def _keep(root: Path, *, is_right: bool = True) -> None:
    """Do what each round of the watchdog does."""
    found = load_usable(root, root / "var")
    assert bool(found.problems) != is_right
    keep_usable(root, root / "var", found)


@pytest.mark.parametrize(
    ("content", "channels", "at"),
    [
        ("channels: [", ["ops", "boss"], "08:00"),
        ("just text", ["ops", "boss"], "08:00"),
        (RIGHT.replace("dingtalk", "dingtak"), ["ops", "boss"], "08:00"),
        (RIGHT.replace("id: boss", "id: bos").replace("dingtalk", "x"), ["ops", "bos"], "08:00"),
        (RIGHT.replace("08:00", "25:00"), ["ops", "boss"], "09:30"),
    ],
)
def test_what_cannot_be_read_is_as_it_was(
    tmp_path: Path, content: str, channels: list[str], at: str
) -> None:
    """With the problems that it has now, and of channels those that are still named."""
    configured(tmp_path, RIGHT)
    _keep(tmp_path)
    (tmp_path / ALERTS_FILE).write_text(content, "utf-8")
    for _ in range(2):
        _keep(tmp_path, is_right=False)
        found = load_usable(tmp_path, tmp_path / "var")
        assert list(found.channels) == channels
        assert found.channels["ops"].mention == ["138"]
        assert found.digest.at.isoformat("minutes") == at
        assert found.problems


@pytest.mark.parametrize("content", [None, "channels: []\n"])
def test_a_file_that_was_emptied_on_purpose_is_empty(tmp_path: Path, content: str | None) -> None:
    """Nothing of it comes back, whatever there was before."""
    configured(tmp_path, RIGHT)
    _keep(tmp_path)
    if content is None:
        (tmp_path / ALERTS_FILE).unlink()
    else:
        configured(tmp_path, content)
    assert load_usable(tmp_path, tmp_path / "var").channels == {}


def test_without_a_copy_it_is_as_it_is(tmp_path: Path) -> None:
    """As on an installation whose first file is wrong."""
    (tmp_path / "config").mkdir()
    (tmp_path / ALERTS_FILE).write_text(RIGHT.replace("dingtalk", "x"), "utf-8")
    assert list(load_usable(tmp_path, tmp_path / "var").channels) == ["boss"]


def test_a_folder_that_cannot_be_written_costs_the_copy_only(tmp_path: Path) -> None:
    """A full disk must not make alerts silent."""
    configured(tmp_path, RIGHT)
    (tmp_path / "var").write_text("a file")
    keep_usable(tmp_path, tmp_path / "var", load_usable(tmp_path, tmp_path / "var"))
    assert list(load_usable(tmp_path, tmp_path / "var").channels) == ["ops", "boss"]
