"""Reads Prefect's REST API: what it really schedules, and when each job last ran well."""

import json
import os
from collections.abc import Iterator
from time import monotonic
from typing import Any

import httpx

from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import _
from manager.importing.old_jobs import Read
from manager.importing.prefect_deployments import read_deployments, schedules_of

PAGE = 200  # the API returns no more at once
TIMEOUT = 30.0
REFUSED = (401, 403)
# What answers without end is not Prefect, or not whole: nothing waits for it, and no memory fills.
LARGEST = 64 * 2**20
LONGEST = 4  # times as long as it may be silent, for an answer that comes in pieces
MOST = 100_000


def read(source: str) -> Read:
    """Read a server of Prefect, or its cloud.

    What opens it is taken from the environment, as Prefect does: PREFECT_API_KEY or
    PREFECT_API_AUTH_STRING.

    Args:
        source: the address of its API, as `http://127.0.0.1:4200/api`.

    Raises:
        ConfigurationError: it does not answer, refuses, or is not one of Prefect's.
    """
    with _client(source, TIMEOUT) as client:
        said = [
            {**deployment, "last_success": _last_success(client, deployment.get("id"))}
            for deployment in _deployments(client)
        ]
    said.sort(key=lambda one: str(one.get("created")))
    return read_deployments(said, source)


def makes_runs(source: str, timeout: float) -> dict[str, bool]:
    """Return whether Prefect makes runs of each of its deployments, by `flow/name`.

    Raises:
        ConfigurationError: as `read` does.
    """
    with _client(source, timeout) as client:
        return {
            f"{one['flow_name']}/{one.get('name')}": not one.get("paused")
            and any(each.get("active") for each in schedules_of(one))
            for one in _deployments(client)
        }


def _client(source: str, timeout: float) -> httpx.Client:
    try:
        url = httpx.URL(source.rstrip("/") + "/")
    except httpx.InvalidURL as error:
        message = _("{source} is not an address: {error}", source=source, error=explained(error))
        raise ConfigurationError(message) from None
    if url.path == "/":
        url = url.copy_with(path="/api/")
    is_here = url.host in ("localhost", "127.0.0.1", "::1")
    headers, auth = {}, None
    if is_here or url.scheme == "https":  # secrets do not travel in clear
        user, colon, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
        auth = (user, password) if colon else None
        if key := os.environ.get("PREFECT_API_KEY"):
            headers["Authorization"], auth = f"Bearer {key}", None
    return httpx.Client(
        base_url=url, headers=headers, auth=auth, timeout=timeout, trust_env=not is_here
    )


def _deployments(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Yield every deployment, with the name of its flow."""
    flows = {str(flow.get("id")): flow.get("name") for flow in _pages(client, "flows")}
    for deployment in _pages(client, "deployments"):
        yield {**deployment, "flow_name": flows.get(str(deployment.get("flow_id")))}


def _pages(client: httpx.Client, kind: str) -> Iterator[dict[str, Any]]:
    for offset in range(0, MOST, PAGE):
        wanted = {"limit": PAGE, "offset": offset, "sort": "NAME_ASC"}
        found = _answer(client, f"{kind}/filter", wanted)
        yield from found
        if len(found) < PAGE:
            return
    why = _("it has more than {count:,} {kind}, or sends the same ones without end", count=MOST,
            kind=kind)  # fmt: skip
    raise _no_api(_address(client), why)


def _last_success(client: httpx.Client, deployment_id: Any) -> str | None:
    wanted = {
        "deployments": {"id": {"any_": [deployment_id]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
        "sort": "START_TIME_DESC",
        "limit": 1,
    }
    runs = _answer(client, "flow_runs/filter", wanted)
    return runs[0].get("start_time") if runs else None


def _answer(client: httpx.Client, path: str, body: Any) -> list[dict[str, Any]]:
    where = _address(client)
    try:
        with client.stream("POST", path, json=body) as response:
            if response.status_code in REFUSED:
                raise ConfigurationError(
                    "{address} refuses to answer ({code}): set PREFECT_API_KEY, or "
                    "PREFECT_API_AUTH_STRING as user:password, in the environment", address=where,
                    code=response.status_code
                )  # fmt: skip
            if not response.is_success:
                raise _no_api(where, f"HTTP {response.status_code}")
            found = json.loads(_whole(response, where, client.timeout.read or TIMEOUT))
    except httpx.TransportError as error:
        raise ConfigurationError(
            "{address} does not answer ({error}): start it with `prefect server start`, or name "
            "its database, as ~/.prefect/prefect.db", address=where, error=explained(error)
        ) from error  # fmt: skip
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        raise _no_api(where, explained(error)) from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _no_api(where, _("no list of objects"))
    return found


def _whole(response: httpx.Response, where: str, timeout: float) -> bytes:
    """Return the body of an answer.

    Raises:
        ConfigurationError: it is too large, or does not end.
    """
    until = monotonic() + LONGEST * timeout
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise _no_api(where, _("an answer is larger than {most} MB", most=LARGEST // 2**20))
        if monotonic() > until:
            raise _no_api(where, _("there was no answer in time"))
    return bytes(body)


def _address(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")


def _no_api(where: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        "{address} does not answer as Prefect does ({why}): the address of its API ends in /api, "
        "as http://127.0.0.1:4200/api", address=where, why=why
    )  # fmt: skip
