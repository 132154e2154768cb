"""A webhook gets JSON, and is let in as it asks."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.alerts.fake_robots import SECRET
from tests.alerts.sending import LATE, credentials, sent

if TYPE_CHECKING:
    from tests.alerts.fake_robots import FakeRobots


def test_it_gets_the_message_in_parts_and_as_text(robots: FakeRobots) -> None:
    """What a relay needs to make a message of its own."""
    message = replace(LATE, mention=("13800000000",))
    receipt = sent("webhook", credentials(host=robots.address("webhook")), message)
    assert (receipt.delivered, receipt.code) == (True, "HTTP 200")
    assert receipt.answer == '{"thanks": true}'
    assert robots.taken == [
        {
            "title": LATE.title,
            "text": LATE.plain(),
            "lines": [*LATE.lines[:-1], f"{LATE.lines[-1]}  #A123"],
            "mention": ["13800000000"],
            "number": "#A123",
            "channel": "ops",
            "event": None,
        }
    ]


def test_it_is_told_who_asks(robots: FakeRobots) -> None:
    """By a bearer token, by login and password, or in a header of its own."""
    address = robots.address("webhook")
    assert sent("webhook", credentials(host=address)).delivered
    assert "authorization" not in robots.headers
    assert sent("webhook", credentials(host=address, password=SECRET)).delivered
    assert robots.headers["authorization"] == f"Bearer {SECRET}"
    assert sent("webhook", credentials(host=address, login="林", password=SECRET)).delivered
    basic = robots.headers["authorization"].removeprefix("Basic ")
    assert b64decode(basic).decode() == f"林:{SECRET}"
    extra = {"header": "X-Key"}
    assert sent("webhook", credentials(host=address, password=SECRET, extra=extra)).delivered
    assert robots.headers["x-key"] == SECRET
    assert "authorization" not in robots.headers


def test_a_secret_address_may_be_the_password(robots: FakeRobots) -> None:
    """The web UI shows hosts, and hides passwords."""
    assert sent("webhook", credentials(password=robots.address("webhook"))).delivered


def test_who_is_not_let_in_is_told(robots: FakeRobots) -> None:
    """With the fields to look at."""
    robots.fault = 401
    receipt = sent("webhook", credentials(host=robots.address("webhook")), language="en")
    assert (receipt.delivered, receipt.temporary) == (False, False)
    assert receipt.remedy == (
        "it does not let us in: check address, login and password in connection alert_it"
    )
