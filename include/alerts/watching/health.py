"""The findings of kind `service`: components, heartbeats, databases, disk; judged, not read."""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from include.errors import ConfigurationError, ExpectedError
from include.language import N_
from include.warehouse.transactions import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import URL

    from include.alerts.findings import Finding
    from include.alerts.watching.scope import Scope

SILENT = timedelta(minutes=3)
# Whoever restarts a component, or the machine, is done by then.
DOWN = timedelta(seconds=60)
GIGABYTE = 1_000_000_000
# SQLite and the logs need room to go on; below this a day's work may not fit.
LITTLE_DISK = GIGABYTE
API_SECONDS = 5.0
API = "api-server"
DATABASE, WAREHOUSE, DISK, SUPERVISOR = "database", "warehouse", "disk", "supervisord"

# What does not happen meanwhile.
COSTS = {
    "scheduler": N_("no job starts"),
    "dag-processor": N_("what is edited in config/ has no effect"),
    "triggerer": N_("tasks that wait for something do not go on"),
    API: N_("tasks cannot report, and nobody can log in"),
    "config-watcher": N_("what is edited in config/ counts after ten minutes"),
    "contract-events": N_(
        "nobody tells Airflow what is complete, and what runs after it does not start"
    ),
}
COSTS_NOTHING_KNOWN = N_("the service is not whole")
NO_BEAT = N_("{name}: no sign of life since {since}; {cost}")
NO_ANSWER = N_("{name}: no answer since {since}; {cost}")
IS_DOWN = N_("{name} is down since {since} ({state}); {cost}")
FLAPS = N_("{name} ended {deaths} times within ten minutes and was started again; {cost}")
NOT_SUPERVISED = N_("supervisord does not answer: a component that ends is not started again")
START = N_("`python3 scheduler_manager.py start` tidies up and starts it again")
LITTLE = N_("only {free} MB are free in {path}; when it is full, nothing lands")
MAKE_ROOM = N_("make room, or run `python3 scheduler_manager.py run housekeeping`")
GONE = N_("the file of {name} is gone: {why}")
AWAY = N_("{name} does not answer: {why}")
BRING_BACK = N_(
    "put the file back, or bring the backup FILE back: `python3 scheduler_manager.py restore FILE`"
)
LET_IT_RUN = N_("see that it runs and is reached; `python3 scheduler_manager.py doctor` says more")


class DatabaseGoneError(ExpectedError):
    """The file of a SQLite database is not there."""


@dataclass(frozen=True)
class Component:
    """A process of the service, as its supervisor knows it."""

    name: str
    down_since: datetime | None  # from when on it does not run; none while it does
    state: str = ""  # in the supervisor's words
    deaths: int = 0  # how often it ended within the last ten minutes
    flaps: bool = False  # whether that is too often


def component_findings(
    scope: Scope, components: Iterable[Component], down: timedelta = DOWN
) -> Iterator[Finding]:
    """Yield one for each component that is down for so long, or ends again and again."""
    for one in components:
        since = one.down_since
        remedy = scope.to_do("logs", component=one.name)
        if since is not None and scope.now - since >= down:
            values = {"since": scope.clock(since), "state": one.state}
            yield _of(scope, one.name, IS_DOWN, remedy, since, **values)
        elif one.flaps:
            yield _of(scope, one.name, FLAPS, remedy, None, deaths=one.deaths)


def heartbeat_findings(
    scope: Scope, beats: Mapping[str, datetime | None], began: datetime
) -> Iterator[Finding]:
    """Yield one for each component that has been silent for three minutes.

    Args:
        scope: of the round.
        beats: when each gave its last sign of life.
        began: when they were started, or the watchdog was: until then they may be silent.
    """
    for name, beat in beats.items():
        last = max(filter(None, (beat, began)))
        if scope.now - last >= SILENT:
            since = beat or began
            shown = scope.clock(since)
            yield _of(
                scope, name, NO_BEAT, scope.to_do("restart", component=name), since, since=shown
            )


def api_finding(scope: Scope, silent_since: datetime) -> Finding:
    """Return that the api-server does not answer."""
    remedy = scope.to_do("restart", component=API)
    return _of(scope, API, NO_ANSWER, remedy, silent_since, since=scope.clock(silent_since))


def supervisor_finding(scope: Scope) -> Finding:
    """Return that nothing keeps the components up."""
    return scope.service(SUPERVISOR, scope.say(NOT_SUPERVISED), scope.say(START))


def disk_findings(scope: Scope, folders: Iterable[Path]) -> Iterator[Finding]:
    """Yield that a disk which the service writes to is nearly full."""
    for folder in folders:
        free = shutil.disk_usage(folder).free
        if free < LITTLE_DISK:
            # Told in steps, so that the same is not written down in each round.
            shown = max(1, free // 1_000_000) if free else 0
            what = scope.say(LITTLE, path=folder, free=_rounded(shown))
            yield scope.service(DISK, what, scope.say(MAKE_ROOM))
            return


def database_finding(part: str, scope: Scope, error: Exception) -> Finding | None:
    """Return that a database is gone or does not answer; none for a fault of another kind."""
    name = scope.part(part)
    if isinstance(error, DatabaseGoneError):
        what = scope.say(GONE, name=name, why=scope.quote(str(error)))
        return scope.service(part, what, scope.say(BRING_BACK))
    if isinstance(error, ConfigurationError):
        why = scope.quote(str(error))
    elif isinstance(error, (SQLAlchemyError, OSError)):
        why = scope.quote(cause_of(error))
    else:
        return None
    return scope.service(part, scope.say(AWAY, name=name, why=why), scope.say(LET_IT_RUN))


def there(url: str) -> URL:
    """Return the address of a database; opening a file that is not there would make an empty one.

    Raises:
        DatabaseGoneError: it is such a file.
    """
    made = make_url(url)
    is_file = made.get_backend_name() == "sqlite" and made.database
    if is_file and not Path(made.database or "").exists():
        raise DatabaseGoneError("{database} is not there", database=made.database)
    return made


def api_answers(tasks_url: str) -> bool:
    """Return whether the api-server answers.

    Args:
        tasks_url: where tasks report to; the health answer is on the same server.
    """
    parts = urlsplit(tasks_url)
    address = f"{parts.scheme}://{parts.netloc}/api/v2/monitor/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=API_SECONDS) as response:
            return isinstance(json.load(response), dict)
    except (OSError, http.client.HTTPException, ValueError):
        return False


def _of(
    scope: Scope, part: str, said: str, remedy: str, began: datetime | None, **values: object
) -> Finding:
    cost = scope.say(COSTS.get(part, COSTS_NOTHING_KNOWN))
    what = scope.say(said, name=scope.part(part), cost=cost, **values)
    return scope.service(part, what, remedy, began)


def _rounded(megabytes: int) -> int:
    step = 100 if megabytes >= 100 else 10  # noqa: PLR2004 - as people say it
    return megabytes // step * step
