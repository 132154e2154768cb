"""What tests of several rooms need."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import httpx
import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from include.gateways.connection import Connection
from sandbox.credentials import SANDBOX_ACCESS_TOKEN, SANDBOX_APP_KEY, SANDBOX_APP_SECRET
from sandbox.limits import Allowance
from tests.airflow_database import migrated
from tests.database_servers import serve as serve_database
from tests.sandbox.serving import serve
from tests.sandbox.truth import ERP
from tests.warehouses import KINDS as WAREHOUSES
from tests.warehouses import SQLITE, Warehouses

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.database_servers import Server

# Whatever the machine speaks: what the tests expect is written in English.
os.environ["LANGUAGE"] = "en"
os.environ.pop("SCHEDULER_LANGUAGE", None)
# One client for all: making one reads all certificates, which takes longer than asking.
HTTP = httpx.Client(timeout=300, trust_env=False)
# How long an example takes is for the benchmarks to say: a busy machine is no failure.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")
# The moment at which the sandbox of the tests stands still (wall clock of Asia/Shanghai).
SANDBOX_NOW = datetime(2025, 10, 9, 12)
# Limits that no test reaches by accident.
WIDE = Allowance(100_000, 1, 199)

SERVICE_TESTS = "tests/integration/"
# What takes a worker longest, much of it waiting; the first file of a group stands for all of it.
LONGEST = (
    "tests/manager/commands/test_new.py",  # runs tests and linters over a copy
    "tests/manager/test_remedies.py",
    "tests/scripts/test_erp_store.py",
    "tests/gateways/test_faults.py",
    "tests/scripts/test_jd_store.py",
    "tests/test_house.py",
    "tests/manager/importing/test_importing.py",
    "tests/manager/lifecycle/test_virtualenv.py",
)
# What each of their services is shared by; the other files of that folder share `quiet`. And who
# shares the Python of tests/manager/forking.py, which imports Airflow once in each worker.
OF_A_SERVICE = {
    **dict.fromkeys(("integration/test_repair.py", "integration/test_service.py"), "life"),
    **{f"integration/test_{file}.py": "service" for file in ("demo", "jobs", "pictures")},
    **{
        f"integration/{file}.py": file
        for file in ("test_compose", "test_missed_ticks", "test_go_live")
    },
    "manager/test_remedies.py": "forks",
    "manager/test_speaking.py": "forks",
    "manager/lifecycle/test_preparing.py": "forks",
    "manager/commands/test_connect.py": "forks",
    "manager/commands/test_probe.py": "forks",
    "manager/commands/test_gaps.py": "forks",
    "manager/commands/test_rotate.py": "forks",
    "manager/commands/alerts/test_connecting.py": "forks",
}


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox with limits that do not slow a test down."""

    base_url: str

    @property
    def connection(self) -> Connection:
        """What the scripts are given as connection `erp`."""
        return Connection(
            "erp", self.base_url, SANDBOX_APP_KEY, SANDBOX_APP_SECRET, SANDBOX_ACCESS_TOKEN
        )

    def arm(self, fault: str, platform: str = "erp", **more: Any) -> None:
        """Make a fault wait for a platform's requests; `more` is times, after or shop."""
        wish = {"fault": fault, "platform": platform, **more}
        HTTP.post(f"{self.base_url}/sandbox/faults", json=wish).raise_for_status()

    def armed(self) -> list[dict[str, Any]]:
        """Return what is armed, and how often each has struck."""
        armed: list[dict[str, Any]] = HTTP.get(f"{self.base_url}/sandbox/faults").json()["armed"]
        return armed

    def clear(self) -> None:
        """Make no fault wait any longer."""
        HTTP.delete(f"{self.base_url}/sandbox/faults").raise_for_status()

    def truth(self, shop_id: int, day: date) -> list[dict[str, Any]]:
        """Return the rows that a shop's day must have."""
        return ERP.on(shop_id, day, seed=1, as_of=SANDBOX_NOW)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve the sandbox of seed 1 as of `SANDBOX_NOW`."""
    with serve(clock=lambda: SANDBOX_NOW, allowances=[WIDE]) as base_url:
        yield Sandbox(base_url)


@pytest.fixture(scope="module")
def steady() -> Iterator[Sandbox]:
    """Serve one to all tests of a module that leave it as it was."""
    with serve(clock=lambda: SANDBOX_NOW, allowances=[WIDE]) as base_url:
        yield Sandbox(base_url)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--campaign` for the long tests, `--pictures`, and `--warehouse` for where they land."""
    parser.addoption("--campaign", action="store_true", help="also run the long tests")
    parser.addoption("--pictures", action="store_true", help="make the pictures of docs/ again")
    parser.addoption(
        "--warehouse",
        choices=[*WAREHOUSES, "all"],
        help="run what needs a warehouse on one of this kind; else all of it runs on SQLite and, "
        "without --campaign, a part on the others",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that has a `warehouse_url` on each kind of warehouse that it is to run on."""
    if "warehouse_url" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("--warehouse")
    if asked:
        kinds = WAREHOUSES if asked == "all" else (asked,)
    elif metafunc.definition.get_closest_marker("campaign"):
        kinds = (SQLITE,)
    else:
        marked = metafunc.definition.get_closest_marker("every_warehouse")
        kinds = WAREHOUSES if marked or metafunc.config.getoption("--campaign") else (SQLITE,)
    if not any(
        "warehouse_url" in mark.args[:1] for mark in metafunc.definition.iter_markers("parametrize")
    ):
        metafunc.parametrize("warehouse_url", kinds, indirect=True)


def pytest_configure(config: pytest.Config) -> None:
    """Set a temporary home for Airflow, which writes to it when it is imported."""
    gc.disable()  # collecting tests makes a million objects that stay
    folder = tempfile.mkdtemp(prefix="airflow-of-tests-")
    os.environ |= {"AIRFLOW_HOME": folder, **_one_authority(Path(folder))}
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(Path(__file__).parents[1] / "plugins")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _one_authority(folder: Path) -> dict[str, str]:
    """Name one certificate authority, in an environment.

    Tests talk to loopback, without TLS. Every process and client reads the authorities all the
    same, and the hundreds of a system take longer than most tests.
    """
    first, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----")
    file = folder / "authority.pem"
    file.write_text(f"{first}{end}\n", "utf-8")
    (folder / "authorities").mkdir()
    return {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(folder / "authorities")}


@pytest.fixture(scope="session")
def database_server() -> Iterator[Callable[[str], Server]]:
    """Return a server by its kind (postgresql, mariadb), started when first asked for."""
    with ExitStack() as stack:
        started: dict[str, Server] = {}

        def of_kind(kind: str) -> Server:
            if kind not in started:
                started[kind] = stack.enter_context(serve_database(kind))
            return started[kind]

        yield of_kind


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def airflow_database(shared_folder: Path) -> Path:
    """Return a migrated database of Airflow's, to be copied; one for all workers."""
    return migrated(shared_folder / "airflow-tables")


@pytest.fixture(scope="session")
def warehouses(database_server: Callable[[str], Server]) -> Warehouses:
    """Return empty warehouses on any kind of database."""
    return Warehouses(database_server)


@pytest.fixture
def warehouse_url(
    request: pytest.FixtureRequest, warehouses: Warehouses, tmp_path: Path
) -> Iterator[str]:
    """Return the SQLAlchemy URL of an empty warehouse of the kind that the test runs on."""
    with warehouses.empty(request.param, tmp_path) as url:
        yield url


class ByFile(LoadScopeScheduling):
    """Hands whole files to the workers, so that what a file's tests share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test belongs to; all that needs the running service belongs together."""
        file = nodeid.partition("::")[0]
        alone = SERVICE_TESTS if file.startswith(SERVICE_TESTS) else file
        return OF_A_SERVICE.get(file.removeprefix("tests/"), alone)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Have one worker rewrite and compile a file of tests, which the others wait for and load."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with collector.path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
        return (yield)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Set how tests are shared out when they run on several cores."""
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests unless they were asked for; begin with what takes the longest."""
    items.sort(key=_turn)
    if not config.getoption("--campaign"):
        for item in items:
            if item.get_closest_marker("campaign"):
                item.add_marker(pytest.mark.skip(reason="a long run: add --campaign"))


def pytest_collection_finish() -> None:
    """Look for garbage among what the tests make, and not in all that was made before them."""
    gc.freeze()
    gc.enable()


def _turn(item: pytest.Item) -> tuple[bool, bool, int]:
    """Return what tests are sorted by: first those of services, and of these what must not run."""
    names = getattr(item, "fixturenames", ())
    needs_it_off = "unstarted" in names and "service" not in names
    file = item.location[0]
    turn = LONGEST.index(file) if file in LONGEST else len(LONGEST)
    return not file.startswith(SERVICE_TESTS), not needs_it_off, turn
