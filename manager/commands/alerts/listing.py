"""`alerts`, `alerts history`: what is wrong, since when, and who was told."""

from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from include import MANAGER
from include.alerts.catalogue import Language
from include.alerts.configuration import AlertConfiguration, load_usable
from include.alerts.overview import Muted, Overview, alert_as_dict, overview, overview_as_dict
from include.alerts.records import Alert, Health, Told, What
from include.registry import Registry, load_registry
from include.registry.alerts import ALERTS_FILE
from include.units.unit import NO_SHOP
from manager.alert_store import alert_store
from manager.layout import Layout
from manager.lookup import check_names, first_moment, since_of
from manager.table import cut, lined_up, print_json

NOTHING, SOMETHING = 0, 1
DAYS = 30
SHOPS_NAMED = 8
LINE_CELLS = 110
ENGLISH = Language("en")
NO_CHANNEL = (
    f"no channel is configured in {ALERTS_FILE}, so nobody is told: docs/alerts.md says how "
    "(in Chinese docs/alerts.zh-CN.md)"
)


def alerts(layout: Layout, arguments: Namespace) -> int:
    """List what is open and muted, and the channels that fail.

    Returns:
        0 when nothing is wrong; 1 when something is, or when nobody looks.

    Raises:
        ExpectedError: the service was never started, or what is kept cannot be read.
    """
    configuration, registry = load_usable(layout.root, layout.var), load_registry(layout.root)
    with alert_store(layout) as store:
        found = overview(store, configuration, datetime.now(timezone.utc))
    if arguments.json:
        print_json(overview_as_dict(found, configuration))
    else:
        print("\n".join(_lines(found, configuration, registry)))
    return SOMETHING if found.alerts or found.failing or not found.is_watched else NOTHING


def history(layout: Layout, arguments: Namespace) -> int:
    """List the alerts that were found since a day, open ones and those that are over.

    Raises:
        ConfigurationError: unknown job, or no day.
        ExpectedError: the service was never started, or what is kept cannot be read.
    """
    now, job = datetime.now(timezone.utc), arguments.job
    since = since_of(arguments.since, now) or (now - timedelta(days=DAYS)).date()
    with alert_store(layout) as store:
        found = [alert for alert in store.alerts(first_moment(since)) if alert.opened]
    of_job = [alert for alert in found if job in (None, alert.finding.subject)]
    if job is not None and not of_job:  # one that was removed may have a history
        check_names(load_registry(layout.root), job, None)
    if arguments.json:
        alerts = [alert_as_dict(alert) for alert in of_job]
        print_json({"since": since.isoformat(), "alerts": alerts})
        return 0
    of = f" of {job}" if job else ""
    print(f"{_counted(len(of_job), 'alert')}{of} since {since}")
    print("\n".join(lined_up([_past_row(alert) for alert in of_job])))
    return 0


def _lines(found: Overview, configuration: AlertConfiguration, registry: Registry) -> Iterable[str]:
    opened = len(found.alerts)
    yield f"{_counted(opened, 'alert')} {'is' if opened == 1 else 'are'} open"
    heads = lined_up([_row(alert) for alert in found.alerts])
    for head, alert in zip(heads, found.alerts, strict=True):
        yield head
        yield from _details(alert)
    if found.muted:
        yield f"{len(found.muted)} muted"
        yield from lined_up([_muted_row(muted, registry) for muted in found.muted])
    for health in found.failing:
        since = _clock(health.failing_since, found.now)
        yield f"channel {health.channel} has taken no message since {since}: {_answer(health)}"
        if health.remedy:
            yield f"  {health.remedy}"
    yield from map(str, configuration.problems)
    if configuration.problems and configuration.channels:
        yield f"{ALERTS_FILE} is broken: channels in it go on as they were before"
    elif not configuration.channels and not configuration.problems:
        yield NO_CHANNEL
    if not found.is_watched:
        yield _unwatched(found)


def _unwatched(found: Overview) -> str:
    if found.last_round is None:
        return f"nobody has looked yet: the watchdog does, which `{MANAGER} start` starts"
    ago = ENGLISH.span(found.now - found.last_round)
    return (
        f"the watchdog has not looked for {ago}, so this may be out of date: see `{MANAGER} status`"
    )


def _row(alert: Alert) -> tuple[str, ...]:
    finding = alert.finding
    return (
        alert.label,
        finding.kind.value,
        finding.about,
        f"since {finding.local(finding.since):%Y-%m-%d %H:%M}",
        _told(alert),
    )


def _told(alert: Alert) -> str:
    """Return who was told and when, who took it on, and whether it is there just now."""
    local = alert.finding.local
    by_channel: dict[str, list[Told]] = {}
    for one in alert.said:
        by_channel.setdefault(one.channel, []).append(one)
    told = [_told_in(channel, said, alert) for channel, said in by_channel.items()]
    parts = [", ".join(told) or "nobody is told yet"]
    if alert.acked:
        parts.append(f"taken on by {alert.acked_by} {local(alert.acked):%m-%d %H:%M}")
    if alert.gone and alert.recovered is None:
        parts.append(f"gone since {local(alert.gone):%H:%M}")
    return "; ".join(parts)


def _told_in(channel: str, said: Sequence[Told], alert: Alert) -> str:
    whats = {What.OPENING: "", What.REPEAT: "again ", What.RECOVERY: "recovery "}
    last = {one.what: one for one in said}  # of repeats the last
    parts = [
        f"{whats[what]}{alert.finding.local(one.delivered):%m-%d %H:%M}"
        if one.delivered
        else f"{whats[what]}on its way"
        for what, one in last.items()
    ]
    return f"{channel} {', '.join(parts)}"


def _details(alert: Alert) -> Iterable[str]:
    """Return what is wrong, of which shops, and what to do, each in a line."""
    finding = alert.finding
    lines = [finding.facts.get("what", "")]
    for unit in finding.units[:SHOPS_NAMED]:
        shop = "" if unit.shop_id == NO_SHOP else f"{unit.shop_id} {unit.shop_name}: "
        lines.append(f"{shop}{' — '.join(filter(None, (unit.reason, unit.remedy)))}")
    if more := len(finding.units) - SHOPS_NAMED:
        lines.append(f"and {more} more (`{MANAGER} alerts --json` has all)" if more > 0 else "")
    if remedy := finding.facts.get("remedy"):
        lines.append(f"to do: {remedy}")
    return [f"      {cut(line, LINE_CELLS)}" for line in lines if line]


def _muted_row(muted: Muted, registry: Registry) -> tuple[str, ...]:
    mute = muted.mute
    job, shop = registry.jobs.get(mute.job), registry.shops.get(mute.shop or "")
    names = [mute.job, job.name if job else "", mute.shop or "", shop.name if shop else ""]
    by = f" ({mute.by})" if mute.by else f" ({ALERTS_FILE})" if muted.in_file else ""
    return (
        " ".join(filter(None, names)),
        f"until {mute.until}, {days_left(muted)}",
        f"{mute.reason}{by}{_wrong_under(muted)}",
    )


def days_left(muted: Muted) -> str:
    """Return for how long a mute goes on, as people say it."""
    return "the last day" if muted.days_left == 1 else f"{muted.days_left} days left"


def _wrong_under(muted: Muted) -> str:
    wrong = [f"{alert.finding.kind} {alert.finding.period_key}" for alert in muted.alerts]
    return f"; wrong: {', '.join(map(str.strip, wrong))}" if wrong else ""


def _past_row(alert: Alert) -> tuple[str, ...]:
    finding, ended = alert.finding, alert.recovered and (alert.gone or alert.recovered)
    began = finding.local(finding.since)
    until = f"to {finding.local(ended):%Y-%m-%d %H:%M}" if ended else "is open"
    return (
        alert.label,
        finding.kind.value,
        finding.about,
        f"{began:%Y-%m-%d %H:%M} {until}",
        _told(alert),
    )


def _answer(health: Health) -> str:
    return " ".join(filter(None, (health.code, health.answer)))


def _clock(moment: datetime | None, now: datetime) -> str:
    """Return a moment on this machine's clock, with the day where it is not today."""
    if moment is None:
        return ""
    return Language.moment(moment.astimezone(), now.astimezone())


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number or 'no'} {word}s"
