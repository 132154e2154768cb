"""The sandbox's only app and its grants: well-known, valid nowhere else, and no secret.

A token carries in its text whose it is and how often it was refreshed (its generation), so a
sandbox that was restarted accepts what an earlier one has issued. Any number of a shop is granted.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from sandbox.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX_APP_KEY = "sandbox-app-key"
SANDBOX_APP_SECRET = "sandbox-app-secret-not-a-secret"  # noqa: S105 - known to everybody
SANDBOX_ACCESS_TOKEN = "sandbox-access-token-not-a-secret"  # noqa: S105 - the same
FEED_TOKEN = "sandbox-feed-token-not-a-secret"  # noqa: S105 - the same

# One grant of the ERP is for all its shops: that of an account, which has this number.
ERP_ACCOUNT = 0
SHOPS_OF = {name: platform.shops for name, platform in PLATFORMS.items()}
LIFETIME_IN_SECONDS = 30 * 24 * 3600
TOLERANCE_IN_SECONDS = 10 * 60
TOKEN = re.compile(rf"sandbox-({'|'.join(PLATFORMS)})-(\d+)-g(\d+)-(access|refresh)")


def access_token_of(platform: str, number: int, generation: int = 0) -> str:
    """Return the access token of a grant: the first one, or the one after so many refreshes.

    Args:
        platform: one of `PLATFORMS`.
        number: of the shop; `ERP_ACCOUNT` for the ERP.
        generation: how often it has been refreshed.
    """
    if (platform, number, generation) == ("erp", ERP_ACCOUNT, 0):
        return SANDBOX_ACCESS_TOKEN
    return f"sandbox-{platform}-{number}-g{generation}-access"


def refresh_token_of(platform: str, number: int, generation: int = 0) -> str:
    """Return the refresh token of a grant; arguments as those of `access_token_of`."""
    return f"sandbox-{platform}-{number}-g{generation}-refresh"


def is_recent(timestamp: str) -> bool:
    """Return whether a request of some epoch second is no more than ten minutes off."""
    return timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= TOLERANCE_IN_SECONDS


def digest(params: Mapping[str, str], end: str = "") -> str:
    """Return the MD5, in lower case, over the app's secret, all parameters by name, and an end."""
    text = "".join(key + value for key, value in sorted(params.items()) if key != "sign")
    whole = f"{SANDBOX_APP_SECRET}{text}{end}".encode()
    return hashlib.new("md5", whole, usedforsecurity=False).hexdigest()


@dataclass
class _Grant:
    """What this sandbox knows of one shop's grant.

    Attributes:
        issued: the generation that it issued last; None: any one is accepted.
        ends: when that one expires, on the monotonic clock.
    """

    issued: int | None = None
    ends: float = float("inf")

    def takes(self, generation: int) -> bool:
        return self.issued in (None, generation)

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self.ends


@dataclass
class TokenOffice:
    """Issues tokens and tells whose they are; the one place of all platforms.

    Attributes:
        lifetimes: seconds that a platform's refreshed tokens live.
        refreshes: how many there were, by platform and shop's number.
        refused: how many refresh tokens were turned away, by platform.
    """

    lifetimes: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(PLATFORMS, LIFETIME_IN_SECONDS)
    )
    refreshes: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _grants: dict[tuple[str, int], _Grant] = field(default_factory=dict)
    _all_expired: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def shop_of(self, platform: str, access_token: str) -> int | None:
        """Return whose an access token is.

        Args:
            platform: one of `PLATFORMS`.
            access_token: as it came with a call.

        Returns:
            the shop's number (`ERP_ACCOUNT` for the ERP's); None: it is invalid or has expired.
        """
        if (number := _read(platform, access_token, "access")) is None:
            return None
        shop, generation = number
        with self._lock:
            grant = self._grant(platform, shop)
            return shop if grant.takes(generation) and not grant.expired else None

    def refresh(self, platform: str, refresh_token: str) -> dict[str, Any] | None:
        """Exchange a refresh token for the next tokens; those before are worth nothing from now.

        Returns:
            access_token, refresh_token and expires_in (seconds); None: it is invalid, was
            exchanged before, or came too late (`is_lost_once_expired`).
        """
        number = _read(platform, refresh_token, "refresh")
        with self._lock:
            if number is None or not self._refreshable(platform, *number):
                self.refused[platform] += 1
                return None
            shop, generation = number
            lifetime = self.lifetimes[platform]
            self._grants[platform, shop] = _Grant(generation + 1, time.monotonic() + lifetime)
            self.refreshes[platform, shop] += 1
        return {
            "access_token": access_token_of(platform, shop, generation + 1),
            "refresh_token": refresh_token_of(platform, shop, generation + 1),
            "expires_in": int(lifetime),
        }

    def expire(self, platform: str, shop: int | None = None) -> None:
        """Refuse the access tokens of a shop (None: of all) until they are refreshed."""
        with self._lock:
            if shop is None:
                self._all_expired[platform] = time.monotonic()
                shops = [one for name, one in self._grants if name == platform]
            else:
                shops = [shop]
            for one in shops:
                self._grant(platform, one).ends = time.monotonic()

    def authorise(self, platform: str, shop: int | None = None) -> None:
        """Act as the owner of a shop (None: of all) who authorises the app again.

        Any token that is written well is good then, so also the first one.
        """
        with self._lock:
            if shop is None:
                self._all_expired.pop(platform, None)
                self._grants = {
                    key: grant for key, grant in self._grants.items() if key[0] != platform
                }
            else:
                self._grants[platform, shop] = _Grant()

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return how often tokens were refreshed and refused, and their lifetime, by platform."""
        with self._lock:
            return {
                platform: {
                    "refreshes": self._refreshes_of(platform),
                    "refused": self.refused[platform],
                    "lifetime": self.lifetimes[platform],
                }
                for platform in PLATFORMS
            }

    def _refreshable(self, platform: str, shop: int, generation: int) -> bool:
        grant = self._grant(platform, shop)
        lost = grant.expired and PLATFORMS[platform].is_lost_once_expired
        return grant.takes(generation) and not lost

    def _refreshes_of(self, platform: str) -> dict[str, int]:
        found = sorted(self.refreshes.items())
        return {str(shop): number for (name, shop), number in found if name == platform}

    def _grant(self, platform: str, shop: int) -> _Grant:
        ends = self._all_expired.get(platform, float("inf"))
        return self._grants.setdefault((platform, shop), _Grant(None, ends))


def _read(platform: str, token: str, kind: str) -> tuple[int, int] | None:
    """Return a token's shop and generation, if it is one of this platform and kind."""
    if (platform, kind, token) == ("erp", "access", SANDBOX_ACCESS_TOKEN):
        return ERP_ACCOUNT, 0
    match = TOKEN.fullmatch(token)
    if match is None or (match[1], match[4]) != (platform, kind):
        return None
    return int(match[2]), int(match[3])
