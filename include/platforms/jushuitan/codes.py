"""What 聚水潭's error codes mean.

The platform has published lists that contradict each other (120 or 10 for the signature, 140 or 180
for the timestamp), so only codes on which they agree decide alone; of the others in a list the
message decides, and then what the code means in the list that has it. A message that speaks of a
passing trouble of the platform's own outweighs them all.

A code that no list has is temporary, unless its message names what only a person can change: the
platform writes 999, 500, 10005 or -1 for troubles that pass. If it is none, it costs a few calls
more and fails with the same text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.gateways.errors import (
    FROM_INSIDE,
    AuthExpired,
    GatewayError,
    Misdirected,
    Refused,
    Temporary,
    coded,
    is_for_inside,
    passes,
)
from include.language import N_, _
from include.registry.platforms import PLATFORMS

if TYPE_CHECKING:
    from include.gateways.connection import Connection
    from include.gateways.dialect import Call

CONSOLE = PLATFORMS["erp"].console

SECOND, MINUTE, BUSY = "second", "minute", "busy"
SECRET, CLOCK, TOKEN, ADDRESS = "secret", "clock", "token", "address"
PARAMETER, PERMISSION, RENEWAL, UNKNOWN = "parameter", "permission", "renewal", "unknown"
CLOUD = "cloud"

SURE = {10: SECRET, 100: TOKEN, 110: ADDRESS, 130: PARAMETER, 190: PERMISSION}
SURE |= {199: SECOND, 200: MINUTE}
TOO_OFTEN = re.compile(r"频率|频繁|限流|次数.*(限制|超)")
TOLD_BY_MESSAGE = (
    (re.compile(r"timestamp|时间戳|\d+\s*分钟"), CLOCK),
    (re.compile(r"\bsign\b|签名|验签"), SECRET),
    (re.compile(r"\bip\b|白名单"), ADDRESS),
    (re.compile(r"access_?token|授权.*(过期|失效)"), TOKEN),
    (re.compile(r"权限"), PERMISSION),
)
# What decides of a code that no list has: only what names the cause and what is wrong with it.
TOLD_BY_MESSAGE_ALONE = (
    (re.compile(r"(timestamp|时间戳).*(错误|过期|超|相差|invalid)"), CLOCK),
    (
        re.compile(r"(\bsign\b|签名|验签).*(错误|失败|无效|不正确|invalid)|(无效|错误).*签名"),
        SECRET,
    ),
    (
        re.compile(
            r"(\bip\b|白名单).*(不在|无权|未|没有|不允许|禁止|受限|限制|拒绝|非法|\bnot\b|denied|forbidden)"
            r"|(不在|未加入|非|not in|not on|不允许|禁止|非法|无权).*(\bip\b|白名单|whitelist)"
        ),
        ADDRESS,
    ),
    (
        re.compile(r"(token|授权).*(过期|失效|无效|错误|不存在|expired|invalid)|invalid.*token"),
        TOKEN,
    ),
    (re.compile(r"(没有|无|未开通|缺少).*权限|权限不足"), PERMISSION),
)
ELSE_BY_CODE = {120: SECRET, 140: PARAMETER, 150: RENEWAL, 170: PARAMETER, 180: CLOCK}

# Seconds after which the limit has certainly opened again.
WAITS = {SECOND: 1.0, MINUTE: 60.0, BUSY: 0.0, UNKNOWN: 0.0}
REPAIRS = {
    SECOND: N_(
        "more than 5 calls in a second: somebody else calls with this app key, too; stop "
        "that, and run it again"
    ),
    MINUTE: N_(
        "more than 100 calls in a minute: somebody else calls with this app key, too; "
        "stop that, and run it again"
    ),
    BUSY: N_("the platform has a trouble of its own and asks to come back later"),
    SECRET: N_(
        "the signature is wrong: check the password (app secret) of connection {connection}"
    ),
    CLOCK: N_("the timestamp is too far off: set this machine's clock"),
    TOKEN: N_(
        "the access token is invalid or has expired: renew the authorisation at {console} "
        "and put the new tokens into extra.access_token and extra.refresh_token of "
        "connection {connection}"
    ),
    ADDRESS: N_(
        "this machine's address is not allowed: add it to the app's IP whitelist at {console}"
    ),
    PARAMETER: N_("a parameter is missing or invalid: compare the call with its page at {console}"),
    PERMISSION: N_(
        "the app of connection {connection} may not use this interface: apply for it at {console}"
    ),
    RENEWAL: N_(
        "this kind of app may not renew its token itself: authorise it again at {console} "
        "and put the new token into extra.access_token of connection {connection}"
    ),
    CLOUD: FROM_INSIDE,
    UNKNOWN: N_("run it again later; if it stays so, look the code up at {console}"),
}


def error_of(call: Call, code: int | str, message: str, connection: Connection) -> GatewayError:
    """Return the error that a code other than 0 and its message stand for."""
    cause = _cause(code, message.lower())
    where = {"connection": connection.id, "console": CONSOLE}
    problem = coded(code, connection.masked(message), _(REPAIRS[cause], **where))
    if cause in WAITS:
        return Temporary(call, problem, code=code, wait=WAITS[cause])
    kind = AuthExpired if cause in (TOKEN, RENEWAL) else Misdirected if cause == CLOUD else Refused
    return kind(call, problem, code=code)


def _cause(code: int | str, message: str) -> str:
    listed = (SURE | ELSE_BY_CODE).get(code) if isinstance(code, int) else None
    if listed in WAITS:
        return listed
    if TOO_OFTEN.search(message):
        return MINUTE
    if listed not in (TOKEN, RENEWAL) and is_for_inside(message):
        return CLOUD
    if passes(message, is_listed=listed is not None):
        return BUSY
    if listed and code in SURE:
        return listed
    rules = TOLD_BY_MESSAGE if listed else TOLD_BY_MESSAGE_ALONE
    told = (cause for words, cause in rules if words.search(message))
    return next(told, listed or UNKNOWN)
