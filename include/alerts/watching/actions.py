"""What to do, as a command that works: on one machine the manager's, in containers their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include import MANAGER
from include.alerts.languages import Said

if TYPE_CHECKING:
    from include.alerts.watching.sight import Sight

ON_THE_PAGE = Said("打开 Coverage 页面补齐：{page}", "repair it on the page Coverage: {page}")
RESTART = Said("重启组件 {component}", "restart the component {component}")
LOGS = Said("查看组件 {component} 的日志", "look at the log of the component {component}")
ALL_LOGS = Said("查看各组件的日志", "look at the components' logs")
IN_THE_UI = Said(
    "在网页的 Dags 里取消暂停：{address}", "let it go on in the web UI under Dags: {address}"
)


def repair(sight: Sight, job: str) -> str:
    """Return what closes the gaps of a job."""
    if sight.contained:
        return sight.say(ON_THE_PAGE, page=sight.page(job) or "Coverage")
    return f"{MANAGER} repair --job {job} --yes"


def waive(sight: Sight, job: str, key: str) -> str:
    """Return what accepts the gaps of a job and period."""
    if sight.contained:
        return sight.say(ON_THE_PAGE, page=sight.page(job) or "Coverage")
    return f"{MANAGER} waive {job} --period {key} --reason …"


def resume(sight: Sight, job: str) -> str:
    """Return what lets a paused job go on."""
    if sight.contained:
        return sight.say(IN_THE_UI, address=sight.address or "Airflow")
    return f"{MANAGER} resume {job}"


def restart(sight: Sight, component: str) -> str:
    """Return what starts the service again, or in containers one component of it."""
    if sight.contained:
        return sight.say(RESTART, component=component)
    return f"{MANAGER} restart"


def check(sight: Sight) -> str:
    """Return what says what is wrong in config/."""
    if sight.contained:
        return "python -m include.registry.checks"
    return f"{MANAGER} check"


def logs(sight: Sight, component: str) -> str:
    """Return what shows a component's log."""
    if sight.contained:
        return sight.say(LOGS, component=component)
    return f"{MANAGER} logs {component}"


def doctor(sight: Sight) -> str:
    """Return what looks at everything."""
    if sight.contained:
        return sight.say(ALL_LOGS)
    return f"{MANAGER} doctor"
