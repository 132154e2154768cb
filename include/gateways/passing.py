"""The words with which a platform says that a trouble is its own and passes.

A gateway that is in trouble may write any of its codes: its token service that does not answer
becomes the code for an invalid token. So the words outweigh the code.
"""

from __future__ import annotations

import re

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
# Enough of a doubt where no list of codes says otherwise.
PERHAPS = re.compile(r"异常|重试|再试|系统|服务|system|server|service|later|again", re.IGNORECASE)


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
