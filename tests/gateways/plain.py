"""A platform without quirks: a call is a POST of its parameters, an answer is its data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.gateways.dialect import Call, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateways.connection import Connection
    from include.gateways.limiter import Limit


class Plain:
    """Its dialect: the token goes in a header."""

    name = "plain"
    limits: Sequence[Limit] = ()

    def __init__(self, connection: Connection) -> None:
        """Speak for a connection."""
        self.connection = connection

    def request(self, call: Call, access_token: str) -> Request:
        """Write the parameters as JSON."""
        url = f"{self.connection.base_url}{call.method}"
        headers = {"Content-Type": "application/json", "Token": access_token}
        return Request(url, headers, json.dumps(call.params).encode())

    def unwrap(self, call: Call, envelope: Any) -> Any:  # noqa: ARG002 - the protocol's signature
        """Return all of it."""
        return envelope
