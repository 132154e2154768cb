"""Calls to the sandbox's PDD gateway, made without our client."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from sandbox.credentials import SANDBOX_APP_KEY, SANDBOX_APP_SECRET, access_token_of
from tests.conftest import HTTP

if TYPE_CHECKING:
    from datetime import datetime

REFUNDS = "pdd.refund.list.increment.get"
MALL = "pdd.mall.info.get"
REFRESH = "pdd.pop.auth.token.refresh"


def signed(
    method: str, shop: int = 20001, secret: str = SANDBOX_APP_SECRET, **changes: Any
) -> dict[str, Any]:
    """Write a good call with some changes; None leaves a parameter out."""
    params = {
        "type": method,
        "client_id": SANDBOX_APP_KEY,
        "access_token": access_token_of("pdd", shop),
        "timestamp": str(int(time.time())),
        "data_type": "JSON",
        **changes,
    }
    given = {key: value for key, value in params.items() if value is not None}
    text = secret + "".join(f"{key}{given[key]}" for key in sorted(given)) + secret
    return {**given, "sign": hashlib.md5(text.encode()).hexdigest().upper()}  # noqa: S324 - the platform's choice


def window(begin: datetime, end: datetime, **changes: Any) -> dict[str, Any]:
    """Write the parameters of a window of the refund list; wall clock of Asia/Shanghai."""
    return {
        "after_sales_status": 10,
        "after_sales_type": 1,
        "start_updated_at": epoch(begin),
        "end_updated_at": epoch(end),
        "page": 1,
        "page_size": 100,
        **changes,
    }


def epoch(moment: datetime) -> int:
    """Return a wall clock of Asia/Shanghai in seconds since 1970."""
    return round((moment - type(moment)(1970, 1, 1, 8)).total_seconds())


def post(base_url: str, call: dict[str, Any], fault: str = "") -> dict[str, Any]:
    """Return the envelope."""
    headers = {"X-Sandbox-Fault": fault} if fault else {}
    body = json.dumps(call)
    answer = HTTP.post(f"{base_url}/api/router", content=body, headers=headers)
    envelope: dict[str, Any] = answer.raise_for_status().json()
    return envelope


def listed(base_url: str, call: dict[str, Any], fault: str = "") -> dict[str, Any]:
    """Return the data of an answer with rows."""
    data: dict[str, Any] = post(base_url, call, fault)["refund_increment_get_response"]
    return data
