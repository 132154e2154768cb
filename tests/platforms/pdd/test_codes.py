"""Every code of 拼多多 becomes the error that it stands for."""

from __future__ import annotations

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, GatewayError, Misdirected, Refused, Temporary
from include.platforms.pdd.codes import CAUSES, REPAIRS, error_of

SHOP = Connection("pdd_1", "http://127.0.0.1:1", "key", "s3cret", "t0ken")
CALL = Call("pdd.refund.list.increment.get", shop=20001, page=4)


@pytest.mark.parametrize(
    ("code", "message", "kind", "repair"),
    [
        (70031, "调用过于频繁，请调整调用频率", Temporary, "100 calls in 10 seconds"),
        (52101, "当前接口被限流，请稍后重试", Temporary, "too often"),
        (52102, "当前接口暂时不可用，请稍后重试", Temporary, "switched the interface off"),
        (52103, "服务暂时不可用，请稍后重试", Temporary, "switched the interface off"),
        (50000, "系统内部错误", Temporary, "failed inside"),
        (50001, "业务服务错误", Temporary, "failed inside"),
        (50002, "业务系统内部异常", Temporary, "failed inside"),
        (52001, "网关业务服务错误", Temporary, "failed inside"),
        (52002, "网关系统内部异常", Temporary, "failed inside"),
        (70033, "当前接口因系统维护，暂时下线", Temporary, "maintained"),
        (10019, "access_token已过期", AuthExpired, "extra.access_token and extra.refresh_token"),
        (10035, "access_token已过期", AuthExpired, "extra.refresh_token of connection pdd_1"),
        (
            20032,
            "access_token或client_id错误",
            AuthExpired,
            "login (client_id) of connection pdd_1",
        ),
        (20004, "签名sign校验失败", Refused, "password (client_secret) of connection pdd_1"),
        (20005, "ip无权访问接口", Refused, "IP whitelist"),
        (20031, "用户没有授权访问此接口", Refused, "permission package"),
        (10016, "client下线或者clientId不正确", Refused, "login (client_id) of connection pdd_1"),
        (10017, "type不正确", Refused, "host of connection pdd_1"),
        (20034, "接口处于下线状态", Refused, "host of connection pdd_1"),
        (20035, "接口不属于当前网关", Refused, "host of connection pdd_1"),
        (10000, "参数错误", Refused, "parameter"),
        (10001, "公共参数错误:type", Refused, "parameter"),
        (10001, "公共参数错误:timestamp", Refused, "clock"),
        (21001, "请求参数错误", Refused, "parameter"),
        (21002, "请求参数不能为空", Refused, "parameter"),
        (52004, "请求body 太大", Refused, "parameter"),
        (10018, "target_client_id下线", Refused, "app of connection pdd_1"),
        (30000, "没有调用此target接口权限", Refused, "app of connection pdd_1"),
        (30001, "client_id和partner_id不匹配", Refused, "app of connection pdd_1"),
        (70032, "当前请求被禁止调用", Refused, "ddjb@pinduoduo.com"),
        (70034, "当前用户或应用存在风险，禁止调用！", Refused, "ddjb@pinduoduo.com"),
        (70035, "当前用户或应用存在风险，禁止调用", Refused, "ddjb@pinduoduo.com"),
        (70036, "应用处于测试状态，调用次数被限制", Refused, "test phase"),
        (20031, "该接口仅支持在多多云内调用", Misdirected, "only from inside its own cloud"),
        (31337, "请将应用部署至多多云", Misdirected, "connect pdd_1`"),
        (52101, "多多云内接口被限流", Temporary, "too often"),
        (50001, "多多云系统异常", Temporary, "failed inside"),
        (10019, "系统繁忙", Temporary, "failed inside"),
        (20031, "服务器忙", Temporary, "failed inside"),
        (20004, "Gateway timeout", Temporary, "failed inside"),
        (10001, "timestamp服务异常", Temporary, "failed inside"),
        (10019, "access_token已过期，请稍后重试", AuthExpired, "extra.access_token"),
        (31337, "从未见过", Temporary, "look the code up"),
        (-1, "服务器忙", Temporary, "look the code up"),
        ("", "", Temporary, "look the code up"),
        ("busy", "", Temporary, "look the code up"),
    ],
)
def test_each_code_is_classified(
    code: int | str, message: str, kind: type[GatewayError], repair: str
) -> None:
    """The kind says what a program may do, the text where it was and what a person must do."""
    error = error_of(CALL, code, message, SHOP)
    assert type(error) is kind
    assert (error.shop, error.method, error.page, error.code) == (20001, CALL.method, 4, code)
    shown = f"code {code or '(none)'} {message!r}: "
    start = f"shop 20001, pdd.refund.list.increment.get, page 4: {shown}"
    assert str(error).startswith(start)
    assert repair in str(error)
    assert "{" not in str(error)


def test_every_cause_has_a_repair() -> None:
    """No code of the list leaves a person without advice."""
    assert set(CAUSES.values()) < set(REPAIRS)


@pytest.mark.parametrize(
    ("code", "seconds"), [(70031, 10), (52101, 1), (52102, 30), (50001, 0), (70033, 60)]
)
def test_what_is_temporary_says_how_long_to_wait(code: int, seconds: float) -> None:
    """A limit's own window has moved on by then; what is switched off takes longer."""
    error = error_of(CALL, code, "", SHOP)
    assert isinstance(error, Temporary)
    assert error.wait == seconds


def test_the_sub_code_says_what_failed_inside() -> None:
    """It is shown, and decides only where the main code says no more than that something failed."""
    told = error_of(CALL, 50001, "业务服务错误", SHOP, sub_code="20031", sub_message="未授权")
    assert isinstance(told, Refused)
    assert "code 50001 '业务服务错误 20031 未授权': " in str(told)
    unknown = error_of(CALL, 50001, "业务服务错误", SHOP, sub_code="isv.busy")
    assert isinstance(unknown, Temporary)
    sure = error_of(CALL, 20005, "ip无权访问接口", SHOP, sub_code="50001")
    assert isinstance(sure, Refused)


def test_a_message_that_repeats_secrets_is_masked() -> None:
    """What the gateway echoes does not reach the logs."""
    text = str(error_of(CALL, 20004, "sign of s3cret", SHOP, sub_message="with t0ken"))
    assert "s3cret" not in text
    assert "t0ken" not in text
