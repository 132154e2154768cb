"""A real mail server on loopback, with TLS, STARTTLS and AUTH, that can refuse."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

HOST = "127.0.0.1"
LOGIN, PASSWORD = "ops@example.com", "authorisation-code-1"


class Certificate(NamedTuple):
    """A server's, with its key, and that of who vouches for it, in PEM."""

    file: Path
    authority: Path


def make_certificate(folder: Path, name: str = HOST) -> Certificate:
    """Make an authority and a certificate of a server's address or name."""
    own, root = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of tests")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)

    def builder(whose: x509.Name, key: Any) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(whose).issuer_name(issuer)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))

    authority = builder(issuer, root).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    known = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    server = builder(subject, own).add_extension(
        x509.SubjectAlternativeName([known]), critical=False
    )
    pem = serialization.Encoding.PEM
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = Certificate(folder / f"{name}.pem", folder / f"authority-of-{name}.pem")
    files.authority.write_bytes(authority.sign(root, hashes.SHA256()).public_bytes(pem))
    files.file.write_bytes(key + server.sign(root, hashes.SHA256()).public_bytes(pem))
    return files


@dataclass
class MailServer:
    """What it answers, and what it took.

    Attributes:
        port: where it listens.
        implicit: whether it speaks TLS from the start.
        replies: what it says to a command (`RCPT`, `DATA`) in place of taking it.
        refused: recipients that it does not know.
        taken: the messages that it took.
        envelopes: sender and recipients of each.
        hangs: whether it is silent after the message.
        encrypted: whether the last message came over TLS.
    """

    port: int = 0
    implicit: bool = True
    replies: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    hangs: bool = False
    encrypted: bool = False

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd names it
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a recipient, or not."""
        if address in self.refused:
            return "550 5.1.1 user unknown"
        if reply := self.replies.get("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as aiosmtpd names it
        self, _server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a message, or not."""
        if self.hangs:
            await asyncio.Event().wait()
        if reply := self.replies.get("DATA"):
            return reply
        found = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(found)  # type: ignore[arg-type]
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.encrypted = session.ssl is not None
        return "250 OK"


@contextmanager
def serve_mail(certificate: Certificate, *, implicit: bool = False) -> Iterator[MailServer]:
    """Run it in a thread.

    Args:
        certificate: its own.
        implicit: whether it speaks TLS from the start, and else by STARTTLS, before which nobody
            may log in; who has not logged in sends nothing.
    """
    state = MailServer(implicit=implicit)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # clients that turn away are what is tested

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It does not know that it stands behind TLS.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                state,
                hostname="mail.example.com",
                loop=loop,
                tls_context=None if implicit else context,
                auth_required=True,
                auth_require_tls=not implicit,
                authenticator=_authenticated,
            )

    with socket.create_server((HOST, 0)) as listener:
        state.port = listener.getsockname()[1]
        given = context if implicit else None
        server = loop.run_until_complete(loop.create_server(protocol, sock=listener, ssl=given))
        thread = Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            loop.call_soon_threadsafe(server.close)
            asyncio.run_coroutine_threadsafe(_ended(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _ended() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _authenticated(*arguments: Any) -> AuthResult:
    given = arguments[-1]
    good = isinstance(given, LoginPassword) and given == LoginPassword(
        LOGIN.encode(), PASSWORD.encode()
    )
    return AuthResult(success=good, handled=False)
