"""`connect`: ask for what a connection holds, keep it encrypted, and try it at once.

Answers are typed, or come line by line on standard input; none stands on a command line. It works
with the service up or down, so that credentials are proved before any job runs with them.
"""

import json
import logging
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, NamedTuple

from include.errors import ConfigurationError, ExpectedError
from include.gateways.connection import TOKEN_FIELDS, is_address
from include.language import N_, _
from include.platforms.feed.dialect import AUTHS
from include.registry.checks import Checked, check_project
from include.registry.platforms import ANY_HOST, PLATFORMS, host_of
from include.secrets.masking import Masker
from include.secrets.values import secrets_in, variable_of
from include.text import suggestion
from manager import connections, prompts
from manager.commands.alerts import connecting
from manager.commands.alerts.connecting import AlertUse
from manager.doctor.findings import FAIL
from manager.doctor.gateways import finding_of
from manager.layout import Layout
from manager.lifecycle.preparing import prepared_environment
from manager.probing import FEED, answers_to, questions_of


class Use(NamedTuple):
    """What a connection is for.

    Attributes:
        platform: whose gateway, `feed`, or the kind of an alert channel.
        names: the shops, feeds or channels that name it.
        alerts: the channels, of which its name alone may speak; none for shops and feeds.
    """

    platform: str
    names: list[str]
    alerts: AlertUse | None = None


def connect(layout: Layout, arguments: Namespace) -> int:
    """Ask for the fields of a connection, write it, and say what the platform answers.

    Returns:
        0, or 1 when the platform refuses it.

    Raises:
        ConfigurationError: no shop, feed or channel names that connection; an answer is missing or
            invalid.
    """
    # What Airflow logs on the way, say of a short secret, would stand between the questions.
    logging.disable(logging.CRITICAL)
    conn_id, found = arguments.connection, check_project(layout.root)
    use = use_of(conn_id, found)
    connections.adopt(prepared_environment(layout))
    known = connections.stored(conn_id)
    if known and known.extra_dejson.get("sandbox") is True:
        known = None  # what the sandbox takes is no default of a platform's
    text = N_("connection {connection}, of {platform} ({names})")
    print(_(text, connection=conn_id, platform=use.platform, names=use.names))
    fields = _asked(conn_id, use, known)
    as_variable = {variable_of(conn_id): json.dumps(fields)}
    for question in questions_of(conn_id, found, as_variable):
        question.connection()  # raises what is invalid before it is written
    description = known.description if known else ""
    connections.store(conn_id, {**fields, "description": description})
    _check_read_back(conn_id, fields)
    text = N_("connection {connection} is kept in Airflow's database, its secrets encrypted")
    print(_(text, connection=conn_id))
    if use.alerts:
        return connecting.try_channels(layout, conn_id, use.alerts, found.alerts)
    return _ask_platform(conn_id, found, connections.script_variables([conn_id]))


def use_of(conn_id: str, found: Checked) -> Use:
    """Return what a connection is for, as config/shops.yaml, feeds.yaml and alerts.yaml say.

    Raises:
        ConfigurationError: none of them names it, and its name is of no channel either.
    """
    shops = [shop for shop in found.registry.shops.values() if shop.connection == conn_id]
    feeds = [feed for feed in found.feeds.by_id.values() if feed.connection == conn_id]
    if shops and shops[0].platform in PLATFORMS:
        return Use(shops[0].platform, [f"{shop.id} {shop.name}" for shop in shops])
    if feeds:
        return Use(FEED, [feed.id for feed in feeds])
    if alerts := connecting.alert_use_of(conn_id, found.alerts):
        names = [_("channel {channel}", channel=one.id) for one in alerts.channels]
        return Use(alerts.kind, [*names] or [_("alerts")], alerts)
    every = [shop.connection for shop in found.registry.shops.values()]
    every += [feed.connection for feed in found.feeds.by_id.values()]
    every += [channel.connection for channel in found.alerts.channels.values()]
    raise ConfigurationError(
        "connection {connection!r} is of no shop in config/shops.yaml, of no feed in "
        "config/feeds.yaml and of no channel in config/alerts.yaml: {suggestion} (a new one "
        "is named there first; one of your own scripts alone is made in the web UI under Admin "
        "> Connections)",
        connection=conn_id,
        suggestion=suggestion(conn_id, dict.fromkeys(every)),
    )


def _asked(conn_id: str, use: Use, known: Any) -> dict[str, Any]:
    if use.alerts:
        return connecting.asked(conn_id, use.platform, known)
    return _asked_feed(known) if use.platform == FEED else _asked_platform(use.platform, known)


def _asked_platform(platform: str, known: Any) -> dict[str, Any]:
    login, password = PLATFORMS[platform].keys
    host = _asked_address(host_of(platform), known.host if known else host_of(platform))
    extra = dict(known.extra_dejson) if known else {}
    fields = {
        "conn_type": "http",
        "host": host,
        "login": prompts.line(login, known.login if known else ""),
        "password": prompts.secret(password, known.password if known else ""),
    }
    before = {name: str(extra.get(name) or "") for name in TOKEN_FIELDS}
    extra["access_token"] = prompts.secret("access_token", before["access_token"])
    extra["refresh_token"] = prompts.secret("refresh_token", before["refresh_token"], optional=True)
    if extra["access_token"] != before["access_token"]:
        extra.pop("expires_at", None)
    return {**fields, "extra": {name: value for name, value in extra.items() if value != ""}}


def _asked_address(example: str, usual: str) -> str:
    """Ask where a gateway is; raises ConfigurationError before the secrets are asked for."""
    address = prompts.line(_("address"), usual)
    whole = address if "://" in address else f"https://{address}"
    # A name alone may be one of a local network, and far more often is no address at all.
    if not {".", ":"}.intersection(address) or not is_address(whole.rstrip("/")):
        # It is not shown: somebody may have put a password there.
        text = N_("that is not an address: write one like {example}, and nothing more")
        raise ConfigurationError(text, example=example)
    return address


def _asked_feed(known: Any) -> dict[str, Any]:
    extra = dict(known.extra_dejson) if known else {}
    host = _asked_address(ANY_HOST, known.host if known else "")
    label = _("how the token is sent ({ways})", ways=[*AUTHS])
    auth = prompts.line(label, str(extra.get("auth") or "bearer"))
    kept = {"auth": auth}
    if auth in ("header", "cookie"):
        label = _("name of the header") if auth == "header" else _("name of the cookie")
        kept[auth] = prompts.line(label, str(extra.get(auth) or ""))
    password = "" if auth == "none" else prompts.secret(_("token"), known.password if known else "")
    return {"conn_type": "http", "host": host, "login": "", "password": password, "extra": kept}


def _check_read_back(conn_id: str, fields: Mapping[str, Any]) -> None:
    """Raise when jobs would be handed another connection than the one that was written."""
    given = connections.stored(conn_id)
    if any((getattr(given, name) or "") != fields[name] for name in ("host", "login", "password")):
        variable = variable_of(conn_id)
        raise ConfigurationError(
            "connection {connection!r} was written, and jobs get another one: a variable "
            "{variable} or a secrets backend (AIRFLOW__SECRETS__…) of config/airflow.env or "
            "var/secrets.env wins over it; change it there",
            connection=conn_id,
            variable=variable,
        )


def _ask_platform(conn_id: str, found: Checked, variables: Mapping[str, str]) -> int:
    """Print what the platform says of it; nothing that it may repeat shows a secret."""
    masker = Masker(secrets_in(variables))
    questions = questions_of(conn_id, found, variables)
    findings = list(map(finding_of, answers_to(questions, variables["WAREHOUSE_URL"])))
    for finding in findings:
        print(masker.mask(str(finding)))
    if not findings:
        text = N_("not asked: no enabled job reads it; `{manager} doctor` asks later")
        print(_(text))
    if not any(finding.level == FAIL for finding in findings):
        return 0
    kept = _(prompts.KEPT)
    raise ExpectedError(connecting.NOT_TAKEN, connection=conn_id, kept=kept)
