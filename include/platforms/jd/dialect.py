"""京东's open platform (JOS): its signature, its envelopes, its tokens.

POST of a signed form to `{base}/routerjson`; its `method` names the interface. The answer has one
key: the method with underscores, and `_responce` (as the platform writes it).
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import md5
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from include.errors import ConfigurationError
from include.gateways.connection import is_address, is_loopback
from include.gateways.dialect import Call, Request
from include.gateways.errors import Malformed
from include.gateways.fields import SHANGHAI, WALL_CLOCK_FORMAT, WholeNumber, Words, parsed
from include.gateways.limiter import Limit
from include.gateways.tokens import granted
from include.language import _
from include.platforms.jd.codes import error_of, refresh_error_of
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.gateways.client import GatewayClient
    from include.gateways.connection import Connection
    from include.gateways.dialect import Tokens

PATH = "/routerjson"
REFRESH_PATH = "/oauth2/refresh_token"
# Tokens are refreshed at a host of its own; `oauth_host` in the connection's extra names another.
OAUTH_HOST = "https://open-oauth.jd.com"
VENDER = "jingdong.vender.shop.query"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
SUCCESS = "0"


def signature(secret: str, form: Mapping[str, str]) -> str:
    """Sign a form: MD5, in upper-case hex, of the sorted keys with their values in secrets."""
    pairs = "".join(f"{key}{form[key]}" for key in sorted(form) if key != "sign")
    return md5(f"{secret}{pairs}{secret}".encode()).hexdigest().upper()  # noqa: S324 - the platform's choice


class Jd:
    """The dialect of 京东's open platform."""

    name = "jd"
    # The platform documents no rate, only a quota per day (code 2): this one is courtesy.
    limits: Sequence[Limit] = (Limit(10, 1),)

    def __init__(self, connection: Connection) -> None:
        """Speak for the app of a connection.

        Raises:
            ConfigurationError: its `extra.oauth_host` is no address to send secrets to.
        """
        self.connection = connection
        self._oauth_host = _oauth_host(connection)

    def request(self, call: Call, access_token: str) -> Request:
        """Sign a call as of now.

        All of it goes into the form: a URL with the token would stand in the logs on its way.
        """
        form = {
            "method": call.method,
            "app_key": self.connection.app_key,
            "access_token": access_token,
            "timestamp": datetime.now(SHANGHAI).strftime(WALL_CLOCK_FORMAT),
            "v": "2.0",
            "360buy_param_json": json.dumps(call.params, ensure_ascii=False, separators=(",", ":")),
        }
        form["sign"] = signature(self.connection.app_secret, form)
        return _posted(self.connection.address(PATH), form)

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Return what an answer's one key holds, or raise what its code says.

        Whether the interface itself has succeeded stands deeper, at a place of its own in each.
        """
        answer = parsed(_Envelope, envelope, call)
        name = f"{call.method.replace('.', '_')}_responce"
        if answer.error_response is None and answer.code in (None, SUCCESS):
            if name not in envelope:
                raise Malformed(
                    call,
                    _(
                        "field {field} is missing from the answer {answer}",
                        field=name,
                        answer=quoted(envelope),
                    ),
                )
            answer = parsed(_Envelope, envelope[name], call)
        said = answer.error_response or answer
        if answer.error_response is not None or said.code not in (None, SUCCESS):
            raise error_of(call, said.code or "", said.text, self.connection)
        return envelope[name]

    def refresh_request(self, call: Call, refresh_token: str) -> Request:  # noqa: ARG002 - the protocol's signature
        """Build what asks for new tokens; a form, for the reason that `request` gives."""
        form = {
            "app_key": self.connection.app_key,
            "app_secret": self.connection.app_secret,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return _posted(f"{self._oauth_host}{REFRESH_PATH}", form)

    def refreshed(self, call: Call, envelope: Any) -> Tokens:
        """Return the new tokens in an answer, or raise what its code and message say."""
        said = parsed(_Said, envelope, call)
        if said.code not in (None, SUCCESS):
            raise refresh_error_of(call, said.code, said.text, self.connection)
        return granted(envelope, call)


def _posted(url: str, form: Mapping[str, str]) -> Request:
    return Request(url, HEADERS, urlencode(form).encode("ascii"))


def _oauth_host(connection: Connection) -> str:
    host = str(connection.extra.get("oauth_host") or OAUTH_HOST).rstrip("/")
    parts = urlsplit(host) if is_address(host) else None
    if parts is None or not (parts.scheme == "https" or is_loopback(parts.hostname or "")):
        # The value is not shown: somebody may have put a secret there.
        raise ConfigurationError(
            "connection {connection}: extra.oauth_host is not an address like {host} (http "
            "is for this machine only); edit it in the UI under Admin > Connections, or "
            "remove it to use that one",
            connection=connection.id,
            host=OAUTH_HOST,
        )
    return host


class _Answer(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class _Said(_Answer):
    """A code and what comes with it, by all names that the platform has for it."""

    code: str | None = None
    zh_desc: Words = ""
    en_desc: Words = ""
    error_message: Annotated[Words, Field(alias="errorMessage")] = ""
    msg: Words = ""

    @property
    def text(self) -> str:
        """What it says, for people."""
        return self.zh_desc or self.error_message or self.msg or self.en_desc


class _Envelope(_Said):
    error_response: _Said | None = None


class Vender(_Answer):
    """The shop that a token belongs to."""

    vender_id: WholeNumber
    shop_name: Words = ""


class _VenderAnswer(BaseModel):
    shop_jos_result: Vender


async def vender(client: GatewayClient, number: int) -> Vender:
    """Ask which shop the client's token belongs to; `number` is the one it should be.

    Raises:
        GatewayError: as `GatewayClient.call` does, or the answer is Malformed.
    """
    call = Call(VENDER, shop=number)
    return parsed(_VenderAnswer, await client.call(call), call).shop_jos_result
