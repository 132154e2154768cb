"""The sandbox's only app and its grants: well-known, valid nowhere else, and no secret."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX_APP_KEY = "sandbox-app-key"
SANDBOX_APP_SECRET = "sandbox-app-secret-not-a-secret"  # noqa: S105 - known to everybody
SANDBOX_ACCESS_TOKEN = "sandbox-access-token-not-a-secret"  # noqa: S105 - the same
FEED_TOKEN = "sandbox-feed-token-not-a-secret"  # noqa: S105 - the same

# One grant of the ERP is for all its shops: that of an account, which has this number.
ERP_ACCOUNT = 0
SHOPS_OF = {
    "erp": (10001, 10002, 10003),
    "jd": (30001, 30002, 30003),
    "pdd": (20001, 20002, 20003, 20004, 20005, 20006),
}


def access_token_of(platform: str, number: int, generation: int = 0) -> str:
    """Return the access token of a grant: the first one, or the one after so many refreshes.

    Args:
        platform: erp, jd or pdd.
        number: of the shop; `ERP_ACCOUNT` for the ERP.
        generation: how often it has been refreshed.
    """
    if (platform, number, generation) == ("erp", ERP_ACCOUNT, 0):
        return SANDBOX_ACCESS_TOKEN
    return f"sandbox-{platform}-{number}-g{generation}-access"


def refresh_token_of(platform: str, number: int, generation: int = 0) -> str:
    """Return the refresh token of a grant; arguments as those of `access_token_of`."""
    return f"sandbox-{platform}-{number}-g{generation}-refresh"


def digest(params: Mapping[str, str], end: str = "") -> str:
    """Return the MD5, in lower case, over the app's secret, all parameters by name, and an end."""
    text = "".join(key + value for key, value in sorted(params.items()) if key != "sign")
    whole = f"{SANDBOX_APP_SECRET}{text}{end}".encode()
    return hashlib.new("md5", whole, usedforsecurity=False).hexdigest()
