"""A process that asks a gateway once, with a token that it may have to refresh.

Arguments: the warehouse's URL, the gateway's base URL.
"""

from __future__ import annotations

import sys

from include.gateways.tokens import TokenStore
from include.platforms.jushuitan.dialect import Jushuitan
from include.warehouse import connect
from tests.gateways.asking import using
from tests.gateways.token_gateway import CALL, TokenGateway

url, base_url = sys.argv[1:]
store = TokenStore(connect(url))
dialect = Jushuitan(TokenGateway(base_url=base_url).connection())
print(using(dialect, lambda client: client.call(CALL), tokens=store)["generation"])  # noqa: T201 - to the test
