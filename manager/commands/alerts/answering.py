"""`alerts ack`, `alerts mute`, `alerts unmute`: what people say to alerts."""

import re
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from zoneinfo import ZoneInfo

from include.alerts.answers import Answers, Mutes, check_reason, check_until, in_words, job_and_shop
from include.alerts.configuration import load_usable
from include.alerts.overview import Muted, alert_as_dict, muted_as_dict
from include.alerts.records import Alert
from include.errors import ConfigurationError
from include.language import N_, _
from include.registry import load_registry
from include.registry.alerts import ALERTS_FILE, AlertConfiguration, Mute
from manager.alert_store import alert_store
from manager.commands.alerts.listing import days_left
from manager.journal import note, user_name
from manager.layout import Layout
from manager.lookup import check_names, day_of
from manager.table import print_json

NUMBER = re.compile(r"#?A?([0-9]{1,9})", re.ASCII | re.IGNORECASE)


def ack(layout: Layout, arguments: Namespace) -> int:
    """Note that somebody has taken an alert on.

    Raises:
        ConfigurationError: there is no such open alert.
        ExpectedError: the service was never started, or what is kept cannot be written.
    """
    found = NUMBER.fullmatch(arguments.number)
    number = int(found[1]) if found else 0
    with alert_store(layout) as store:
        before = {alert.number: alert for alert in store.alerts() if alert.is_open}
        known, answers = before.get(number), Answers(store, partial(note, layout))
        if known is None or not answers.acknowledge(known, user_name(), datetime.now(timezone.utc)):
            raise ConfigurationError(_no_such_alert(arguments.number, before))
        (alert,) = (one for one in store.alerts() if one.number == number)
    if arguments.json:
        print_json(alert_as_dict(alert))
        return 0
    text = N_("{alert} is taken on by {by}")
    if known.acked:
        text = N_("{alert} is taken on by {by}, before by {earlier}")
    print(_(text, alert=in_words(alert), by=alert.acked_by, earlier=known.acked_by))
    print(_("it is neither repeated nor escalated any more; when it is over, that is said"))
    return 0


def mute(layout: Layout, arguments: Namespace) -> int:
    """Keep a job, or one shop of it, from being told of until a day.

    Raises:
        ConfigurationError: unknown job or shop, no reason, or no day of the next 31.
        ExpectedError: the service was never started, or what is kept cannot be written.
    """
    job, shop = arguments.job, arguments.shop
    check_names(load_registry(layout.root), job, shop)
    now, configuration = datetime.now(timezone.utc), load_usable(layout.root, layout.var)
    today = now.astimezone(ZoneInfo(configuration.general.timezone)).date()
    made = Mute(
        job=job,
        shop=shop,
        until=check_until(day_of("--until", arguments.until), today).isoformat(),
        reason=check_reason(arguments.reason),
        by=user_name(),
    )
    with alert_store(layout) as store:
        Answers(store, partial(note, layout)).mute(made, now)
        mutes = Mutes(configuration, store.mutes(now), now)
    muted = Muted(made, mutes.days_left(made), in_file=False)
    if arguments.json:
        print_json(muted_as_dict(muted))
        return 0
    text = N_("muted until {day}, {left}: {what}")
    print(_(text, day=made.until, left=days_left(muted), what=job_and_shop(job, shop)))
    print(_("the page Coverage and the daily digest go on showing it"))
    return 0


def unmute(layout: Layout, arguments: Namespace) -> int:
    """Allow the alerts of a job, or of one shop of it, again.

    Raises:
        ConfigurationError: it is not muted, or config/alerts.yaml says so.
        ExpectedError: the service was never started, or what is kept cannot be written.
    """
    job, shop = arguments.job, arguments.shop
    with alert_store(layout) as store:
        now = datetime.now(timezone.utc)
        if not Answers(store, partial(note, layout)).unmute(job, shop, now):
            # Afterwards: what is muted may have been taken out of the registry since.
            check_names(load_registry(layout.root), job, shop)
            configuration = load_usable(layout.root, layout.var)
            mutes = Mutes(configuration, store.mutes(now), now)
            raise ConfigurationError(_not_muted(job, shop, mutes, configuration))
    if arguments.json:
        print_json({"unmuted": {"job": job, "shop": shop}})
    else:
        print(_("no longer muted: {what}", what=job_and_shop(job, shop)))
    return 0


def _no_such_alert(asked: str, known: Mapping[int, Alert]) -> str:
    if not known:
        return _("there is no open alert {asked!r}: none is open", asked=asked)
    labels = [alert.label.removeprefix("#") for alert in known.values()]
    return _("there is no open alert {asked!r}: open are {labels}", asked=asked, labels=labels)


def _not_muted(job: str, shop: str | None, mutes: Mutes, configuration: AlertConfiguration) -> str:
    if any((one.job, one.shop) == (job, shop) for one in configuration.mutes):
        text = N_("{what} is muted in {file}: take it out there")
        return _(text, what=job_and_shop(job, shop), file=ALERTS_FILE)
    others = [job_and_shop(one.job, one.shop) for one in mutes.active]
    text = N_("{what} is not muted: muted are {others}")
    if not others:
        text = N_("{what} is not muted: nothing is")
    return _(text, what=job_and_shop(job, shop), others=others)
