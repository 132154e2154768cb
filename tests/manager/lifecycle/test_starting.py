"""What `start` says of a registry that is broken."""

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from manager.layout import Layout
from manager.lifecycle.starting import start_service, warn_of_problems
from tests.registry.conftest import ProjectFolder


@pytest.mark.parametrize(("sign", "taken"), [("$", "a placeholder"), ('"', "the end of a quote")])
def test_a_folder_that_supervisord_cannot_name_is_refused(
    tmp_path: Path, sign: str, taken: str
) -> None:
    """With the sign, and what it would be taken for."""
    layout = Layout(tmp_path / f"a{sign}b")
    with pytest.raises(ConfigurationError, match=f"would take for {taken}: move it"):
        start_service(layout)


def test_a_start_warns_of_broken_entries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line on standard error, each file once; a registry that is right is no news."""
    project = ProjectFolder(tmp_path)
    project.write_tasks("t.yaml")
    warn_of_problems(Layout(tmp_path))
    assert capsys.readouterr() == ("", "")
    project.write_entry(
        "id: a", "name: a", "cron: '99 7 * * *'", "script: nowhere.py", file="u.yaml"
    )
    warn_of_problems(Layout(tmp_path))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "warning: 2 problems in config/tasks/u.yaml may keep jobs from running: "
        "`python3 scheduler_manager.py check` says what to repair\n"
    )
