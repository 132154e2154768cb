"""Asking the sandbox's 京东 gateway without our client."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.credentials import SANDBOX_APP_KEY, SANDBOX_APP_SECRET, access_token_of
from tests.conftest import HTTP

ORDERS, VENDER = "jingdong.pop.order.search", "jingdong.vender.shop.query"
FIELDS = "orderId,orderState,paymentConfirmTime,shouldPay,actualPay,itemInfoList,modified"
DAY = {
    "start_date": "2025-10-02 00:00:00",
    "end_date": "2025-10-02 23:59:59",
    "order_state": "ALL",
    "optional_fields": FIELDS,
    "page": "1",
    "page_size": "100",
}


def clock(**off: float) -> str:
    """Return what the clock in Shanghai shows, so much off."""
    now = datetime.now(timezone.utc) + timedelta(hours=8) + timedelta(**off)
    return now.strftime("%Y-%m-%d %H:%M:%S")


def signed(
    params: object,
    method: str = ORDERS,
    secret: str = SANDBOX_APP_SECRET,
    shop: int = 30001,
    **changes: str | None,
) -> dict[str, str]:
    """Write a good form with some changes; None leaves a field out."""
    form: dict[str, str | None] = {
        "method": method,
        "app_key": SANDBOX_APP_KEY,
        "access_token": access_token_of("jd", shop),
        "timestamp": clock(),
        "v": "2.0",
        "360buy_param_json": params if isinstance(params, str) else json.dumps(params),
        **changes,
    }
    given = {key: value for key, value in form.items() if value is not None}
    text = secret + "".join(key + given[key] for key in sorted(given)) + secret
    sign = hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 - the platform's choice
    return {"sign": sign, **given}


def post(base_url: str, form: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return the envelope."""
    return HTTP.post(f"{base_url}/routerjson", data=form, **more).raise_for_status().json()


def search(base_url: str, shop: int = 30001, **changes: Any) -> dict[str, Any]:
    """Ask for a day's orders with some changes; give the search's own result."""
    params = {key: value for key, value in {**DAY, **changes}.items() if value is not None}
    answer = post(base_url, signed(params, shop=shop))
    return answer["jingdong_pop_order_search_responce"]["searchorderinfo_result"]
