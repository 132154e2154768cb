"""The connections of alert channels, for `connect`: what each kind holds, and a message to try it.

What an address of a robot ends with is all that it takes to write into the group. So address and
secret are kept where Airflow encrypts: as password and extra.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from include.alerts.channels import Credentials
from include.alerts.channels.email import STARTTLS_PORT, TLS_PORT, server_of
from include.alerts.channels.robots import PLATFORMS, Robot, robot_of
from include.alerts.channels.webhook import address_of, check_address
from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _
from include.registry.alerts import ALERTS_FILE, CHANNEL_KINDS, AlertConfiguration, Channel
from include.secrets.values import variable_of
from manager import prompts
from manager.commands.alerts.testing import receipt_lines, tried
from manager.layout import Layout

NOT_TAKEN = N_(
    "connection {connection} is stored as filled in, in place of what it held before, and the line "
    "above says why that does not work: repair it with `{manager} connect {connection}` again "
    "({kept})"
)
EMAIL, WEBHOOK, HEARTBEAT = "email", "webhook", "heartbeat"
# What the names of connections say of channels that are in no file yet.
NAMED = {**{kind: kind for kind in CHANNEL_KINDS}, "smtp": EMAIL, "mail": EMAIL}
NAMED[HEARTBEAT] = HEARTBEAT
BEARER, BASIC, HEADER = "bearer", "basic", "header"
SENT_AS = (BEARER, BASIC, HEADER)
SECRETS = {
    "dingtalk": N_("secret that begins with SEC"),
    "feishu": N_("secret of the signature verification"),
    "lark": N_("secret of the signature verification"),
}
HIGHEST_PORT = 65_535


class AlertUse(NamedTuple):
    """What a connection is for.

    Attributes:
        kind: of the channels, or `heartbeat`.
        channels: those of config/alerts.yaml that name it; none yet where only its name says so.
    """

    kind: str
    channels: Sequence[Channel]


def alert_use_of(conn_id: str, configuration: AlertConfiguration) -> AlertUse | None:
    """Return what a connection is for, as config/alerts.yaml says, or its name; else None."""
    channels = [one for one in configuration.channels.values() if one.connection == conn_id]
    if channels:
        return AlertUse(channels[0].kind, channels)
    heartbeat = configuration.heartbeat
    if heartbeat and heartbeat.connection == conn_id:
        return AlertUse(HEARTBEAT, [])
    words = re.split(r"[_.-]", conn_id.lower())
    kinds = [NAMED[word] for word in words if word in NAMED]
    return AlertUse(kinds[0], []) if kinds else None


def asked(conn_id: str, kind: str, known: Any) -> dict[str, Any]:
    """Ask for what the connection of a kind holds.

    Args:
        conn_id: the connection.
        kind: of the channel.
        known: the connection as Airflow has it; None where it has none.

    Returns:
        its fields, as `connections.store` takes them.

    Raises:
        ConfigurationError: an answer is missing or invalid.
    """
    given = ASKED.get(kind, _asked_robot)(conn_id, kind, known)
    fields = {"conn_type": "http", "host": "", "login": "", "password": "", "port": None, **given}
    fields["extra"] = {name: value for name, value in given["extra"].items() if value != ""}
    check(kind, _credentials(conn_id, json.dumps(fields)))
    return fields


def check(kind: str, credentials: Credentials) -> None:
    """Refuse a connection with which nothing can be sent.

    Raises:
        ConfigurationError: says what is wrong with it.
    """
    if kind in PLATFORMS:
        robot_of(kind, credentials)
    elif kind == EMAIL:
        server_of(credentials)
    elif kind == WEBHOOK:
        address_of(credentials)
    else:
        check_address(credentials.text("host"), credentials.id)


def try_channels(
    layout: Layout, conn_id: str, use: AlertUse, configuration: AlertConfiguration
) -> int:
    """Send a message by the channels that a connection is for, and print what they answer.

    Returns:
        0: each has taken it, or there is none to try.

    Raises:
        ConfigurationError: none can be found in a file that is broken.
        ExpectedError: one did not take it.
    """
    if use.kind == HEARTBEAT:
        text = N_(
            "it is called when the watchdog has looked next, and all that it watches could be"
        )
        print(_(text))
        return 0
    chosen = list(use.channels)
    if not chosen and configuration.problems:
        problems = "\n".join(map(str, configuration.problems))
        raise ConfigurationError("its channel cannot be read:\n{problems}", problems=problems)
    if not chosen:
        to = ", to: [boss@example.com]" if use.kind == EMAIL else ""
        entry = f"- {{id: ops, kind: {use.kind}, connection: {conn_id}{to}}}"
        text = N_("no channel has it yet: write one into {file}, as in\n  channels:\n    {entry}")
        print(_(text, file=ALERTS_FILE, entry=entry))
        if use.kind == EMAIL:  # to nobody
            print(_("then `{manager} alerts test` sends a message"))
            return 0
        chosen = [Channel(id="ops", kind=use.kind, connection=conn_id)]
    receipts = tried(layout, chosen, configuration, f"connect {conn_id}")
    for channel in chosen:
        print("\n".join(receipt_lines(channel, receipts[channel.id])))
    if all(receipt.delivered for receipt in receipts.values()):
        return 0
    kept = _(prompts.KEPT)
    raise ExpectedError(NOT_TAKEN, connection=conn_id, kept=kept)


def _asked_robot(conn_id: str, kind: str, known: Any) -> dict[str, Any]:
    robot = Robot("", "", "")
    if known:
        with suppress(ConfigurationError):  # what is of no use is no default
            robot = robot_of(kind, _credentials(conn_id, known.as_json()))
    address = prompts.secret(_("address of the robot's webhook"), robot.url)
    secret = ""
    if kind in SECRETS:
        secret = prompts.secret(_(SECRETS[kind]), robot.secret, optional=True, removable=True)
    return {"password": address, "extra": {"secret": secret}}


def _asked_email(_conn_id: str, _kind: str, known: Any) -> dict[str, Any]:
    extra = dict(known.extra_dejson) if known else {}
    host = prompts.line(_("mail server"), (known and known.host) or "")
    usual = str((known and known.port) or TLS_PORT)
    text = N_("port ({tls}, or {starttls} for STARTTLS)")
    port = prompts.line(_(text, tls=TLS_PORT, starttls=STARTTLS_PORT), usual)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
        raise ConfigurationError(
            "port {port!r} is none: it is a number such as {usual}", port=port, usual=TLS_PORT
        )
    login = prompts.line(_("login, the mailbox"), (known and known.login) or "", optional=True)
    password = ""
    if login:
        label = _("password, or the authorisation code of the mailbox")
        password = prompts.secret(label, (known and known.password) or "")
    sender = prompts.line(_("sender"), str(extra.get("from_email") or login))
    extra["from_email"] = "" if sender == login else sender
    return {
        "conn_type": "smtp",
        "host": host,
        "port": int(port),
        "login": login,
        "password": password,
        "extra": extra,
    }


def _asked_webhook(conn_id: str, _kind: str, known: Any) -> dict[str, Any]:
    address, token, login, header = "", "", "", ""
    if known:
        login, header = known.login or "", str(known.extra_dejson.get("header") or "")
        with suppress(ConfigurationError):
            address = address_of(_credentials(conn_id, known.as_json()))[0]
        token = known.password if known.host and known.password else ""
    address = prompts.secret(_("address"), address)
    token = prompts.secret(_("token or password"), token, optional=True, removable=True)
    if not token:  # the address alone lets in whoever has it
        return {"password": address, "extra": {}}
    usual = BASIC if login else HEADER if header else BEARER
    how = prompts.line(_("how it is sent ({ways})", ways=SENT_AS), usual)
    if how not in SENT_AS:
        text = N_("{how!r} is no way to send it: write one of {ways}")
        raise ConfigurationError(text, how=how, ways=SENT_AS)
    return {
        "host": address,
        "password": token,
        "login": prompts.line(_("login"), login) if how == BASIC else "",
        "extra": {"header": prompts.line(_("name of the header"), header) if how == HEADER else ""},
    }


def _asked_heartbeat(_conn_id: str, _kind: str, known: Any) -> dict[str, Any]:
    return {"host": prompts.secret(_("address to call"), (known and known.host) or ""), "extra": {}}


ASKED: Mapping[str, Callable[[str, str, Any], dict[str, Any]]] = {
    EMAIL: _asked_email,
    WEBHOOK: _asked_webhook,
    HEARTBEAT: _asked_heartbeat,
}


def _credentials(conn_id: str, text: str) -> Credentials:
    return Credentials.from_env(conn_id, {variable_of(conn_id): text})
