"""Robots on this machine take what is sent, or say why not, and no receipt shows a secret."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.alerts.channels import CHANNELS
from include.alerts.messages import Message
from tests.alerts.fake_robots import PATHS, SECRET, TOKEN
from tests.alerts.mail_server import serve_mail
from tests.alerts.sending import LATE, credentials, sent

if TYPE_CHECKING:
    from include.alerts.channels import Credentials
    from tests.alerts.fake_robots import FakeRobots
    from tests.alerts.mail_server import Certificate

KINDS = ("dingtalk", "feishu", "lark", "wecom")
SIGNING = ("dingtalk", "feishu", "lark")
A_LONG_LIST = Message(
    "【数据迟到】ERP门店数据 2026-11-28",
    (
        "09:00 截止，600 家店铺缺 600 家：",
        *(f"· 示例旗舰店第 {number} 店：平台繁忙，已重试 2 次" for number in range(600)),
        "处理：python3 scheduler_manager.py repair --job erp_store --yes",
    ),
    number="#A7",
)


def _text(body: dict[str, Any]) -> str:
    """Return what a message that was taken says, without its title."""
    if "markdown" in body:
        return str(body["markdown"]["text"])
    if "post" in body.get("content", {}):
        lines = body["content"]["post"]["zh_cn"]["content"]
        return "\n".join("".join(piece.get("text", "") for piece in line) for line in lines)
    return str(body["text"]["content"])


def _show(kind: str, robots: FakeRobots) -> list[dict[str, Any]]:
    """Return a robot's connection in each form that a person may write it in."""
    address = robots.address(kind)
    host, port = robots.base_url.removeprefix("http://").split(":")
    return [
        {"host": address, "password": SECRET},
        {"host": f" {address}\n", "extra": {"secret": SECRET}},
        {"password": address, "extra": {"secret": SECRET}},
        {"host": robots.base_url, "password": TOKEN, "extra": {"secret": SECRET}},
        {"host": robots.base_url, "password": SECRET, "extra": {"token": TOKEN}},
        {"host": host, "port": int(port), "password": TOKEN, "extra": {"secret": SECRET}},
        {"host": address.partition("?")[0].removesuffix(f"/{TOKEN}"), "password": TOKEN}
        | {"extra": {"secret": SECRET}},
    ]


@pytest.mark.parametrize("form", range(7))
@pytest.mark.parametrize("kind", KINDS)
def test_a_robot_takes_a_signed_message_however_its_connection_is_written(
    robots: FakeRobots, kind: str, form: int
) -> None:
    """The whole address as host or as password, the token alone, with a relay before it."""
    robots.secret = SECRET if kind in SIGNING else ""
    receipt = sent(kind, credentials(**_show(kind, robots)[form]))
    assert (receipt.delivered, receipt.code) == (True, "0"), receipt
    (body,) = robots.taken
    text = _text(body).replace("\\", "")
    for line in LATE.lines[:-1]:
        assert line in text
    assert "#A123" in text


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "lark"])
def test_a_keyword_is_added_where_it_is_missing(robots: FakeRobots, kind: str) -> None:
    """Without it the robot refuses each message, and says which setting is wrong."""
    robots.keyword = "门店_通知"
    given = credentials(host=robots.address(kind))
    refused = sent(kind, given)
    assert not refused.delivered
    assert not refused.temporary
    assert refused.code in ("310000", "19024")
    assert "keyword" in refused.remedy
    assert sent(kind, given, keyword="门店_通知").delivered
    # One that is there stays alone.
    robots.taken.clear()
    assert sent(kind, given, Message("x", ("门店_通知来了",)), keyword="门店_通知").delivered
    assert _text(robots.taken[0]).replace("\\", "").count("门店_通知") >= 1


@pytest.mark.parametrize("kind", SIGNING)
def test_a_wrong_secret_and_a_wrong_clock_are_told(robots: FakeRobots, kind: str) -> None:
    """Both come as one code; the remedy names the connection's field, and the clock."""
    robots.secret = SECRET
    wrong = sent(kind, credentials(host=robots.address(kind), password="SECwrongwrong"))
    assert wrong.code in ("310000", "19021")
    assert "填进连接 alert_it；" in wrong.remedy
    unsigned = sent(kind, credentials(host=robots.address(kind)), language="en")
    assert "into connection alert_it, or remove it" in unsigned.remedy
    robots.ahead = 3700
    late = sent(kind, credentials(host=robots.address(kind), password=SECRET))
    assert late.code in ("310000", "19021")
    assert "时间" in late.remedy
    assert not any(one.delivered or one.temporary for one in (wrong, unsigned, late))
    assert robots.taken == []


@pytest.mark.parametrize(("kind", "most"), [("dingtalk", 20), ("wecom", 20), ("feishu", 100)])
def test_one_message_too_many_is_to_be_sent_again(robots: FakeRobots, kind: str, most: int) -> None:
    """It was not delivered, and needs nobody."""
    given = credentials(host=robots.address(kind))
    robots.too_many(kind)
    (minute,) = robots.minutes
    robots.minutes = type(robots.minutes)({(kind, minute[1] + later): most for later in range(3)})
    receipt = sent(kind, given)
    assert not receipt.delivered
    assert receipt.temporary
    assert receipt.code in ("130101", "45009", "11232")
    assert "共用这个机器人" in receipt.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_is_none_is_told(robots: FakeRobots, kind: str) -> None:
    """With HTTP 200, as the platforms do."""
    receipt = sent(kind, credentials(host=robots.base_url, password="f" * 32))
    assert not receipt.delivered
    assert receipt.code in ("300005", "19001", "93000")
    assert "填进连接 alert_it" in receipt.remedy


@pytest.mark.parametrize("kind", [*KINDS, "webhook"])
@pytest.mark.parametrize(
    ("fault", "code", "temporary"),
    [
        ("hang", "timeout", True),
        ("reset", "broken", True),
        (503, "HTTP 503", True),
        (404, "HTTP 404", False),
        ("redirect", "HTTP 302", False),
    ],
)
def test_what_the_network_does_is_told(
    robots: FakeRobots, kind: str, fault: str | int, code: str, *, temporary: bool
) -> None:
    """With what to do about it; what passes is temporary."""
    robots.fault = fault
    patience = 0.3 if fault == "hang" else None
    receipt = sent(kind, credentials(host=robots.address(kind)), patience=patience)
    assert not receipt.delivered
    assert (receipt.code, receipt.temporary) == (code, temporary), receipt
    assert receipt.answer
    assert receipt.remedy
    assert robots.taken == []


@pytest.mark.parametrize("kind", [*KINDS, "webhook", "email"])
def test_what_was_never_sent_is_told_from_what_may_have_arrived(kind: str) -> None:
    """Nobody listens, or whoever does says nothing before there was a message: it is not there."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        given = _connection_to(kind, port)
        receipt = sent(kind, given, patience=0.3, to=("ops@example.com",))
        assert (receipt.code, receipt.temporary) == ("unreached", True)
        assert "no answer" in receipt.answer
    receipt = sent(kind, given, to=("ops@example.com",))
    assert (receipt.code, receipt.temporary) == ("unreached", True)
    assert "cannot be reached" in receipt.answer


def _connection_to(kind: str, port: int) -> Credentials:
    """Return a connection to a server that speaks TLS, or should."""
    if kind == "email":
        return credentials(conn_type="smtp", host="127.0.0.1", port=port, login="ops@example.com")
    return credentials(host=f"https://127.0.0.1:{port}{PATHS[kind]}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault",
    [
        "html",
        {},
        {"errmsg": "ok"},
        {"errcode": None, "code": None},
        {"errcode": False, "code": False},
        {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"},
        {"errcode": "nonsense", "code": "nonsense"},
        {"errcode": 310000, "code": 310000, "errmsg": "ok", "msg": "success"},
    ],
    ids=str,
)
def test_only_code_0_is_a_delivery(robots: FakeRobots, kind: str, fault: Any) -> None:
    """HTTP 200 is what robots say to what they refuse, and what a login page says."""
    robots.fault = fault
    receipt = sent(kind, credentials(host=robots.address(kind)))
    assert not receipt.delivered
    assert receipt.code not in ("0", "500")  # the latter is a fault of the robot here
    assert receipt.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_list_is_cut_at_whole_lines(robots: FakeRobots, kind: str) -> None:
    """The robot takes it; it says how many are left out, what to do, and about which alert."""
    assert sent(kind, credentials(host=robots.address(kind)), A_LONG_LIST).delivered
    text = _text(robots.taken[0]).replace("\\", "")
    listed = text.count("平台繁忙，已重试 2 次")
    assert 20 < listed < 600
    assert f"另有 {600 - listed} 项" in text
    assert "repair --job erp_store --yes  #A7" in text
    assert "09:00 截止" in text


@pytest.mark.parametrize("kind", KINDS)
def test_no_one_line_is_too_long(robots: FakeRobots, kind: str) -> None:
    """A platform's page of an error does not cost the message, nor half a character."""
    message = Message("题" * 9_000, ("错误：" + "页" * 30_000, "处理：等" * 20_000), number="#A9")
    assert sent(kind, credentials(host=robots.address(kind)), message).delivered
    text = _text(robots.taken[0])
    assert "#A9" in text
    assert "\ufffd" not in text


def _mention(body: dict[str, Any]) -> Any:
    if "at" in body:
        return body["at"]
    if "content" in body:
        return body["content"]["post"]["zh_cn"]["content"][-1]
    listed = body["text"]
    return listed["mentioned_mobile_list"], listed["mentioned_list"]


@pytest.mark.parametrize(
    ("kind", "mention"),
    [
        (
            "dingtalk",
            {"atMobiles": ["13800000000"], "atUserIds": ["user_1"], "isAtAll": True},
        ),
        (
            "feishu",
            [
                {"tag": "at", "user_id": "all"},
                {"tag": "at", "user_id": "user_1"},
                {"tag": "text", "text": "@13800000000"},
            ],
        ),
        ("wecom", (["13800000000"], ["user_1", "@all"])),
    ],
)
def test_people_are_called_as_the_platform_does(
    robots: FakeRobots, kind: str, mention: Any
) -> None:
    """By phone, by the platform's id, all; Feishu's robots know no phones, which stand as text."""
    message = replace(LATE, mention=("13800000000", "user_1", "all"))
    assert sent(kind, credentials(host=robots.address(kind)), message).delivered
    assert _mention(robots.taken[0]) == mention
    if kind == "dingtalk":  # it calls only who stands in the text, too
        assert _text(robots.taken[0]).endswith("@13800000000 @user_1")


def test_nobody_is_called_unless_the_message_says_so(robots: FakeRobots) -> None:
    """A digest calls nobody."""
    for kind in KINDS:
        assert sent(kind, credentials(host=robots.address(kind))).delivered
        assert "@" not in _text(robots.taken[-1])
    assert robots.taken[0]["at"] == {"atMobiles": [], "isAtAll": False}


def test_dingtalk_shows_the_title_and_links(robots: FakeRobots) -> None:
    """The list of chats shows the title; an address is a link that no `_` breaks."""
    assert sent("dingtalk", credentials(host=robots.address("dingtalk"))).delivered
    markdown = robots.taken[0]["markdown"]
    assert markdown["title"] == LATE.title
    assert markdown["text"].startswith(f"**{LATE.title}**  \n10:00 截止")
    target = "http://127.0.0.1:8080/plugin/coverage?job=jd_store"
    assert f"]({target})" in markdown["text"]


@pytest.mark.parametrize("kind", [*KINDS, "webhook"])
@pytest.mark.parametrize(
    "fault",
    ["hang", "reset", 403, 503, "redirect", "html", "wrong", "echo", "unreachable", "none"],
)
def test_nothing_shows_a_secret(
    robots: FakeRobots, caplog: pytest.LogCaptureFixture, kind: str, fault: str | int
) -> None:
    """No receipt, log or form of an object has a token, a secret, a sign or the whole address."""
    caplog.set_level(logging.DEBUG)
    robots.secret = "SECanother" if fault == "wrong" else SECRET
    robots.fault = fault if fault in ("hang", "reset", "redirect", "html") else None
    robots.fault = fault if isinstance(fault, int) else robots.fault
    address = robots.address(kind)
    if fault == "echo":
        said = f"no {address} {TOKEN} {SECRET}"
        robots.fault = {"errcode": 1, "code": 1, "errmsg": said, "msg": said}
    if fault == "unreachable":
        address = f"http://127.0.0.1:9{PATHS[kind]}"
    given = credentials(host=address, password=SECRET)
    receipt = sent(kind, given, patience=0.3 if fault == "hang" else None)
    shown = f"{receipt!r}\n{given!r}\n{caplog.text}"
    for secret in (TOKEN, SECRET, address, PATHS[kind]):
        assert secret not in shown
    assert "SECanother" not in shown
    assert "SECfed" not in shown


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("dingtalk", {}, "it holds no robot"),
        ("dingtalk", {"host": "https://oapi.dingtalk.com/robot/send"}, "it holds no robot"),
        ("wecom", {"host": "ftp://x/?key=0123456789"}, "it holds no address"),
        ("wecom", {"host": "https://u:p@x.example.com/?key=0123456789"}, "it holds no address"),
        ("wecom", {"host": "https://x.example.com:99999/?key=0123456789"}, "it holds no address"),
        ("feishu", {"host": "https://[x/hook/0123456789"}, "host is not an address"),
        ("feishu", {"host": 5}, "host is not a text"),
        (
            "dingtalk",
            {"host": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789"},
            "it holds",
        ),
        (
            "feishu",
            {"host": "https://oapi.dingtalk.com/robot/send?access_token=0123456789abc"},
            "the address of a robot of dingtalk, but the channel's kind is feishu",
        ),
        ("webhook", {}, "host is no address"),
        ("webhook", {"host": "https://x.example.com/h", "password": "a\nb"}, "password has signs"),
    ],
)
def test_a_connection_that_cannot_be_is_told(kind: str, fields: dict[str, Any], said: str) -> None:
    """As a receipt, which names the connection and says what to write; it shows no value."""
    receipt = sent(kind, credentials(**fields))
    assert receipt.code == "configuration"
    assert not receipt.temporary
    assert said in receipt.answer
    assert "connection alert_it" in receipt.answer
    assert "连接 alert_it" in receipt.remedy
    assert "0123456789" not in repr(receipt)


def test_a_certificate_of_nobody_is_told(certificate: Certificate) -> None:
    """A server that speaks TLS, with a certificate that no authority vouches for."""
    with serve_mail(certificate, implicit=True) as server:
        for kind in ("dingtalk", "webhook"):
            address = f"https://127.0.0.1:{server.port}{PATHS[kind]}"
            receipt = sent(kind, credentials(host=address))
            assert (receipt.code, receipt.temporary) == ("certificate", False)
            assert "SSL_CERT_FILE" in receipt.remedy


def test_each_kind_has_a_sender() -> None:
    """Those that the configuration knows, and no other."""
    assert set(CHANNELS) == {*KINDS, "email", "webhook"}
