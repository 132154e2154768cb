"""E-mails reach a real server over TLS, and what it refuses is told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from include.alerts.messages import Message
from tests.alerts.mail_server import LOGIN, PASSWORD, MailServer, make_certificate, serve_mail
from tests.alerts.sending import LATE, credentials, sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.alerts.messages import Receipt
    from tests.alerts.mail_server import Certificate

TO = ("boss@example.com", "ops@example.com")


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))


@pytest.fixture(params=[True, False], ids=["tls", "starttls"])
def server(
    request: pytest.FixtureRequest, certificate: Certificate, trusted: None
) -> Iterator[MailServer]:
    """Run a server of each kind."""
    del trusted
    with serve_mail(certificate, implicit=request.param) as server:
        yield server


def _sent(server: MailServer, message: Message = LATE, **more: Any) -> Receipt:
    """Send with the connection's fields as Airflow's form of type SMTP writes them."""
    patience, to = more.pop("patience", None), more.pop("to", TO)
    fields = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port}
    fields |= {"login": LOGIN, "password": PASSWORD}
    extra = {"disable_ssl": not server.implicit, "disable_tls": False}
    given = credentials(**{**fields, "extra": extra, **more})
    return sent("email", given, message, patience, to=to)


def test_a_message_arrives(server: MailServer) -> None:
    """Over TLS, logged in, with title and text as they were said; no absence note answers it."""
    receipt = _sent(server)
    assert (receipt.delivered, receipt.code, receipt.remedy) == (True, "SMTP 250", "")
    (mail,) = server.taken
    assert server.encrypted or server.implicit
    assert server.envelopes == [(LOGIN, list(TO))]
    assert mail["Subject"] == LATE.title
    assert mail["From"] == LOGIN
    assert mail["To"] == ", ".join(TO)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail.get_content().splitlines() == [*LATE.lines[:-1], f"{LATE.lines[-1]}  #A123"]


def test_the_sender_is_the_connections(server: MailServer) -> None:
    """Its `from_email`, else the login where that is an address."""
    extra = {"disable_ssl": not server.implicit, "from_email": "data@example.com"}
    assert _sent(server, extra=extra).delivered
    assert server.envelopes[0][0] == "data@example.com"


def test_a_title_cannot_add_a_header(server: MailServer) -> None:
    """A line break in it is shown, not obeyed."""
    assert _sent(server, Message("x\r\nBcc: thief@example.com", ("y",))).delivered
    assert server.taken[0]["Bcc"] is None
    assert server.taken[0]["Subject"] == r"x\r\nBcc: thief@example.com"


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_greylisting_passes(server: MailServer, command: str) -> None:
    """A 4xx says to come back."""
    server.replies[command] = "451 4.7.1 Greylisted, try again in 5 minutes"
    receipt = _sent(server)
    assert (receipt.delivered, receipt.code, receipt.temporary) == (False, "SMTP 451", True)
    assert "Greylisted" in receipt.answer
    assert "稍后" in receipt.remedy
    server.replies.clear()
    assert _sent(server).delivered


@pytest.mark.parametrize(
    ("command", "reply", "remedy"),
    [
        ("RCPT", "550 5.1.1 user unknown", "收件人"),
        ("RCPT", "554 5.7.1 relay access denied", "发件人"),
        ("DATA", "554 5.7.1 spam", "发件人"),
        ("DATA", "552 5.3.4 too large", "发件人"),
    ],
)
def test_a_5xx_is_final(server: MailServer, command: str, reply: str, remedy: str) -> None:
    """A person has to do something, and the remedy says what."""
    server.replies[command] = reply
    receipt = _sent(server)
    assert (receipt.delivered, receipt.temporary) == (False, False)
    assert receipt.code == f"SMTP {reply[:3]}"
    assert remedy in receipt.remedy


def test_who_is_refused_costs_the_others_nothing(server: MailServer) -> None:
    """They have it; the receipt names who has not, and where to fix that."""
    server.refused = {TO[0]}
    receipt = _sent(server)
    assert receipt.delivered
    assert TO[0] in receipt.answer
    assert "to" in receipt.remedy
    assert server.envelopes == [(LOGIN, [TO[1]])]


def test_a_wrong_password_is_told(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    """With what many providers want in its place; nothing shows it."""
    caplog.set_level(logging.DEBUG)
    receipt = _sent(server, password="a-wrong-password")
    assert (receipt.delivered, receipt.code, receipt.temporary) == (False, "SMTP 535", False)
    assert "授权码" in receipt.remedy
    assert "a-wrong-password" not in f"{receipt!r}{caplog.text}"


def test_a_server_that_is_silent_is_not_waited_for(server: MailServer) -> None:
    """Whether it took the message is not known: it is sent again."""
    server.hangs = True
    receipt = _sent(server, patience=0.5)
    assert (receipt.delivered, receipt.code, receipt.temporary) == (False, "timeout", True)


def test_a_certificate_that_nobody_vouches_for_is_told(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Nothing is said to such a server, the password least of all."""
    others = make_certificate(tmp_path, "mail.example.com")
    for implicit in (True, False):
        with serve_mail(certificate, implicit=implicit) as server:
            receipt = _sent(server)
            assert (receipt.code, receipt.temporary) == ("certificate", False)
            assert "SSL_CERT_FILE" in receipt.remedy
        # One of a known authority, but for another name.
        monkeypatch.setenv("SSL_CERT_FILE", str(others.authority))
        with serve_mail(others, implicit=implicit) as server:
            receipt = _sent(server)
            assert receipt.code == "certificate"
            assert "mismatch" in receipt.answer
            assert server.taken == []
        monkeypatch.undo()


def test_the_wrong_way_to_encrypt_is_told(certificate: Certificate, trusted: None) -> None:
    """TLS from the start where STARTTLS is spoken, and no TLS where it must be."""
    del trusted
    with serve_mail(certificate) as server:
        receipt = _sent(server, extra={})
        assert (receipt.code, receipt.temporary) == ("starttls", False)
        assert "端口改用 465" in receipt.remedy
        # In the clear it lets nobody log in, and only both ticks ask for that.
        receipt = _sent(server, extra={"disable_ssl": True, "disable_tls": True})
        assert not receipt.delivered
        assert server.taken == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"host": ""}, "host is missing"),
        ({"host": "smtp.example.com:no", "port": None}, "host and port"),
        ({"port": "many"}, "host and port"),
        ({"login": "ops", "extra": {}}, "extra.from_email is missing"),
        ({"to": ()}, "channel ops has nobody in `to`"),
    ],
)
def test_a_connection_that_cannot_be_is_told(fields: dict[str, Any], said: str) -> None:
    """As a receipt that says what to write."""
    server = MailServer(port=9)
    receipt = _sent(server, **fields)
    assert receipt.code == "configuration"
    assert said in receipt.answer
    assert "smtp.qq.com" in receipt.remedy


def test_nobody_there_is_told() -> None:
    """It passes, or the host is wrong."""
    server = MailServer(port=9)
    receipt = _sent(server)
    assert (receipt.code, receipt.temporary) == ("unreached", True)
