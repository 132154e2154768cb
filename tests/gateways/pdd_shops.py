"""The sandbox's PDD shops, as the scripts are given them."""

from __future__ import annotations

import json
from typing import Any

from include.gateways.connection import Connection
from sandbox.credentials import (
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
    access_token_of,
    refresh_token_of,
)


def fields_of(base_url: str, number: int) -> dict[str, Any]:
    """Return the Airflow connection of a shop."""
    return {
        "conn_type": "http",
        "host": base_url,
        "login": SANDBOX_APP_KEY,
        "password": SANDBOX_APP_SECRET,
        "extra": {
            "access_token": access_token_of("pdd", number),
            "refresh_token": refresh_token_of("pdd", number),
        },
    }


def connection_of(base_url: str, number: int) -> Connection:
    """Return it as a client takes it."""
    name = f"pdd_{number % 100}"
    environ = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields_of(base_url, number))}
    return Connection.from_env(name, environ)
