"""What `test --airflow VERSION` runs."""

from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from manager.commands import test as other_airflow
from manager.layout import Layout


def test_what_knows_airflow_is_run() -> None:
    """All of it is there; where other tests are named, they are run instead."""
    assert all((PROJECT_ROOT / path).exists() for path in other_airflow.TESTS)
    layout = Layout()
    assert other_airflow.tests_of(layout, ["-x"]) == [*other_airflow.TESTS, "-x"]
    assert other_airflow.tests_of(layout, ["-x", "tests/units::test_y"]) == [
        "-x",
        "tests/units::test_y",
    ]


@pytest.mark.parametrize("version", ["", "3", "newest", "3.4; rm"])
def test_a_version_is_one(version: str, tmp_path: Path) -> None:
    """Nothing is installed for what is none."""
    with pytest.raises(ConfigurationError, match=r"is no version: write it like 3\.4"):
        other_airflow.installed(Layout(var=tmp_path / "var"), version)
    assert not (tmp_path / "var").exists()
