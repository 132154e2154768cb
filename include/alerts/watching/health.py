"""The findings of kind `service`: components, heartbeats, databases, disk; judged, not read."""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from include.alerts.languages import Said
from include.alerts.watching import actions
from include.alerts.watching.airflow_state import DatabaseGoneError
from include.alerts.watching.sight import NAME, WATCHDOG
from include.errors import ConfigurationError
from include.warehouse.transactions import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from include.alerts.findings import Finding
    from include.alerts.watching.sight import Sight

SILENT = timedelta(minutes=3)
# Whoever restarts a component, or the machine, is done by then.
DOWN = timedelta(seconds=60)
GIGABYTE = 1_000_000_000
LITTLE_DISK = GIGABYTE
API_SECONDS = 5.0
API = "api-server"
DATABASE, WAREHOUSE, DISK, SUPERVISOR = "database", "warehouse", "disk", "supervisord"

NAMES = {
    "scheduler": Said("调度器", "scheduler"),
    "dag-processor": Said("DAG 处理器", "DAG processor"),
    "triggerer": Said("触发器", "triggerer"),
    API: Said("网页和 API", "web UI and API"),
    "config-watcher": Said("配置监视", "config-watcher"),
    "contract-events": Said("契约齐备事件", "contract-events"),
    "sandbox": Said("沙箱", "sandbox"),
    WATCHDOG: NAME,
    "journal": Said("事件记录", "journal"),
    DATABASE: Said("Airflow 数据库", "Airflow's database"),
    WAREHOUSE: Said("数据仓库", "warehouse"),
    DISK: Said("磁盘", "disk"),
    "clock": Said("时钟", "clock"),
    SUPERVISOR: Said("守护进程 supervisord", "supervisord"),
}
# What does not happen meanwhile.
COSTS = {
    "scheduler": Said("任务不会按时运行", "no job starts"),
    "dag-processor": Said("改动的配置不会生效", "what is edited in config/ has no effect"),
    "triggerer": Said("等待外部条件的任务不会继续", "tasks that wait for something do not go on"),
    API: Said("任务无法汇报，网页打不开", "tasks cannot report, and nobody can log in"),
    "config-watcher": Said(
        "改动的配置要十分钟才生效", "what is edited in config/ counts after ten minutes"
    ),
    "contract-events": Said(
        "数据齐备后没有人通知 Airflow，等它的任务不会启动",
        "nobody tells Airflow what is complete, and what runs after it does not start",
    ),
}
COSTS_NOTHING_KNOWN = Said("服务不完整", "the service is not whole")
NO_BEAT = Said("{name} {since} 起没有心跳：{cost}", "{name}: no sign of life since {since}; {cost}")
NO_ANSWER = Said("{name} {since} 起没有应答：{cost}", "{name}: no answer since {since}; {cost}")
IS_DOWN = Said(
    "{name} {since} 起没有运行（{state}）：{cost}", "{name} is down since {since} ({state}); {cost}"
)
FLAPS = Said(
    "{name}十分钟内结束了 {deaths} 次，又被重新启动：{cost}",
    "{name} ended {deaths} times within ten minutes and was started again; {cost}",
)
NOT_SUPERVISED = Said(
    "supervisord 没有应答：组件退出后不会再被启动",
    "supervisord does not answer: a component that ends is not started again",
)
START = Said(
    "`python3 scheduler_manager.py start` 会清理并重新启动",
    "`python3 scheduler_manager.py start` tidies up and starts it again",
)
LITTLE = Said(
    "{path} 只剩 {free} MB 空间，写满后数据无法入库",
    "only {free} MB are free in {path}; when it is full, nothing lands",
)
MAKE_ROOM = Said(
    "清理磁盘，或运行 `python3 scheduler_manager.py run housekeeping`",
    "make room, or run `python3 scheduler_manager.py run housekeeping`",
)
GONE = Said("{name}的文件不见了：{why}", "the file of {name} is gone: {why}")
AWAY = Said("{name}连不上：{why}", "{name} does not answer: {why}")
BRING_BACK = Said(
    "放回文件，或用 `python3 scheduler_manager.py restore` 恢复备份",
    "put the file back, or bring a backup back with `python3 scheduler_manager.py restore`",
)
LET_IT_RUN = Said(
    "启动它，并检查网络；`python3 scheduler_manager.py doctor` 会说明",
    "see that it runs and is reached; `python3 scheduler_manager.py doctor` says more",
)


@dataclass(frozen=True)
class Component:
    """A process of the service, as its supervisor knows it.

    Attributes:
        name: its name.
        down_since: from when on it does not run; none while it does.
        state: in the supervisor's words.
        deaths: how often it ended within the last ten minutes.
        flaps: whether that is too often.
    """

    name: str
    down_since: datetime | None
    state: str = ""
    deaths: int = 0
    flaps: bool = False


def component_findings(
    sight: Sight, components: Iterable[Component], down: timedelta = DOWN
) -> Iterator[Finding]:
    """Yield one for each component that is down for so long, or ends again and again."""
    for one in components:
        since = one.down_since
        remedy = actions.logs(sight, one.name)
        if since is not None and sight.now - since >= down:
            values = {"since": sight.clock(since), "state": one.state}
            yield _of(sight, one.name, IS_DOWN, remedy, since, **values)
        elif one.flaps:
            yield _of(sight, one.name, FLAPS, remedy, None, deaths=one.deaths)


def heartbeat_findings(
    sight: Sight, beats: Mapping[str, datetime | None], began: datetime
) -> Iterator[Finding]:
    """Yield one for each component that has been silent for three minutes.

    Args:
        sight: of the round.
        beats: when each gave its last sign of life.
        began: when they were started, or the watchdog was: until then they may be silent.
    """
    for name, beat in beats.items():
        last = max(filter(None, (beat, began)))
        if sight.now - last >= SILENT:
            since = beat or began
            shown = sight.clock(since)
            yield _of(sight, name, NO_BEAT, actions.restart(sight, name), since, since=shown)


def api_finding(sight: Sight, silent_since: datetime) -> Finding:
    """Return that the api-server does not answer."""
    remedy = actions.restart(sight, API)
    return _of(sight, API, NO_ANSWER, remedy, silent_since, since=sight.clock(silent_since))


def supervisor_finding(sight: Sight) -> Finding:
    """Return that nothing keeps the components up."""
    return _named(sight, SUPERVISOR, sight.say(NOT_SUPERVISED), sight.say(START), None)


def disk_findings(sight: Sight, folders: Iterable[Path]) -> Iterator[Finding]:
    """Yield that a disk which the service writes to is nearly full."""
    for folder in folders:
        free = shutil.disk_usage(folder).free
        if free < LITTLE_DISK:
            # Told in steps, so that the same is not written down in each round.
            shown = max(1, free // 1_000_000) if free else 0
            what = sight.say(LITTLE, path=folder, free=_rounded(shown))
            yield _named(sight, DISK, what, sight.say(MAKE_ROOM), None)
            return


def database_finding(sight: Sight, subject: str, error: Exception) -> Finding | None:
    """Return that a database is gone or does not answer; none for a fault of another kind."""
    name = sight.say(NAMES[subject])
    if isinstance(error, DatabaseGoneError):
        what = sight.say(GONE, name=name, why=sight.quote(str(error)))
        return _named(sight, subject, what, sight.say(BRING_BACK), None)
    if isinstance(error, ConfigurationError):
        why = sight.quote(str(error))
    elif isinstance(error, (SQLAlchemyError, OSError)):
        why = sight.quote(cause_of(error))
    else:
        return None
    return _named(sight, subject, sight.say(AWAY, name=name, why=why), sight.say(LET_IT_RUN), None)


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
    sight: Sight,
    name: str,
    said: Said,
    remedy: str,
    began: datetime | None,
    **values: object,
) -> Finding:
    called = sight.say(NAMES[name]) if name in NAMES else name
    cost = sight.say(COSTS.get(name, COSTS_NOTHING_KNOWN))
    what = sight.say(said, name=called, cost=cost, **values)
    return _named(sight, name, what, remedy, began)


def _named(sight: Sight, subject: str, what: str, remedy: str, since: datetime | None) -> Finding:
    name = sight.say(NAMES[subject]) if subject in NAMES else subject
    return sight.service(subject, what, remedy, since, name=name)


def _rounded(megabytes: int) -> int:
    step = 100 if megabytes >= 100 else 10  # noqa: PLR2004 - as people say it
    return megabytes // step * step
