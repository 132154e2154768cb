"""What tests of several rooms of the manager share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from manager.layout import Layout
from manager.lifecycle.ports import remember
from manager.lifecycle.preparing import prepare
from manager.lifecycle.settings import service_environment
from tests.airflow_database import put
from tests.integration.installation import copy_project, free_ports
from tests.manager.forking import forking_python


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a Python that has imported Airflow."""
    with forking_python(tmp_path_factory.mktemp("python")) as program:
        yield program


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, python: Path, airflow_database: Path
) -> Callable[[], Layout]:
    """Return what makes an installation as delivered, that was never started."""

    def make() -> Layout:
        root = tmp_path_factory.mktemp("prepared") / "checkout"
        copy_project(root)
        (root / ".venv/bin").unlink()
        (root / ".venv/bin").mkdir()
        (root / ".venv/bin/python").symlink_to(python)
        layout = Layout(root=root, var=root / "var")
        layout.make_var()
        ports = free_ports()
        remember(layout, ports)
        environment = service_environment(layout, ports)
        put(airflow_database, layout.airflow_home)
        prepare(layout, environment)
        return layout

    return make
