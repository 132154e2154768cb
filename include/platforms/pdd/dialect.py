"""拼多多's open platform: how it is spoken to, and which shop a token belongs to.

POST of a signed, flat JSON object to `{base}/api/router`; its `type` names the interface. An answer
is an object with one key, which cannot be told from the type.
"""

from __future__ import annotations

import json
import time
from hashlib import md5
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from include.errors import ConfigurationError
from include.gateways.dialect import Call, Request
from include.gateways.errors import Malformed
from include.gateways.fields import Code, WholeNumber, Words, parsed
from include.gateways.limiter import Limit
from include.gateways.tokens import granted
from include.language import _
from include.platforms.pdd.codes import error_of
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.gateways.client import GatewayClient
    from include.gateways.connection import Connection
    from include.gateways.dialect import Tokens

PATH = "/api/router"
REFUNDS = "pdd.refund.list.increment.get"
MALL = "pdd.mall.info.get"
REFRESH = "pdd.pop.auth.token.refresh"
ANSWERS = {
    REFUNDS: "refund_increment_get_response",
    MALL: "mall_info_get_response",
    REFRESH: "pop_auth_token_refresh_response",
}
HEADERS = {"Content-Type": "application/json"}
# The field of a connection's extra for an app that may call more often than others, per shop.
GRANTED = "calls_per_10s"


def signature(secret: str, params: Mapping[str, str]) -> str:
    """Sign parameters: MD5, in upper-case hex, of the sorted keys with their values in secrets."""
    pairs = "".join(f"{key}{params[key]}" for key in sorted(params) if key != "sign")
    return md5(f"{secret}{pairs}{secret}".encode()).hexdigest().upper()  # noqa: S324 - the platform's choice


def written(value: Any) -> str:
    """Write a parameter's value as it is signed and sent."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


class Pdd:
    """The dialect of 拼多多's open platform."""

    name = "pdd"
    # What the refund list allows; the other interfaces that we use allow more.
    limits: Sequence[Limit] = (Limit(100, 10, per="shop"), Limit(500, 1))

    def __init__(self, connection: Connection) -> None:
        """Speak for the app of a connection; raises ConfigurationError for an invalid GRANTED."""
        self.connection = connection
        if GRANTED in connection.extra:
            of_shop, of_app = self.limits
            self.limits = (of_shop._replace(calls=_granted(connection)), of_app)

    def request(self, call: Call, access_token: str) -> Request:
        """Sign a call as of now."""
        return self._signed(call.method, {**call.params, "access_token": access_token})

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Return what an answer's one key holds, or raise what its code says."""
        return self._unwrapped(call, call.method, envelope)

    def refresh_request(self, call: Call, refresh_token: str) -> Request:  # noqa: ARG002 - the protocol's signature
        """Sign what asks for new tokens, as of now."""
        return self._signed(REFRESH, {"refresh_token": refresh_token})

    def refreshed(self, call: Call, envelope: Any) -> Tokens:
        """Return the new tokens in an answer, or raise what its code says."""
        return granted(self._unwrapped(call, REFRESH, envelope), call)

    def _signed(self, method: str, params: Mapping[str, Any]) -> Request:
        texts = {key: written(value) for key, value in params.items() if value is not None}
        texts |= {
            "type": method,
            "client_id": self.connection.app_key,
            "timestamp": str(int(time.time())),
            "data_type": "JSON",
        }
        texts["sign"] = signature(self.connection.app_secret, texts)
        body = json.dumps(texts, ensure_ascii=False).encode()
        return Request(self.connection.address(PATH), HEADERS, body)

    def _unwrapped(self, call: Call, method: str, envelope: Any) -> Any:
        if not isinstance(envelope, dict):
            raise Malformed(
                call, _("the answer is no JSON object: {answer}", answer=quoted(envelope))
            )
        if "error_response" in envelope:
            answer = parsed(_Failed, envelope, call).error_response
            raise error_of(
                call,
                answer.error_code,
                answer.error_msg,
                self.connection,
                sub_code=answer.sub_code,
                sub_message=answer.sub_msg,
            )
        if ANSWERS[method] not in envelope:
            there = quoted(sorted(envelope))
            raise Malformed(
                call,
                _(
                    "field {field} is missing from the answer: {there}",
                    field=ANSWERS[method],
                    there=there,
                ),
            )
        return envelope[ANSWERS[method]]


def _granted(connection: Connection) -> int:
    """Return how many calls in 10 seconds a shop of a connection's app is allowed."""
    calls = connection.extra[GRANTED]
    if isinstance(calls, str) and calls.isdecimal():  # as a connection in URI form has it
        calls = int(calls)
    if type(calls) is int and calls > 0:  # true is no number here
        return calls
    raise ConfigurationError(
        "connection {id}: extra.{field} is not a whole number above 0: write how many calls "
        "in 10 seconds the platform allows this app for each shop, or leave it out (100)",
        id=connection.id,
        field=GRANTED,
    )


class _Error(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    error_code: Code = ""
    error_msg: Words = ""
    sub_code: Words = ""
    sub_msg: Words = ""


class _Failed(BaseModel):
    error_response: _Error


class Mall(BaseModel):
    """The shop that a token belongs to."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    mall_id: WholeNumber
    mall_name: Words = ""


async def mall(client: GatewayClient, number: int) -> Mall:
    """Ask which shop the client's token belongs to; `number` is the one it should be.

    Raises:
        GatewayError: as `GatewayClient.call` does, or the answer is Malformed.
    """
    call = Call(MALL, shop=number)
    return parsed(Mall, await client.call(call), call)
