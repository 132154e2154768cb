"""Every code of 聚水潭, whichever list has it, becomes the error that it stands for."""

from __future__ import annotations

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, GatewayError, Misdirected, Refused, Temporary
from include.platforms.jushuitan.codes import error_of

ERP = Connection("erp", "http://127.0.0.1:1", "key", "s3cret", "t0ken")
CALL = Call("/open/orders/single/query", shop=10002, page=4)


@pytest.mark.parametrize(
    ("code", "message", "kind", "repair"),
    [
        (199, "", Temporary, "5 calls in a second"),
        (200, "", Temporary, "100 calls in a minute"),
        (777, "接口调用频率超限", Temporary, "100 calls in a minute"),
        (-1, "系统繁忙,请稍后再试", Temporary, "come back later"),
        (100, "access_token已过期", AuthExpired, "extra.refresh_token of connection erp"),
        (100, "", AuthExpired, "renew the authorisation"),
        (150, "access_token失效", AuthExpired, "renew the authorisation"),
        (10, "无效签名", Refused, "password (app secret) of connection erp"),
        (120, "sign错误", Refused, "password (app secret) of connection erp"),
        (120, "", Refused, "password (app secret) of connection erp"),
        (110, "ip不在白名单", Refused, "IP whitelist"),
        (130, "缺少参数", Refused, "parameter"),
        (140, "timestamp超出范围,相差不能超过15分钟", Refused, "clock"),
        (140, "参数格式错误", Refused, "parameter"),
        (180, "时间戳已过期,10分钟", Refused, "clock"),
        (180, "", Refused, "clock"),
        (150, "", AuthExpired, "authorise it again"),
        (170, "page_size不能超过100", Refused, "parameter"),
        (190, "没有接口权限", Refused, "apply for it"),
        (31337, "从未见过", Temporary, "look the code up"),
        (999, "查询异常", Temporary, "come back later"),
        (-1, "服务器忙", Temporary, "come back later"),
        (500, "服务异常，请重试", Temporary, "come back later"),
        (10005, "网络异常", Temporary, "come back later"),
        (777, "淘系订单请在聚石塔服务器内调用", Misdirected, "only from inside its own cloud"),
        (190, "请在聚石塔内调用", Misdirected, "connect erp`"),
        (777, "聚石塔网络异常", Temporary, "come back later"),
        (777, "请5分钟后再试", Temporary, "come back later"),
        (777, "access_token校验服务异常", Temporary, "come back later"),
        (777, "权限服务超时", Temporary, "come back later"),
        (777, "access_token已过期", AuthExpired, "renew the authorisation"),
        (777, "refresh_token无效", AuthExpired, "renew the authorisation"),
        (777, "没有接口权限", Refused, "apply for it"),
        (777, "签名错误", Refused, "password (app secret)"),
        ("", "", Temporary, "look the code up"),
        ("E-5", "内部错误", Temporary, "come back later"),
        (100, "系统繁忙，请稍后再试", Temporary, "come back later"),
        (10, "服务器忙", Temporary, "come back later"),
        (110, "Service unavailable", Temporary, "come back later"),
        (120, "网络错误", Temporary, "come back later"),
        (130, "系统异常", Temporary, "come back later"),
        (140, "内部错误", Temporary, "come back later"),
        (150, "系统维护", Temporary, "come back later"),
        (170, "服务不可用", Temporary, "come back later"),
        (180, "网关错误", Temporary, "come back later"),
        (190, "网络异常", Temporary, "come back later"),
        (100, "请求过于频繁", Temporary, "100 calls in a minute"),
        (100, "access_token已过期，请稍后重试", AuthExpired, "renew the authorisation"),
        (110, "请维护ip白名单", Refused, "IP whitelist"),
        (180, "时间戳超时", Refused, "clock"),
        (777, "ip whitelist db down", Temporary, "come back later"),
        (777, "ip白名单", Temporary, "look the code up"),
        (777, "ip不在白名单", Refused, "IP whitelist"),
        (777, "时间戳服务错误", Temporary, "come back later"),
        (777, "时间戳错误", Refused, "clock"),
    ],
)
def test_each_code_is_classified(
    code: int | str, message: str, kind: type[GatewayError], repair: str
) -> None:
    """The kind says what a program may do, the text where it was and what a person must do."""
    error = error_of(CALL, code, message, ERP)
    assert type(error) is kind
    assert (error.shop, error.method, error.page, error.code) == (10002, CALL.method, 4, code)
    start = f"shop 10002, /open/orders/single/query, page 4: code {code or '(none)'} {message!r}: "
    assert str(error).startswith(start)
    assert repair in str(error)


@pytest.mark.parametrize(("code", "seconds"), [(199, 1), (200, 60)])
def test_a_rate_limit_says_how_long_to_wait(code: int, seconds: float) -> None:
    """After that time the platform's own window has certainly moved on."""
    error = error_of(CALL, code, "", ERP)
    assert isinstance(error, Temporary)
    assert error.wait == seconds


def test_a_message_that_repeats_secrets_is_masked() -> None:
    """What the gateway echoes does not reach the logs."""
    text = str(error_of(CALL, 10, "sign of s3cret with t0ken", ERP))
    assert "s3cret" not in text
    assert "t0ken" not in text
