"""聚水潭's open platform: its dialect, and the shops of an account.

POST of a signed form to `{base}/open/…`, answered by `{"code": 0, "msg": "…", "data": {…}}`. Times
are the wall clock of Asia/Shanghai.
"""

from __future__ import annotations

import json
import time
from functools import partial
from hashlib import md5
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field

from include.gateways.dialect import Call, Request
from include.gateways.errors import Malformed, Temporary
from include.gateways.fields import Code, Row, WholeNumber, Words, none_is_empty, parsed
from include.gateways.limiter import Limit
from include.gateways.tokens import granted
from include.language import _
from include.platforms.jushuitan.codes import error_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.gateways.client import GatewayClient
    from include.gateways.connection import Connection
    from include.gateways.dialect import Tokens

SHOPS = "/open/shops/query"
REFRESH = "/openWeb/auth/refreshToken"
PAGE_SIZE = 100
HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


def signature(secret: str, form: Mapping[str, str]) -> str:
    """Sign a form: MD5, in lower-case hex, of the secret and the sorted keys with their values."""
    pairs = "".join(f"{key}{form[key]}" for key in sorted(form) if key != "sign")
    return md5(f"{secret}{pairs}".encode()).hexdigest()  # noqa: S324 - the platform's choice


class Jushuitan:
    """The dialect of 聚水潭's open platform."""

    name = "jushuitan"
    limits: Sequence[Limit] = (Limit(5, 1), Limit(100, 60))

    def __init__(self, connection: Connection) -> None:
        """Speak for the app of a connection."""
        self.connection = connection

    def request(self, call: Call, access_token: str) -> Request:
        """Sign a call as of now."""
        biz = json.dumps(call.params, ensure_ascii=False, separators=(",", ":"))
        form = {"access_token": access_token, "version": "2", "biz": biz}
        return self._signed(call.method, form)

    def refresh_request(self, call: Call, refresh_token: str) -> Request:  # noqa: ARG002 - the protocol's signature
        """Sign the exchange of a refresh token as of now."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": "all"}
        return self._signed(REFRESH, form)

    def refreshed(self, call: Call, envelope: Any) -> Tokens:
        """Return the new tokens in an answer, or raise what its code and message say."""
        return granted(self.unwrap(call, envelope), call)

    def _signed(self, path: str, form: Mapping[str, str]) -> Request:
        form = {
            "app_key": self.connection.app_key,
            "timestamp": str(int(time.time())),
            "charset": "utf-8",
            **form,
        }
        form["sign"] = signature(self.connection.app_secret, form)
        return Request(
            f"{self.connection.base_url}{path}", HEADERS, urlencode(form).encode("ascii")
        )

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Return the `data` of an answer, or raise what its code and message say."""
        answer = parsed(_Envelope, envelope, call)
        if answer.code != 0:
            raise error_of(call, answer.code, answer.msg, self.connection)
        return answer.data


class _Envelope(BaseModel):
    code: Code
    msg: Words = ""
    data: Any = None


class ShopInfo(Row):
    """A shop as the ERP knows it."""

    shop_id: WholeNumber
    shop_name: Words = ""


class ShopPage(BaseModel):
    """One page of shops; not every answer says how many there are."""

    datas: Annotated[list[ShopInfo], Field(default_factory=list), BeforeValidator(none_is_empty)]
    has_next: bool
    data_count: Annotated[WholeNumber, Field(ge=0)] = 0


async def shops(client: GatewayClient) -> list[ShopInfo]:
    """Ask for all shops of the account, in the gateway's order.

    Raises:
        GatewayError: as `GatewayClient.call` does; Temporary when the gateway counts more shops
            than it brings; an answer is Malformed.
    """
    found: dict[int, ShopInfo] = {}
    page = 0
    while True:
        page += 1
        call = Call(SHOPS, {"page_index": page, "page_size": PAGE_SIZE}, page=page)
        answer = await client.call(call, partial(_shops, call, len(found)))
        before = len(found)
        found.update((shop.shop_id, shop) for shop in answer.datas)
        if not answer.has_next:
            return list(found.values())
        if len(found) == before:
            raise Malformed(call, _("field has_next is true, but the page brings no new shop"))


def _shops(call: Call, before: int, data: Any) -> ShopPage:
    page = parsed(ShopPage, data, call)
    last = not page.has_next
    if (last and before + len(page.datas) < page.data_count) or not (last or page.datas):
        raise Temporary(
            call,
            _("shops are missing, {count} are there: run it again", count=page.data_count),
        )
    return page
