"""`alerts`, `alerts history`: what is wrong, since when, and who was told."""

from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from include.alerts.catalogue import Language, kind_in_words
from include.alerts.configuration import load_usable
from include.alerts.overview import Muted, Overview, alert_as_dict, overview, overview_as_dict
from include.alerts.records import Alert, Told, What
from include.language import N_, _, clauses, language
from include.registry import Registry, load_registry
from include.registry.alerts import ALERTS_FILE, AlertConfiguration
from include.units.unit import NO_SHOP
from manager.alert_store import alert_store
from manager.layout import Layout
from manager.lookup import check_names, first_moment, since_of
from manager.table import cut, lined_up, print_json

NOTHING, SOMETHING = 0, 1
DAYS = 30
SHOPS_NAMED = 8
LINE_CELLS = 110
NO_CHANNEL = N_(
    "no channel is configured in {file}, so nobody is told: docs/alerts.md says how "
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
    text = N_("{alerts} of {job} since {since}") if job else N_("{alerts} since {since}")
    print(_(text, alerts=_counted(len(of_job)), job=job, since=since))
    print("\n".join(lined_up([_past_row(alert) for alert in of_job])))
    return 0


def _lines(found: Overview, configuration: AlertConfiguration, registry: Registry) -> Iterable[str]:
    opened = len(found.alerts)
    text = N_("{alerts} is open") if opened == 1 else N_("{alerts} are open")
    yield _(text, alerts=_counted(opened))
    heads = lined_up([_row(alert) for alert in found.alerts])
    for head, alert in zip(heads, found.alerts, strict=True):
        yield head
        yield from _details(alert)
    if found.muted:
        yield _("{count} muted", count=len(found.muted))
        yield from lined_up([_muted_row(muted, registry) for muted in found.muted])
    for health in found.failing:
        since = _clock(health.failing_since, found.now)
        answer = " ".join(filter(None, (health.code, health.answer)))
        text = N_("channel {channel} has taken no message since {since}: {answer}")
        yield _(text, channel=health.channel, since=since, answer=answer)
        if health.remedy:
            yield f"  {health.remedy}"
    yield from map(str, configuration.problems)
    if configuration.problems and configuration.channels:
        text = N_("{file} is broken: channels in it go on as they were before")
        yield _(text, file=ALERTS_FILE)
    elif not configuration.channels and not configuration.problems:
        yield _(NO_CHANNEL, file=ALERTS_FILE)
    if not found.is_watched:
        yield _unwatched(found)


def _unwatched(found: Overview) -> str:
    if found.last_round is None:
        text = N_("nobody has looked yet: the watchdog does, which `{manager} start` starts")
        return _(text)
    return _(
        "the watchdog has not looked for {ago}, so this may be out of date: see `{manager} status`",
        ago=Language(language()).span(found.now - found.last_round),
    )


def _row(alert: Alert) -> tuple[str, ...]:
    finding = alert.finding
    return (
        alert.label,
        kind_in_words(finding.kind),
        finding.about,
        _("since {moment:%Y-%m-%d %H:%M}", moment=finding.local(finding.since)),
        _told(alert),
    )


def _told(alert: Alert) -> str:
    """Return who was told and when, who took it on, and whether it is there just now."""
    local = alert.finding.local
    by_channel: dict[str, list[Told]] = {}
    for one in alert.said:
        by_channel.setdefault(one.channel, []).append(one)
    told = [_told_in(channel, said, alert) for channel, said in by_channel.items()]
    parts = [_(", ").join(told) or _("nobody is told yet")]
    if alert.acked:
        text = N_("taken on by {by} {moment:%m-%d %H:%M}")
        parts.append(_(text, by=alert.acked_by, moment=local(alert.acked)))
    if alert.gone and alert.recovered is None:
        parts.append(_("gone since {moment:%H:%M}", moment=local(alert.gone)))
    return clauses(*parts)


def _told_in(channel: str, said: Sequence[Told], alert: Alert) -> str:
    whats = {
        What.OPENING: "{when}",
        What.REPEAT: N_("again {when}"),
        What.RECOVERY: N_("recovery {when}"),
    }
    parts = []
    for what, one in {one.what: one for one in said}.items():  # of repeats the last
        when: str = _("on its way")
        if one.delivered:
            when = f"{alert.finding.local(one.delivered):%m-%d %H:%M}"
        parts.append(_(whats[what], when=when))
    return _("{channel} {times}", channel=channel, times=parts)


def _details(alert: Alert) -> Iterable[str]:
    """Return what is wrong, of which shops, and what to do, each in a line."""
    finding = alert.finding
    lines = [finding.facts.get("what", "")]
    for unit in finding.units[:SHOPS_NAMED]:
        shop = "" if unit.shop_id == NO_SHOP else f"{unit.shop_id} {unit.shop_name}" + ": "
        lines.append(shop + " — ".join(filter(None, (unit.reason, unit.remedy))))
    if more := len(finding.units) - SHOPS_NAMED:
        text = N_("and {more} more (`{manager} alerts --json` has all)")
        lines.append(_(text, more=more) if more > 0 else "")
    if remedy := finding.facts.get("remedy"):
        lines.append(_("to do: {remedy}", remedy=remedy))
    return [f"      {cut(line, LINE_CELLS)}" for line in lines if line]


def _muted_row(muted: Muted, registry: Registry) -> tuple[str, ...]:
    mute = muted.mute
    job, shop = registry.jobs.get(mute.job), registry.shops.get(mute.shop or "")
    names = [mute.job, job.name if job else "", mute.shop or "", shop.name if shop else ""]
    by = mute.by or (ALERTS_FILE if muted.in_file else "")
    reason = _("{reason} ({by})", reason=mute.reason, by=by) if by else mute.reason
    return (
        " ".join(filter(None, names)),
        _("until {day}, {left}", day=mute.until, left=days_left(muted)),
        clauses(reason, _wrong_under(muted)),
    )


def days_left(muted: Muted) -> str:
    """Return for how long a mute goes on, as people say it."""
    text = N_("the last day") if muted.days_left == 1 else N_("{days} days left")
    return _(text, days=muted.days_left)


def _wrong_under(muted: Muted) -> str:
    found = [one.finding for one in muted.alerts]
    wrong = [f"{kind_in_words(one.kind)} {one.period_key}".strip() for one in found]
    return _("wrong: {alerts}", alerts=wrong) if wrong else ""


def _past_row(alert: Alert) -> tuple[str, ...]:
    finding, ended = alert.finding, alert.recovered and (alert.gone or alert.recovered)
    began = finding.local(finding.since)
    if ended:
        text = N_("{began:%Y-%m-%d %H:%M} to {ended:%Y-%m-%d %H:%M}")
        when = _(text, began=began, ended=finding.local(ended))
    else:
        when = _("{began:%Y-%m-%d %H:%M} is open", began=began)
    return (
        alert.label,
        kind_in_words(finding.kind),
        finding.about,
        when,
        _told(alert),
    )


def _clock(moment: datetime | None, now: datetime) -> str:
    """Return a moment on this machine's clock, with the day where it is not today."""
    if moment is None:
        return ""
    return Language.moment(moment.astimezone(), now.astimezone())


def _counted(number: int) -> str:
    if number == 1:
        return _("1 alert")
    return _("{number} alerts", number=number) if number else _("no alerts")
