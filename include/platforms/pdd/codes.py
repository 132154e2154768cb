"""What 拼多多's error codes mean.

The platform's main and sub codes are numbers of one list. The main code decides; where it only says
that something failed inside, or is not in the list, a sub code of the list says more. What neither
knows is temporary: if it is not, it costs a few calls more and fails with the same text. So is what
comes with words that speak of a passing trouble of the platform's own, whatever the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.gateways.errors import AuthExpired, GatewayError, Refused, Temporary
from include.gateways.passing import passes

if TYPE_CHECKING:
    from include.gateways.connection import Connection
    from include.gateways.dialect import Call

CONSOLE = "https://open.pinduoduo.com"
AUTHORISING = "https://fuwu.pinduoduo.com/service-market/auth"

SHOP_LIMIT, APP_LIMIT, DEGRADED, INSIDE, MAINTENANCE = (
    "shop",
    "app",
    "degraded",
    "inside",
    "offline",
)
TOKEN, MISMATCH, CLIENT, SECRET, ADDRESS = "token", "mismatch", "client", "secret", "address"
CLOCK, PARAMETER, METHOD, PERMISSION = "clock", "parameter", "method", "permission"
ADDRESSEE, RISK, TESTING, UNKNOWN = "addressee", "risk", "testing", "unknown"

CAUSES = {
    10000: PARAMETER,
    10001: PARAMETER,
    10016: CLIENT,
    10017: METHOD,
    10018: ADDRESSEE,
    10019: TOKEN,
    10035: TOKEN,  # what 10019 was in older lists
    20004: SECRET,
    20005: ADDRESS,
    20031: PERMISSION,
    20032: MISMATCH,
    20034: METHOD,
    20035: METHOD,
    21001: PARAMETER,
    21002: PARAMETER,
    30000: ADDRESSEE,
    30001: ADDRESSEE,
    50000: INSIDE,
    50001: INSIDE,
    50002: INSIDE,
    52001: INSIDE,
    52002: INSIDE,
    52004: PARAMETER,
    52101: APP_LIMIT,
    52102: DEGRADED,
    52103: DEGRADED,
    70031: SHOP_LIMIT,
    70032: RISK,
    70033: MAINTENANCE,
    70034: RISK,
    70035: RISK,
    70036: TESTING,
}
# A common parameter has one code for all; its name stands in the message.
PUBLIC_PARAMETER, TIMESTAMP = 10001, "timestamp"

# Seconds after which another try makes sense: a shop's limit counts over 10 s, an app's over 1 s.
WAITS = {SHOP_LIMIT: 10.0, APP_LIMIT: 1.0, DEGRADED: 30.0, INSIDE: 0.0, MAINTENANCE: 60.0}
WAITS[UNKNOWN] = 0.0
EXPIRED = (TOKEN, MISMATCH)
RENEW = (
    "authorise the shop anew at {authorising} and put the new tokens into extra.access_token and "
    "extra.refresh_token of connection {id}"
)
REPAIRS = {
    SHOP_LIMIT: (
        "more than 100 calls in 10 seconds: somebody else calls for this shop, too; "
        "stop that, and run it again"
    ),
    APP_LIMIT: (
        "the interface is called too often: somebody else calls with this client_id, too; "
        "run it again later"
    ),
    DEGRADED: "the platform has switched the interface off for a while: run it again later",
    INSIDE: "the platform failed inside: run it again later; if it stays, ask at {console}",
    MAINTENANCE: "the platform is being maintained: run it again later",
    TOKEN: "the access token has expired: " + RENEW,
    MISMATCH: (
        "the access token is not valid, or is another client_id's: check the login (client_id) of "
        "connection {id}, else " + RENEW
    ),
    CLIENT: "the app is unknown or offline: check the login (client_id) of connection {id}",
    SECRET: "the signature is wrong: check the password (client_secret) of connection {id}",
    ADDRESS: (
        "this machine's address is not allowed: add it to the app's IP whitelist at {console}"
    ),
    CLOCK: "the timestamp is too far off: set this machine's clock",
    PARAMETER: "a parameter is missing or ill: compare the call with its page at {console}",
    METHOD: (
        "the interface is not there (any more), or not at this gateway: check the host of "
        "connection {id}, and the interface's page at {console}"
    ),
    PERMISSION: (
        "the app of connection {id} may not use this interface for this shop: add its permission "
        "package (售后管理) to the app at {console}, then authorise the shop anew"
    ),
    ADDRESSEE: "the app may not act for another one: check the app of connection {id} at {console}",
    RISK: (
        "the platform forbids the call and sees a risk in the app or the shop: ask the platform "
        "(ddjb@pinduoduo.com) about the app of connection {id}"
    ),
    TESTING: (
        "the app of connection {id} is in its test phase and its calls are used up: apply at "
        "{console} to take it online"
    ),
    UNKNOWN: "run it again later; if it stays so, look the code up at {console}",
}


def error_of(
    call: Call,
    code: int | str,
    message: str,
    connection: Connection,
    *,
    sub_code: str = "",
    sub_message: str = "",
) -> GatewayError:
    """Return the error that an `error_response` stands for.

    Args:
        call: what was asked.
        code: its `error_code`; a text where it is no number.
        message: its `error_msg`.
        connection: whose secrets are kept out of the text, and which the repair names.
        sub_code: its `sub_code`, as text.
        sub_message: its `sub_msg`.
    """
    cause = _cause(code, sub_code, message, sub_message)
    repair = REPAIRS[cause].format(id=connection.id, console=CONSOLE, authorising=AUTHORISING)
    shown = connection.masked(" ".join(filter(None, (message, sub_code, sub_message))))
    problem = f"code {code or '(none)'} {shown!r}: {repair}"
    if cause in WAITS:
        return Temporary(call, problem, code=code, wait=WAITS[cause])
    return (AuthExpired if cause in EXPIRED else Refused)(call, problem, code=code)


def _cause(code: int | str, sub_code: str, message: str, sub_message: str) -> str:
    cause = CAUSES.get(code, UNKNOWN) if isinstance(code, int) else UNKNOWN
    words = message or sub_message
    if cause in (INSIDE, UNKNOWN) and sub_code.isascii() and sub_code.isdecimal():
        cause, words = CAUSES.get(int(sub_code), cause), sub_message
    if cause not in WAITS and passes(words, is_listed=True):
        return INSIDE
    if code == PUBLIC_PARAMETER and TIMESTAMP in f"{message} {sub_message}".lower():
        return CLOCK
    return cause
