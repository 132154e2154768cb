"""The connections that lead a new installation to the sandbox instead of the platforms."""

from __future__ import annotations

import json

from sandbox.credentials import (
    FEED_TOKEN,
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
    SHOPS_OF,
    access_token_of,
    refresh_token_of,
)

ERP = "聚水潭 as delivered, the sandbox; edit host, login, password, extra for live"
JD = "京东 as delivered, the sandbox; one connection per shop, since each grants its own token"
PDD = "拼多多 as delivered, the sandbox; one connection per shop, since each grants its own token"
FEED = "feeds of PDD as delivered, the sandbox; edit host, password, extra for your data service"


def connections(base_url: str) -> dict[str, dict[str, str]]:
    """Return the fields of each connection (as `airflow.models.Connection` takes them) by its id.

    Args:
        base_url: where the sandbox listens.
    """
    found = {"erp": _granted(base_url, "erp", 0, ERP)}
    for platform, description in (("jd", JD), ("pdd", PDD)):
        for place, number in enumerate(SHOPS_OF[platform], start=1):
            found[f"{platform}_{place}"] = _granted(base_url, platform, number, description)
    found["pdd_feed"] = {
        "conn_type": "http",
        "host": base_url,
        "password": FEED_TOKEN,
        "extra": json.dumps({"auth": "bearer", "sandbox": True}),
        "description": FEED,
    }
    return found


def _granted(base_url: str, platform: str, number: int, description: str) -> dict[str, str]:
    extra = {
        "access_token": access_token_of(platform, number),
        "refresh_token": refresh_token_of(platform, number),
        "sandbox": True,
    }
    if platform == "jd":
        extra["oauth_host"] = base_url
    return {
        "conn_type": "http",
        "host": base_url,
        "login": SANDBOX_APP_KEY,
        "password": SANDBOX_APP_SECRET,
        "extra": json.dumps(extra),
        "description": description,
    }
