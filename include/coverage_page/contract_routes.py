"""Whether periods of contracts are complete: for the page, and for programs that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, status
from starlette.responses import JSONResponse, Response

from include.coverage.contract_periods import PeriodSummary, read_periods
from include.coverage.contract_status import read_status
from include.coverage_page import permissions
from include.coverage_page.warehouse import warehouse
from include.errors import ConfigurationError
from include.language import N_, _
from include.periods import PeriodError
from include.registry import load_registry
from include.registry.contracts import load_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fastapi import FastAPI

    from include.registry import Registry
    from include.registry.contracts import Contract

BROKEN = N_("config/contracts.yaml is wrong: unknown until it is repaired")
SHOWN = 14  # periods of each contract


def add_routes(app: FastAPI) -> None:
    """Add them to the page's application."""
    app.add_api_route("/data/contracts", all_contracts, methods=["GET"])
    path = "/contracts/{contract_id}/{period}"
    app.add_api_route(path, contract, methods=["GET", "HEAD"])


def all_contracts(user: permissions.User) -> Response:
    """Return, as JSON, the last periods of all contracts of whose jobs the user may see each."""
    registry, visible = load_registry(), permissions.visible(user)
    found = load_contracts(registry=registry)
    mine = [one for one in found.by_id.values() if _may_look(registry, one, visible)]
    periods = read_periods(warehouse(), registry, mine, SHOWN)
    # They may name what is not for everybody.
    problems = found.problems if registry.jobs.keys() <= visible else ()
    told = {"groups": groups(mine, periods), "problems": [str(problem) for problem in problems]}
    return JSONResponse(told)


def contract(contract_id: str, period: str, user: permissions.User) -> Response:
    """Return, as JSON, how a period stands: complete, or what is missing.

    Raises:
        HTTPException: there is no such contract or period, or none that the user may look at (404);
            or that is unknown, as its entry is broken (503).
    """
    registry, visible = load_registry(), permissions.visible(user)
    none = HTTPException(
        status.HTTP_404_NOT_FOUND,
        _("there is no contract {contract_id!r}", contract_id=contract_id),
    )
    contracts = load_contracts(registry=registry)
    try:
        found = contracts.get(contract_id)
    except ConfigurationError as error:
        if contracts.is_broken(contract_id):
            none = HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, _(BROKEN))
        if registry.jobs.keys() <= visible:  # else it may name what is not for this user
            none.detail = str(error)
        raise none from error
    if not _may_look(registry, found, visible):
        raise none
    try:
        wanted = found.calendar.parse_key(period)
    except PeriodError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
    return JSONResponse(read_status(warehouse(), registry, found, wanted).as_dict())


def _may_look(registry: Registry, contract: Contract, visible: set[str]) -> bool:
    return registry.jobs.keys() & set(contract.jobs) <= visible


def groups(
    contracts: Sequence[Contract], periods: Mapping[str, Sequence[PeriodSummary]]
) -> list[dict[str, Any]]:
    """Return contracts by periods as the page draws them: a table for each kind of period."""
    kinds: dict[str, list[Contract]] = {}
    for one in contracts:
        name = f"week-{one.week_start}" if one.period == "week" else one.period
        kinds.setdefault(name, []).append(one)
    found = []
    for name, members in kinds.items():
        axis = sorted({one.period.key for each in members for one in periods[each.id]})
        rows = []
        for each in members:
            cells = {one.period.key: _cell(one) for one in periods[each.id]}
            rows.append(
                {
                    "id": each.id,
                    "name": each.name,
                    "zone": each.timezone,
                    "cells": [cells.get(key) for key in axis],
                }
            )
        found.append({"name": name, "axis": axis, "contracts": rows})
    return found


def _cell(one: PeriodSummary) -> dict[str, Any]:
    last = one.revision
    return {
        "how": one.how.value,
        "complete_at": _moment(last.first_complete_at) if last else None,
        "revision": last.revision if last else None,
        "deadline": _moment(one.deadline),
        "missing": dict(one.missing),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
