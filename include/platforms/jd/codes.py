"""What 京东's error codes mean.

Only codes of the platform's published list decide, unless the message speaks of a passing trouble
of the platform's own. All others are taken for temporary: the gateway
passes on what the services behind it say, whose codes nobody publishes, and a passing trouble of
theirs must not cost a day. If it is none, it costs a few calls more and fails with the same text.
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

CONSOLE = PLATFORMS["jd"].console

QUOTA, TOKEN, SECRET, CLOCK, KEY = "quota", "token", "secret", "clock", "key"
VERSION, METHOD, PERMISSION, UNKNOWN = "version", "method", "permission", "unknown"
INSIDE = "inside"

CODES = {
    QUOTA: ("2",),
    VERSION: ("4", "5"),
    CLOCK: ("7", "8"),
    SECRET: ("11", "12"),
    METHOD: ("14", "15"),
    TOKEN: ("18", "19"),
    KEY: ("20", "21"),
    PERMISSION: ("24",),
    INSIDE: ("99904030005",),
}
CAUSES = {code: cause for cause, codes in CODES.items() for code in codes}
# A spent quota opens on the next day: later than any run still waits.
NEXT_DAY_IN_SECONDS = 24 * 3600.0
RENEW = N_(
    "authorise the shop again at {console} and put the new tokens into extra.access_token "
    "and extra.refresh_token of connection {connection}"
)
REPAIRS = {
    QUOTA: N_(
        "the app's calls of today are used up: run it again tomorrow, or ask for more at {console}"
    ),
    TOKEN: N_("the access token is missing, invalid or has expired: {renew}"),
    SECRET: N_(
        "the signature is wrong: check the password (app secret) of connection {connection}"
    ),
    CLOCK: N_("the timestamp is more than 6 minutes off: set this machine's clock"),
    KEY: N_("the app is not known: check the login (app key) of connection {connection}"),
    VERSION: N_(
        "the gateway no longer speaks version 2.0: check the host of connection {connection}, "
        "then the platform's news at {console}"
    ),
    METHOD: N_(
        "the gateway does not have this interface (any more): check the host of "
        "connection {connection}, then the interface's page at {console}"
    ),
    PERMISSION: N_(
        "the app of connection {connection} may not use this interface: apply for it at "
        "{console}, then authorise the shop again"
    ),
    INSIDE: FROM_INSIDE,
    UNKNOWN: N_("run it again later; if it stays, look the code up at {console}"),
}
# What only a person can change, unless the message speaks of a trouble that passes.
FINAL = re.compile(
    r"token|授权|过期|失效|无效|expired|invalid|app_?key|secret|client|grant|refresh", re.IGNORECASE
)


def error_of(call: Call, code: str, message: str, connection: Connection) -> GatewayError:
    """Return the error that a code other than 0 and its message stand for."""
    cause = CAUSES.get(code, UNKNOWN)
    if cause != QUOTA and passes(message, is_listed=True):
        cause = UNKNOWN
    elif cause not in (QUOTA, TOKEN) and is_for_inside(message):
        cause = INSIDE
    where = {"connection": connection.id, "console": CONSOLE}
    repair = _(REPAIRS[cause], renew=_(RENEW, **where), **where)
    problem = coded(code, connection.masked(message), repair)
    if cause in (QUOTA, UNKNOWN):
        wait = NEXT_DAY_IN_SECONDS if cause == QUOTA else 0.0
        return Temporary(call, problem, code=code, wait=wait)
    kind = {TOKEN: AuthExpired, INSIDE: Misdirected}.get(cause, Refused)
    return kind(call, problem, code=code)


def failure_of(call: Call, code: str, message: str) -> Temporary:
    """Return the error that an interface's own `success: false` stands for.

    Its code is one of the interface's own, where a 2 or a 19 means something else, and none of them
    is published: so it is temporary, as said above.
    """
    return Temporary(
        call, coded(code, message, _(REPAIRS[UNKNOWN], console=CONSOLE)), code=code or None
    )


def refresh_error_of(call: Call, code: str, message: str, connection: Connection) -> GatewayError:
    """Return the error that an answer without tokens stands for; see `error_of`.

    No list of these codes is published. A token that has expired cannot be refreshed: where the
    message speaks of it, a person must help. Anything else is temporary, as said above.
    """
    shown = connection.masked(message)
    if passes(message, is_listed=False) or not FINAL.search(message):
        return Temporary(call, coded(code, shown, _(REPAIRS[UNKNOWN], console=CONSOLE)), code=code)
    repair = _(RENEW, connection=connection.id, console=CONSOLE)
    return AuthExpired(call, coded(code, shown, repair), code=code)
