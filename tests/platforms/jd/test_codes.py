"""Every code of 京东 becomes the error that it stands for."""

from __future__ import annotations

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, GatewayError, Misdirected, Refused, Temporary
from include.gateways.retry_policy import Patience
from include.platforms.jd.codes import error_of, failure_of, refresh_error_of

SHOP = Connection("jd_1", "http://127.0.0.1:1", "key", "s3cret", "t0ken", "r3fresh")
CALL = Call("jingdong.pop.order.search", shop=30002, page=4)


@pytest.mark.parametrize(
    ("code", "kind", "repair"),
    [
        ("2", Temporary, "run it again tomorrow"),
        ("4", Refused, "the host of connection jd_1"),
        ("5", Refused, "version 2.0"),
        ("7", Refused, "clock"),
        ("8", Refused, "clock"),
        ("11", Refused, "password (app secret) of connection jd_1"),
        ("12", Refused, "password (app secret) of connection jd_1"),
        ("14", Refused, "the host of connection jd_1"),
        ("15", Refused, "the interface's page at https://open.jd.com"),
        ("18", AuthExpired, "extra.access_token and extra.refresh_token of connection jd_1"),
        ("19", AuthExpired, "authorise the shop again"),
        ("20", Refused, "login (app key) of connection jd_1"),
        ("21", Refused, "login (app key) of connection jd_1"),
        ("24", Refused, "apply for it"),
        ("65", Temporary, "run it again later"),
        ("31337", Temporary, "look the code up"),
    ],
)
def test_each_code_is_classified(code: str, kind: type[GatewayError], repair: str) -> None:
    """The kind says what a program may do, the text where it was and what a person must do."""
    error = error_of(CALL, code, "说明", SHOP)
    assert type(error) is kind
    assert (error.shop, error.method, error.page, error.code) == (30002, CALL.method, 4, code)
    start = f"shop 30002, jingdong.pop.order.search, page 4: code {code} '说明': "
    assert str(error).startswith(start)
    assert repair in str(error)
    assert "{" not in str(error)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("19", "系统繁忙，请稍后再试", Temporary),
        ("12", "服务异常", Temporary),
        ("21", "Service unavailable", Temporary),
        ("24", "系统维护中", Temporary),
        ("24", "云鼎平台繁忙，请稍后再试", Temporary),
        ("19", "access_token已过期，请稍后重试", AuthExpired),
        ("8", "非法的时间戳参数", Refused),
    ],
)
def test_a_passing_trouble_outweighs_the_code(
    code: str, message: str, kind: type[GatewayError]
) -> None:
    """Nobody renews credentials because the platform is busy; an expired token says so itself."""
    assert type(error_of(CALL, code, message, SHOP)) is kind


SENSITIVE = "该 api 是敏感 api，请将您的 app 入驻云鼎平台方可调用"


@pytest.mark.parametrize(
    ("code", "message"),
    [("24", SENSITIVE), ("31337", SENSITIVE), ("", SENSITIVE), ("99904030005", "sensitive api")],
)
def test_what_is_answered_only_from_inside_the_cloud_says_so(code: str, message: str) -> None:
    """Whatever the code: none is documented for it. The configuration must name a relay there."""
    error = error_of(CALL, code, message, SHOP)
    assert type(error) is Misdirected
    assert "only from inside its own cloud" in str(error)
    assert "`python3 scheduler_manager.py connect jd_1`" in str(error)


def test_a_quota_or_a_token_is_no_matter_of_the_cloud() -> None:
    """What the platform lists for them stays what it is."""
    assert type(error_of(CALL, "2", "云鼎应用调用次数", SHOP)) is Temporary
    assert type(error_of(CALL, "19", "无效access_token，云鼎", SHOP)) is AuthExpired


def test_a_spent_quota_is_not_tried_again_in_this_run() -> None:
    """It opens on the next day: the wait is longer than a run's patience; others wait for none."""
    quota, other = error_of(CALL, "2", "", SHOP), error_of(CALL, "65", "", SHOP)
    assert isinstance(quota, Temporary)
    assert isinstance(other, Temporary)
    assert quota.wait > Patience().deadline.total_seconds()
    assert other.wait == 0


@pytest.mark.parametrize("code", ["2", "19", "10100002", ""])
def test_an_interfaces_own_failure_is_temporary(code: str) -> None:
    """Its codes are not the gateway's: a 19 there is no token."""
    error = failure_of(CALL, code, "查询失败")
    assert type(error) is Temporary
    assert error.wait == 0
    assert "'查询失败': run it again later" in str(error)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("refresh_token无效", AuthExpired),
        ("refresh_token已过期,请重新授权", AuthExpired),
        ("invalid refresh_token", AuthExpired),
        ("无效的app_key或app_secret", AuthExpired),
        ("", Temporary),
        ("未知错误", Temporary),
        ("refresh_token校验异常，请重试", Temporary),
        ("系统繁忙,请稍后再试", Temporary),
        ("服务器内部错误", Temporary),
        ("Server busy", Temporary),
    ],
)
def test_a_refused_refresh_is_told_by_its_words(message: str, kind: type[GatewayError]) -> None:
    """No list of these codes is published; only a trouble of the platform's own passes."""
    error = refresh_error_of(CALL, "100", message, SHOP)
    assert type(error) is kind
    assert error.code == "100"


def test_a_message_that_repeats_secrets_is_masked() -> None:
    """What the gateway echoes does not reach the logs."""
    texts = [
        str(error_of(CALL, "12", "sign of s3cret with t0ken", SHOP)),
        str(refresh_error_of(CALL, "100", "r3fresh of s3cret", SHOP)),
    ]
    for text in texts:
        assert "s3cret" not in text
        assert "t0ken" not in text
        assert "r3fresh" not in text
