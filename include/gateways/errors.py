"""What can go wrong at a gateway, told apart by what is to be done about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.errors import ExpectedError
from include.language import N_, Message, _, clauses

if TYPE_CHECKING:
    from include.gateways.dialect import Call

CHANGED = N_(
    "run it again; if it stays so, the platform answers otherwise than it documents: ask it"
)
# The words with which a platform says that a trouble is its own and passes. A gateway that is in
# trouble may write any of its codes: its token service that does not answer becomes the code for an
# invalid token. So the words outweigh the code.
# It is busy, in maintenance, has a fault inside or in its network, or asks to come back.
PASSING = re.compile(
    r"(?<!帮)忙|稍后|稍候"
    r"|(系统|服务|服务器|网络|内部|网关|数据库)(内部|连接|请求)?(异常|错误|故障|出错)"
    r"|(系统|服务|服务器|平台|接口|升级|停机|正在|例行)维护|维护(中|期间|升级)|^维护$"
    r"|(?<!token)不可用"
    r"|(?<!时间戳)(?<!timestamp)(?<!登录)(?<!会话)(?<!授权)超时|(?<!session )time(d )?-?out"
    r"|busy|try again|come back|unavailable|overload|maintenance|\bdown\b"
    r"|(internal|network|gateway|server|service|system)( \w+)? (error|fail)|bad gateway",
    re.IGNORECASE,
)
# It is what is sent that is wrong, however politely that is said.
CREDENTIAL = re.compile(
    r"过期|无效|失效|未授权|重新授权|expired|invalid|unauthori[sz]ed", re.IGNORECASE
)
# The clouds of 京东, 淘宝 and 拼多多, from inside which alone they answer some calls for sensitive
# data. No list has a code for that (but 京东's newer gateway says 99904030005). Whatever the code,
# words that name one say where to call from: 该 api 是敏感 api，请将您的 app 入驻云鼎平台方可调用
CLOUD = re.compile("云鼎|聚石塔|多多云")
FROM_INSIDE = N_(
    "the platform answers this call only from inside its own cloud: let a relay there pass the "
    "calls on, and give its address, with its path, as the host of connection {connection}: "
    "`{manager} connect {connection}` asks for it; docs/go-live.md says more of relays"
)
# Enough of a doubt where no list of codes says otherwise.
PERHAPS = re.compile(r"异常|重试|再试|系统|服务|system|server|service|later|again", re.IGNORECASE)


class GatewayError(ExpectedError):
    """A call that brought no data; its text says which call, what came back and what to do."""

    def __init__(self, call: Call, problem: str, *, code: int | str | None = None) -> None:
        """Describe a call's failure; `problem` ends with what a person must do, if anything."""
        super().__init__(_("{call}: {problem}", call=call, problem=problem))
        self.problem = problem  # what came back and what to do, without the call
        # The shop's number on its platform, or None for a call that concerns none
        self.shop = call.shop
        self.method = call.method  # the gateway's name for what was called
        self.page = call.page  # the number of the page, or None for a call without pages
        # What the gateway (or HTTP) called the error, or None where it gave no code
        self.code = code


class Temporary(GatewayError):  # noqa: N818 - the design's word
    """It may work later: a timeout, a reset, a 5xx, a rate limit."""

    def __init__(
        self, call: Call, problem: str, *, code: int | str | None = None, wait: float = 0
    ) -> None:
        """Describe a call's failure."""
        super().__init__(call, problem, code=code)
        self.wait = wait  # seconds before which another try is useless


class AuthExpired(GatewayError):  # noqa: N818 - the design's word
    """The access token is no longer valid: somebody must renew it."""


class Refused(GatewayError):  # noqa: N818 - the design's word
    """The gateway understood and said no: another try brings the same answer."""


class Misdirected(GatewayError):  # noqa: N818 - the design's word
    """What the configuration asks for is not there, or cannot be asked for like that, or there."""


class Malformed(GatewayError):  # noqa: N818 - the design's word
    """The answer is not what is documented: a field is missing or of another type."""

    def __init__(
        self, call: Call, problem: str, *, code: int | str | None = None, repair: str | None = None
    ) -> None:
        """Describe a call's failure; `repair`: what a person must do, where more is known."""
        repair = _(CHANGED) if repair is None else repair
        super().__init__(call, clauses(problem, repair), code=code)


def is_for_inside(message: str) -> bool:
    """Return whether a message says that the platform's own cloud is where to call from.

    One that speaks of a passing trouble does not: the cloud may be what is in trouble.
    """
    return bool(CLOUD.search(message)) and not PASSING.search(message)


def passes(message: str, *, is_listed: bool) -> bool:
    """Return whether a message speaks of a trouble that another try may not meet again.

    Args:
        message: the platform's.
        is_listed: whether a published list has the code that it came with. What has no list is
            final only where no word leaves a doubt.
    """
    if is_listed:
        return bool(PASSING.search(message)) and not CREDENTIAL.search(message)
    return bool(PASSING.search(message) or PERHAPS.search(message))


def coded(code: int | str, said: str, repair: str) -> Message:
    """Return a platform's code with what it says of it, and what to do."""
    return _("code {code} {said!r}: {repair}", code=code or _("(none)"), said=said, repair=repair)
