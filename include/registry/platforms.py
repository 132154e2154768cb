"""The platforms that the project knows: all that is said of them besides how they are spoken to.

Their code is in `include/platforms/`; what stands here is read by rooms that never call them, such
as messages and alerts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from include.language import CHINESE, language


class PlatformFacts(NamedTuple):
    """What is known of a platform."""

    chinese: str  # what people call it
    english: str  # the same for who reads English
    # Where its gateway is: for messages and as a default, a call goes where the connection says
    host: str
    console: str  # where its apps are looked after
    # How far its lists may be behind what happens: they are read from replicas that follow some
    # time later. What happened later than this before now may be missing from them
    lag: timedelta
    # What its own pages call a connection's login and password
    keys: tuple[str, str] = ("app key", "app secret")
    # Each account numbers its own shops; elsewhere a number is one store, whoever asks for it
    numbered_by_account: bool = False

    def named(self) -> str:
        """Return what people call it, in the language of the moment."""
        return self.chinese if language() == CHINESE else self.english


PLATFORMS = {
    "erp": PlatformFacts(
        "ERP",
        "ERP",
        host="https://openapi.jushuitan.com",
        console="https://open.jushuitan.com",
        lag=timedelta(minutes=1),
        numbered_by_account=True,
    ),
    "jd": PlatformFacts(
        "京东",
        "JD",
        host="https://api.jd.com",
        console="https://open.jd.com",
        lag=timedelta(minutes=1),
    ),
    "pdd": PlatformFacts(
        "拼多多",
        "PDD",
        host="https://gw-api.pinduoduo.com",
        console="https://open.pinduoduo.com",
        lag=timedelta(minutes=3),
        keys=("client_id", "client_secret"),
    ),
}
ANY_HOST = "https://gateway.example.com"


def host_of(platform: str) -> str:
    """Return where a platform's gateway is; an example where it is none that is known."""
    return PLATFORMS[platform].host if platform in PLATFORMS else ANY_HOST
