"""Whether anybody is told when something goes wrong: channels, the watchdog, what is open."""

from collections.abc import Iterator
from datetime import datetime, timezone

from include import MANAGER
from include.alerts.configuration import load_usable
from include.alerts.overview import Overview, overview
from manager.alert_store import alert_store
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient
from manager.lifecycle.supervisor_client import components

ABOUT = "alerts"
# Its first round comes half a minute after its start.
YOUNG_SECONDS = 120


def check_alerts(patient: Patient) -> Iterator[Finding]:
    """See whether there are channels that work, and somebody who looks."""
    configuration = load_usable(patient.layout.root, patient.layout.var)
    if not configuration.channels and not configuration.problems:
        text = (
            "no channel is configured in config/alerts.yaml: nobody is told when something is wrong"
        )
        remedy = "docs/alerts.md says how, in Chinese docs/alerts.zh-CN.md"
        yield Finding(WARN, ABOUT, text, remedy)
    with alert_store(patient.layout) as store:
        found = overview(store, configuration, datetime.now(timezone.utc))
    if patient.runs and not found.is_watched and not _is_young(patient):
        last = found.last_round
        when = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "yet"
        text = f"the watchdog has not been able to look at everything {when}"
        yield Finding(FAIL, ABOUT, text, f"see `{MANAGER} logs watchdog`")
    for health in found.failing:
        text = f"channel {health.channel} takes no messages: {health.code} {health.answer}"
        remedy = health.remedy or f"`{MANAGER} alerts test {health.channel}` tries it"
        yield Finding(FAIL, ABOUT, text, remedy)
    if found.alerts:
        yield Finding(WARN, ABOUT, f"{counted(found)} open", f"`{MANAGER} alerts` lists them")
    elif configuration.channels and not found.failing:
        names = ", ".join(configuration.channels)
        yield Finding(OK, ABOUT, f"nothing is open; channels: {names}")


def counted(found: Overview) -> str:
    """Return how many alerts are open, in words."""
    return "1 alert is" if len(found.alerts) == 1 else f"{len(found.alerts)} alerts are"


def _is_young(patient: Patient) -> bool:
    own = [one for one in components(patient.layout) if one.name == "watchdog"]
    return any(one.up and one.now - one.started < YOUNG_SECONDS for one in own)
