"""What a person has to do about what a channel answered: one table for each kind of channel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.messages import Receipt
from include.language import N_, _, speaking
from include.text import printable, storable

if TYPE_CHECKING:
    from include.alerts.channels.settings import Channel

LONGEST_ANSWER = 300


class Remedy(NamedTuple):
    """What to do about a code."""

    code: str  # a regular expression for it
    text: str  # the remedy; `{connection}` stands for the connection's id
    word: str = ""  # a regular expression that the answer has, where the code alone is not enough
    # Whether another try may well succeed with nothing changed; the watchdog makes it
    temporary: bool = False


COPY_AGAIN = N_("copy the robot's webhook address again, into connection {connection}")
KEYWORD = N_(
    "write the keyword of the robot's security settings as the channel's keyword in "
    "config/alerts.yaml"
)
IP = N_(
    "add this machine's public IP to the list in the robot's security settings, or use a signature"
)
CLOCK = N_("this machine's clock is more than an hour off: set it right (timedatectl set-ntp true)")
ADD_AGAIN = N_(
    "the robot was removed or stopped: add one to the group again, and put its webhook address "
    "into connection {connection}"
)
BUSY = N_(
    "the platform is busy, which mostly passes; if it lasts, see what the platform announces, "
    "and check the network and proxies between"
)
TOO_LONG = N_("the message is too long, which is an error of this system: report it")

DINGTALK = (
    Remedy("310000", KEYWORD, word="keyword|关键词"),
    Remedy("310000", CLOCK, word="invalid timestamp|时间戳无效"),
    Remedy(
        "310000",
        N_(
            "the signature is not the robot's: copy the secret under its security settings (it "
            "begins with SEC) into connection {connection}, or remove it where the robot has "
            "none; if that is right, set this machine's clock right"
        ),
        word="sign|签名|timestamp|时间戳",
    ),
    Remedy("310000", IP, word=r"whitelist|白名单|\bip\b"),
    Remedy(
        "310000",
        N_(
            "the robot's security settings let it not pass: check keyword, secret, list of IPs "
            "and this machine's clock"
        ),
    ),
    Remedy("300001|300005|400101|40035", COPY_AGAIN),
    Remedy(
        "400013",
        N_(
            "the group was dissolved: add a robot to another one, and put its address into "
            "connection {connection}"
        ),
    ),
    Remedy("400102|400106", ADD_AGAIN),
    Remedy(
        "130101|410100",
        N_(
            "more than 20 messages in a minute, after which DingTalk takes none for about 10; if "
            "this is frequent, let no other program use the robot"
        ),
        temporary=True,
    ),
    Remedy(
        "430101|430102|430103|430104",
        N_(
            "DingTalk refuses a text or link in it: allow the web UI's address in DingTalk's "
            "administration, or use another channel"
        ),
    ),
    Remedy("460101", TOO_LONG),
    Remedy("unreadable", N_(
        "DingTalk limits the calls; if this is frequent, let no other program use the robot"
    ),
           word="punish", temporary=True),
    Remedy("-1", BUSY, temporary=True),
)  # fmt: skip
FEISHU = (
    Remedy(
        "19021",
        N_(
            "the signature is not the robot's, or this machine's clock is more than an hour off: "
            "copy the secret of its signature verification into connection {connection}, or "
            "remove it where the robot has none; then set the clock right"
        ),
    ),
    Remedy("19022", IP),
    Remedy("19024", KEYWORD),
    Remedy("19001|19002", ADD_AGAIN),
    Remedy(
        "11232|9499",
        N_(
            "more than 100 messages in a minute, or 5 in a second; if this is frequent, let no "
            "other program use the robot"
        ),
        word="frequency|limit|too (fast|many)|频率",
        temporary=True,
    ),
    Remedy(
        "11232", N_(
            "Feishu limits the calls; if this is frequent, let no other program use the robot"
        ),
        temporary=True,
    ),
    Remedy("9499", TOO_LONG),
)  # fmt: skip
WECOM = (
    Remedy("93000|93004|93008", ADD_AGAIN),
    Remedy(
        "45009|45033",
        N_(
            "more than 20 messages in a minute; if this is frequent, let no other program use "
            "the robot"
        ),
        temporary=True,
    ),
    Remedy("40058|45002", TOO_LONG),
    Remedy("-1", BUSY, temporary=True),
)
EMAIL = (
    Remedy(
        "SMTP 4..",
        N_("the mail server asks to come back later (greylisting, a limit, a passing fault)"),
        temporary=True,
    ),
    Remedy(
        "SMTP 530|SMTP 534|SMTP 535|SMTP 538",
        N_(
            "the login was refused: check Login and Password of connection {connection}; QQ, 163 "
            "and others want the authorisation code that their web page makes, not the mailbox's "
            "password"
        ),
    ),
    Remedy(
        "SMTP 550|SMTP 551|SMTP 553|SMTP 556",
        N_('the recipient was refused: check "to" of the channel in config/alerts.yaml'),
        word="recipient|user|mailbox|account|rcpt|收件",
    ),
    Remedy(
        "SMTP 5..",
        N_(
            "the mail server refused it: the sender (from_email of connection {connection}, else "
            "its Login) must be the mailbox that logs in, with sending by clients allowed"
        ),
    ),
    Remedy(
        "starttls",
        N_(
            "the mail server has no such encryption on this port: try 465 and then 587 as Port "
            "of connection {connection}; only for a server of your own network that has none "
            "tick Disable SSL and Disable TLS"
        ),
    ),
    Remedy(
        "certificate",
        N_(
            "the mail server's certificate is not one to trust: Host of connection {connection} "
            "must be the name in it; for one of your own, name the file of its root in "
            "SSL_CERT_FILE"
        ),
    ),
    Remedy(
        "configuration",
        N_(
            "connection {connection} is filled in wrong: Host is the mail server, Port 465, Login "
            'the mailbox, Password its authorisation code; the recipients stand in "to" of the '
            "channel"
        ),
    ),
    Remedy(
        "recipients",
        N_('all others have it: check "to" of the channel in config/alerts.yaml'),
    ),
)
ANY = (
    Remedy(
        "unreached|timeout|broken",
        N_(
            "this machine does not reach it: check network, proxy and firewall, and the address "
            "in connection {connection}"
        ),
        temporary=True,
    ),
    Remedy(
        "certificate",
        N_(
            "its certificate is not one to trust: check the address in connection {connection}; "
            "where the company's network replaces certificates, name the file of its root in "
            "SSL_CERT_FILE"
        ),
    ),
    Remedy(
        "configuration",
        N_(
            "connection {connection} is filled in wrong: it wants the whole webhook address, and "
            "the secret that signs, where there is one"
        ),
    ),
    Remedy(
        "unreadable",
        N_(
            "that is not an answer of the platform's: check the address in connection "
            "{connection}, and what stands between"
        ),
        temporary=True,
    ),
    Remedy(
        "HTTP 401|HTTP 403|HTTP 407",
        N_("it does not let us in: check address, login and password in connection {connection}"),
    ),
    Remedy("HTTP 3..|HTTP 404|HTTP 405|HTTP 410", COPY_AGAIN),
    Remedy("HTTP 413", TOO_LONG),
    Remedy("HTTP 408|HTTP 425|HTTP 429|HTTP 5..", BUSY, temporary=True),
    Remedy(
        ".*",
        N_(
            "look the code up in the platform's documentation; is the robot still in the group, "
            "and is it its address that connection {connection} holds?"
        ),
    ),
)
OF_KIND: dict[str, tuple[Remedy, ...]] = {
    "dingtalk": DINGTALK,
    "feishu": FEISHU,
    "lark": FEISHU,
    "wecom": WECOM,
    "email": EMAIL,
    "webhook": (),
}


def one_line(text: str) -> str:
    """Return what came from outside as a receipt shows it."""
    line = printable(storable(" ".join(text.split())))
    return line if len(line) <= LONGEST_ANSWER else f"{line[:LONGEST_ANSWER]}…"


def remedy_for(kind: str, code: str, answer: str) -> Remedy:
    """Return the first remedy of a kind, or of all kinds, that a code and an answer call for."""
    return next(
        one
        for one in (*OF_KIND[kind], *ANY)
        if re.fullmatch(one.code, code) and re.search(one.word, answer, re.IGNORECASE)
    )


def advice(channel: Channel, connection: str, code: str, answer: str) -> Receipt:
    """Return the receipt of a message that was not delivered.

    Args:
        channel: its settings.
        connection: its connection's id.
        code: the channel's, or what went wrong in a word.
        answer: what the channel said, without secrets.
    """
    answer = one_line(answer) or code
    found = remedy_for(channel.kind, code, answer)
    with speaking(channel.language):
        remedy = _(found.text, connection=connection)
    return Receipt(False, code, answer, remedy, found.temporary)  # noqa: FBT003 - as it is named
