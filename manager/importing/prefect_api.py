"""Reads Prefect's REST API: what it really schedules, and when each job last ran well."""

import os
from collections.abc import Iterator
from typing import Any

import httpx

from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import _
from manager.importing.old_jobs import Read
from manager.importing.prefect_deployments import read_deployments

PAGE = 200  # the API returns no more at once
TIMEOUT = 30.0
REFUSED = (401, 403)


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
            and any(each.get("active") for each in one.get("schedules") or ())
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
    flows = {flow.get("id"): flow.get("name") for flow in _pages(client, "flows")}
    for deployment in _pages(client, "deployments"):
        yield {**deployment, "flow_name": flows.get(deployment.get("flow_id"))}


def _pages(client: httpx.Client, kind: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        wanted = {"limit": PAGE, "offset": offset, "sort": "NAME_ASC"}
        found = _answer(client, f"{kind}/filter", wanted)
        yield from found
        if len(found) < PAGE:
            return
        offset += PAGE


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
    where = str(client.base_url).rstrip("/")
    try:
        response = client.post(path, json=body)
        if response.status_code in REFUSED:
            raise ConfigurationError(
                _("{address} refuses to answer ({code}): set PREFECT_API_KEY, or "
                  "PREFECT_API_AUTH_STRING as user:password, in the environment", address=where,
                  code=response.status_code)
            )  # fmt: skip
        response.raise_for_status()
        found = response.json()
    except httpx.TransportError as error:
        raise ConfigurationError(
            _("{address} does not answer ({error}): start it with `prefect server start`, or name "
              "its database, as ~/.prefect/prefect.db", address=where, error=explained(error))
        ) from error  # fmt: skip
    except (httpx.HTTPError, ValueError) as error:
        raise _no_api(where, explained(error)) from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _no_api(where, _("no list of objects"))
    return found


def _no_api(where: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        _("{address} does not answer as Prefect does ({why}): the address of its API ends in /api, "
          "as http://127.0.0.1:4200/api", address=where, why=why)
    )  # fmt: skip
