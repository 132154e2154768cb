"""Whether a period of a contract is complete, for programs that ask the web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import HTTPException, status
from starlette.responses import JSONResponse, Response

from include.coverage.contract_status import read_status
from include.coverage_page import permissions
from include.coverage_page.warehouse import warehouse
from include.errors import ConfigurationError
from include.periods import PeriodError
from include.registry import load_registry
from include.registry.contracts import load_contracts

if TYPE_CHECKING:
    from fastapi import FastAPI


def add_routes(app: FastAPI) -> None:
    """Add them to the page's application."""
    app.add_api_route("/contracts/{contract_id}/{period}", contract, methods=["GET"])


def contract(contract_id: str, period: str, user: permissions.User) -> Response:
    """Return, as JSON, how a period stands: complete, or what is missing.

    Raises:
        HTTPException: there is no such contract or period, or none that the user may look at.
    """
    registry, visible = load_registry(), permissions.visible(user)
    none = HTTPException(status.HTTP_404_NOT_FOUND, f"there is no contract {contract_id!r}")
    try:
        found = load_contracts(registry=registry).get(contract_id)
    except ConfigurationError as error:
        if registry.jobs.keys() <= visible:  # else it may name what is not for this user
            none.detail = str(error)
        raise none from error
    if not registry.jobs.keys() & set(found.jobs) <= visible:
        raise none
    try:
        wanted = found.calendar.parse_key(period)
    except PeriodError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
    return JSONResponse(read_status(warehouse(), registry, found, wanted).as_dict())
