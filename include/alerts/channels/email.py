"""Sends an e-mail."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiosmtplib
import anyio

from include.alerts.channels.posting import BROKEN, UNREACHED, UnansweredError, reason
from include.alerts.channels.remedies import advice, one_line
from include.alerts.messages import Receipt
from include.gateways.network import certificates
from include.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message

TLS_PORT, STARTTLS_PORT = 465, 587
# Ports on which a server speaks in the clear until it is asked for TLS.
UPGRADED = (25, STARTTLS_PORT, 2525)
SECONDS_TO_LEAVE = 2
PERMANENT = 500  # from here on, what a server answers stays so


class Server(NamedTuple):
    """A mail server as its connection says, in the fields of Airflow's type SMTP."""

    host: str  # its name
    port: int  # of TLS unless `start_tls`
    start_tls: bool  # whether TLS is asked for once connected; it is refused to go on without
    # Whether nothing is encrypted at all, which both flags of the connection must ask for
    plain: bool
    login: str  # who logs in; empty for nobody
    password: str  # theirs
    sender: str  # whom the messages are from


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message to all recipients at once.

    Raises:
        UnansweredError: the server did not answer, or not as one to trust.
        ConfigurationError: the connection, or this machine's network, is set up wrong.
    """
    server = server_of(credentials)
    if not channel.to:
        raise credentials.problem(
            _("channel {id} has nobody in `to` of config/alerts.yaml", id=channel.id)
        )
    begun = anyio.Event()
    try:
        with anyio.fail_after(patience):
            refused = await _sent(server, channel.to, message, patience, begun)
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        said = _("no answer from {host} in {patience:g} s", host=server.host, patience=patience)
        raise UnansweredError("timeout" if begun.is_set() else UNREACHED, said) from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        later = (one for one in error.recipients if one.code < PERMANENT)
        return _refusal(channel, credentials, next(later, error.recipients[0]))
    except aiosmtplib.SMTPResponseException as error:
        return _refusal(channel, credentials, error)
    except aiosmtplib.SMTPNotSupported:
        return advice(
            channel, credentials.id, "starttls", _("{host} offers no encryption", host=server.host)
        )
    except (OSError, aiosmtplib.SMTPException) as error:
        raise _unanswered(server, error, begun=begun.is_set()) from None
    except ValueError as error:  # an address that no envelope can have
        raise credentials.problem(one_line(str(error))) from None
    if refused:
        answer = credentials.masked(", ".join(f"{who}: {what}" for who, what in refused.items()))
        return replace(advice(channel, credentials.id, "recipients", answer), delivered=True)
    return Receipt(delivered=True, code="SMTP 250", answer="ok")


def server_of(credentials: Credentials) -> Server:
    """Read a mail server's connection.

    Raises:
        ConfigurationError: it names no host or no sender.
    """
    try:
        place = urlsplit(f"//{credentials.text('host').rpartition('://')[2]}")
        host, port = place.hostname, int(credentials.fields.values.get("port") or place.port or 0)
    except (TypeError, ValueError):
        raise credentials.problem(
            _("host and port are not such as smtp.example.com and 465")
        ) from None
    if not host:
        raise credentials.problem(
            _("host is missing: it holds the mail server, as smtp.example.com")
        )
    login = credentials.text("login")
    sender = credentials.text("extra.from_email") or (login if "@" in login else "")
    if not sender:
        raise credentials.problem(_("extra.from_email is missing: it holds the sender's address"))
    in_the_clear = credentials.flag("disable_ssl") or port in UPGRADED
    plain = in_the_clear and credentials.flag("disable_tls")
    usual = STARTTLS_PORT if in_the_clear else TLS_PORT
    password = credentials.text("password")
    return Server(host, port or usual, in_the_clear and not plain, plain, login, password, sender)


async def _sent(
    server: Server, to: Sequence[str], message: Message, patience: float, begun: anyio.Event
) -> dict[str, Any]:
    """Send it; return what the server said about each recipient that it refused.

    From `begun` on, the server may have the message.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.login or None,
        password=server.password or None,
        use_tls=not (server.start_tls or server.plain),
        start_tls=server.start_tls,
        tls_context=None if server.plain else certificates(None),
        timeout=patience,
    )
    try:
        await client.connect()
        begun.set()
        refused, _ = await client.send_message(
            _mail(server, to, message), sender=server.sender, recipients=list(to)
        )
        # It has been taken: how the server says goodbye changes nothing.
        with anyio.move_on_after(SECONDS_TO_LEAVE), suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
    finally:
        client.close()
    return refused


def _mail(server: Server, to: Sequence[str], message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = message.headline()
    mail["From"] = server.sender
    mail["To"] = ", ".join(to)
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2] or None)
    mail["Auto-Submitted"] = "auto-generated"  # so that no absence note answers
    mail.set_content("\n".join(message.text_lines() or [message.headline()]) + "\n")
    return mail


def _refusal(
    channel: Channel, credentials: Credentials, error: aiosmtplib.SMTPResponseException
) -> Receipt:
    said = credentials.masked(str(error.message))
    return advice(channel, credentials.id, f"SMTP {error.code}", said)


def _unanswered(server: Server, error: Exception, *, begun: bool) -> UnansweredError:
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        said = _(
            "the certificate of {host}: {verify_message}",
            host=server.host,
            verify_message=cause.verify_message,
        )
        return UnansweredError("certificate", said)
    if isinstance(cause, ssl.SSLError):
        said = _(
            "{host} does not speak TLS on port {port}: {reason}",
            host=server.host,
            port=server.port,
            reason=cause.reason,
        )
        return UnansweredError("starttls", said)
    if begun:
        said = _(
            "the connection to {host} broke: {name}", host=server.host, name=type(cause).__name__
        )
        return UnansweredError(BROKEN, said)
    said = _(
        "{host}:{port} cannot be reached: {cause}",
        host=server.host,
        port=server.port,
        cause=reason(cause),
    )
    return UnansweredError(UNREACHED, said)
