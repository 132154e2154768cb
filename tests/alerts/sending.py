"""Sends by a channel as the watchdog does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from include.alerts.channels import Channel, Credentials, send
from include.alerts.messages import Message

if TYPE_CHECKING:
    from include.alerts.messages import Receipt

LATE = Message(
    "【数据迟到】京东门店数据 2026-11-28",
    (
        "10:00 截止，3 家店铺缺 2 家：",
        "· 示例京东旗舰店：授权失效（连接 jd_1）——请店铺重新授权",
        "· 示例京东专营店：平台繁忙，已重试 2 次，10:07 再试",
        "处理：python3 scheduler_manager.py repair --job jd_store --yes",
        "详情：http://127.0.0.1:8080/plugin/coverage?job=jd_store",
    ),
    number="#A123",
)


def credentials(**fields: Any) -> Credentials:
    """Return those of connection `alert_it`."""
    value = json.dumps({"conn_type": "http", **fields})
    return Credentials.from_env("alert_it", {"AIRFLOW_CONN_ALERT_IT": value})


def sent(
    kind: str,
    given: Credentials,
    message: Message = LATE,
    patience: float | None = None,
    language: str = "zh",
    **settings: Any,
) -> Receipt:
    """Send once, to the end."""
    channel = Channel("ops", kind, language=language, **settings)
    return asyncio.run(send(channel, given, message, patience))
