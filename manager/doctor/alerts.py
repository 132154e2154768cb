"""Whether anybody is told when something goes wrong: channels, the watchdog, what is open."""

from collections.abc import Iterator
from datetime import datetime, timezone

from include.alerts.configuration import load_usable
from include.alerts.overview import Overview, overview
from include.language import N_, _
from manager.alert_store import alert_store
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at
from manager.lifecycle.supervisor_client import components

# Its first round comes half a minute after its start.
YOUNG_SECONDS = 120


@looks_at(N_("alerts"))
def check_alerts(patient: Patient) -> Iterator[Finding]:
    """See whether there are channels that work, and somebody who looks."""
    configuration = load_usable(patient.layout.root, patient.layout.var)
    if not configuration.channels and not configuration.problems:
        text = _(
            "no channel is configured in config/alerts.yaml: nobody is told when something is wrong"
        )
        remedy: str = _("docs/alerts.md says how, in Chinese docs/alerts.zh-CN.md")
        yield Finding(WARN, text, remedy)
    with alert_store(patient.layout) as store:
        found = overview(store, configuration, datetime.now(timezone.utc))
    if patient.runs and not found.is_watched and not _is_young(patient):
        last = found.last_round
        template = N_("the watchdog has not been able to look at everything yet")
        if last:
            template = N_(
                "the watchdog has not been able to look at everything since "
                "{last:%Y-%m-%d %H:%M} UTC"
            )
        text = _(template, last=last)
        yield Finding(FAIL, text, _("see `{manager} logs watchdog`"))
    for health in found.failing:
        text = _(
            "channel {channel} takes no messages: {code} {answer}",
            channel=health.channel,
            code=health.code,
            answer=health.answer,
        )
        remedy = health.remedy or _(
            "`{manager} alerts test {channel}` tries it", channel=health.channel
        )
        yield Finding(FAIL, text, remedy)
    if found.alerts:
        remedy = _("`{manager} alerts` lists them")
        yield Finding(WARN, counted(found), remedy)
    elif configuration.channels and not found.failing:
        yield Finding(OK, _("nothing is open; channels: {names}", names=[*configuration.channels]))


def counted(found: Overview) -> str:
    """Return how many alerts are open, in words."""
    count = len(found.alerts)
    return _(N_("1 alert is open") if count == 1 else N_("{count} alerts are open"), count=count)


def _is_young(patient: Patient) -> bool:
    own = [one for one in components(patient.layout) if one.name == "watchdog"]
    return any(one.up and one.now - one.started < YOUNG_SECONDS for one in own)
