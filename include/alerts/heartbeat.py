"""Calls an address while all is watched: whoever waits there notices when the calls end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from include.alerts.channels.settings import Credentials
from include.alerts.credentials import check_address
from include.errors import ConfigurationError
from include.gateways.network import certificates, proxy_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PING_SECONDS = 10.0


def ping(connection_id: str, variables: Mapping[str, str]) -> str:
    """Call the address of a connection; return why it did not work, without the address.

    Args:
        connection_id: the connection; its host is the whole address.
        variables: holds it, as an environment does.
    """
    try:
        url = check_address(Credentials.from_env(connection_id, variables).url(), connection_id)
        client = httpx.Client(
            timeout=PING_SECONDS, verify=certificates(), proxy=proxy_of(url), trust_env=False
        )
        with client:
            answer = client.get(url)
    except ConfigurationError as error:
        return str(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # its own text may hold the address
        return f"the address of connection {connection_id} is not reached: {type(error).__name__}"
    if answer.is_success:
        return ""
    return f"the address of connection {connection_id} answers HTTP {answer.status_code}"
