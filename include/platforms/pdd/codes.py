"""What 拼多多's error codes mean.

The platform's main and sub codes are numbers of one list. The main code decides; where it only says
that something failed inside, or is not in the list, a sub code of the list says more. What neither
knows is temporary: if it is not, it costs a few calls more and fails with the same text. So is what
comes with words that speak of a passing trouble of the platform's own, whatever the code.
"""

from __future__ import annotations

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

CONSOLE = PLATFORMS["pdd"].console
AUTHORISING = "https://fuwu.pinduoduo.com/service-market/auth"

SHOP_LIMIT, APP_LIMIT, DEGRADED = "shop", "app", "degraded"
INSIDE, MAINTENANCE = "inside", "offline"
TOKEN, MISMATCH, CLIENT, SECRET, ADDRESS = "token", "mismatch", "client", "secret", "address"
CLOCK, PARAMETER, METHOD, PERMISSION = "clock", "parameter", "method", "permission"
ADDRESSEE, RISK, TESTING, UNKNOWN = "addressee", "risk", "testing", "unknown"
CLOUD = "cloud"

CODES = {
    PARAMETER: (10000, 10001, 21001, 21002, 52004),
    CLIENT: (10016,),
    METHOD: (10017, 20034, 20035),
    ADDRESSEE: (10018, 30000, 30001),
    TOKEN: (10019, 10035),  # 10035 is what 10019 was in older lists
    SECRET: (20004,),
    ADDRESS: (20005,),
    PERMISSION: (20031,),
    MISMATCH: (20032,),
    INSIDE: (50000, 50001, 50002, 52001, 52002),
    APP_LIMIT: (52101,),
    DEGRADED: (52102, 52103),
    SHOP_LIMIT: (70031,),
    RISK: (70032, 70034, 70035),
    MAINTENANCE: (70033,),
    TESTING: (70036,),
}
CAUSES = {code: cause for cause, codes in CODES.items() for code in codes}
# A common parameter has one code for all; its name stands in the message.
PUBLIC_PARAMETER, TIMESTAMP = 10001, "timestamp"

# Seconds after which another try makes sense: a shop's limit counts over 10 s, an app's over 1 s.
WAITS = {SHOP_LIMIT: 10.0, APP_LIMIT: 1.0, DEGRADED: 30.0, INSIDE: 0.0, MAINTENANCE: 60.0}
WAITS[UNKNOWN] = 0.0
EXPIRED = (TOKEN, MISMATCH)
RENEW = N_(
    "authorise the shop again at {authorising} and put the new tokens into "
    "extra.access_token and extra.refresh_token of connection {connection}"
)
REPAIRS = {
    SHOP_LIMIT: N_(
        "more than 100 calls in 10 seconds: somebody else calls for this shop, too; stop "
        "that, and run it again"
    ),
    APP_LIMIT: N_(
        "the interface is called too often: somebody else calls with this client_id, too; "
        "run it again later"
    ),
    DEGRADED: N_("the platform has switched the interface off for a while: run it again later"),
    INSIDE: N_("the platform failed inside: run it again later; if it stays, ask at {console}"),
    MAINTENANCE: N_("the platform is being maintained: run it again later"),
    TOKEN: N_("the access token has expired: {renew}"),
    MISMATCH: N_(
        "the access token is not valid, or is another client_id's: check the login (client_id) "
        "of connection {connection}, else {renew}"
    ),
    CLIENT: N_(
        "the app is unknown or offline: check the login (client_id) of connection {connection}"
    ),
    SECRET: N_(
        "the signature is wrong: check the password (client_secret) of connection {connection}"
    ),
    ADDRESS: N_(
        "this machine's address is not allowed: add it to the app's IP whitelist at {console}"
    ),
    CLOCK: N_("the timestamp is too far off: set this machine's clock"),
    PARAMETER: N_("a parameter is missing or invalid: compare the call with its page at {console}"),
    METHOD: N_(
        "the interface is not there (any more), or not at this gateway: check the host of "
        "connection {connection}, and the interface's page at {console}"
    ),
    PERMISSION: N_(
        "the app of connection {connection} may not use this interface for this shop: add its "
        "permission package (售后管理) to the app at {console}, then authorise the shop again"
    ),
    ADDRESSEE: N_(
        "the app may not act for another one: check the app of connection {connection} at {console}"
    ),
    RISK: N_(
        "the platform forbids the call and sees a risk in the app or the shop: ask the "
        "platform (ddjb@pinduoduo.com) about the app of connection {connection}"
    ),
    TESTING: N_(
        "the app of connection {connection} is in its test phase and its calls are used up: "
        "apply at {console} to take it online"
    ),
    CLOUD: FROM_INSIDE,
    UNKNOWN: N_("run it again later; if it stays so, look the code up at {console}"),
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
    """Return the error that an `error_response` stands for."""
    cause = _cause(code, sub_code, message, sub_message)
    where = {"connection": connection.id, "console": CONSOLE}
    renew = _(RENEW, authorising=AUTHORISING, **where)
    shown = connection.masked(" ".join(filter(None, (message, sub_code, sub_message))))
    problem = coded(code, shown, _(REPAIRS[cause], renew=renew, **where))
    if cause in WAITS:
        return Temporary(call, problem, code=code, wait=WAITS[cause])
    kind = AuthExpired if cause in EXPIRED else Misdirected if cause == CLOUD else Refused
    return kind(call, problem, code=code)


def _cause(code: int | str, sub_code: str, message: str, sub_message: str) -> str:
    cause = CAUSES.get(code, UNKNOWN) if isinstance(code, int) else UNKNOWN
    words = message or sub_message
    if cause in (INSIDE, UNKNOWN) and sub_code.isascii() and sub_code.isdecimal():
        cause, words = CAUSES.get(int(sub_code), cause), sub_message
    if cause not in WAITS and passes(words, is_listed=True):
        return INSIDE
    said = f"{message} {sub_message}"
    is_limit = cause in WAITS and cause not in (INSIDE, UNKNOWN)
    if is_for_inside(said) and not is_limit and cause not in EXPIRED:
        return CLOUD
    if code == PUBLIC_PARAMETER and TIMESTAMP in said.lower():
        return CLOCK
    return cause
