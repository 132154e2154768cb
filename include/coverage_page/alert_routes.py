"""The bell of the page: what is open, and what people say to it, in the name of who asks.

What is kept of alerts stands in a file of its own (`var/alerts.db`), which the watchdog writes.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import date, datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from fastapi import HTTPException, status
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from include import PROJECT_ROOT, var_folder
from include.alerts.answers import Answers, check_reason, check_until, job_and_shop
from include.alerts.configuration import load_usable
from include.alerts.overview import Overview, overview
from include.alerts.store import FILE, Store
from include.coverage_page import alert_responses, permissions
from include.coverage_page.repairing import Text  # noqa: TC001 - pydantic reads it
from include.errors import ConfigurationError
from include.language import _
from include.registry import load_registry
from include.registry.alerts import ALERTS_FILE, Mute
from include.running.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from fastapi import FastAPI

    from include.registry import Job, Registry
    from include.registry.alerts import AlertConfiguration

LONGEST_NAME = 200
LONGEST_REASON = 2_000  # characters that are looked at; `check_reason` takes fewer


class Taken(BaseModel):
    """The alert that somebody takes on."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, le=10**9)]


class Part(BaseModel):
    """A job, or one shop of it, of which nothing is to be said, or something again."""

    model_config = ConfigDict(extra="forbid")

    job: Text
    shop: Text | None = None


class Muting(Part):
    """Until when, and why."""

    until: date
    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


def add_routes(app: FastAPI, writing: Sequence[Any]) -> None:
    """Add the routes of the bell to the page's application.

    Args:
        app: the application; every route of it asks who may look.
        writing: what is asked besides of who changes something.
    """
    app.add_api_route("/data/alerts", all_alerts, methods=["GET"])
    for path, route in (("ack", acknowledge), ("mute", mute), ("unmute", unmute)):
        app.add_api_route(f"/alerts/{path}", route, methods=["POST"], dependencies=writing)


def all_alerts(user: permissions.User) -> Response:
    """Return, as JSON, what is open, muted and failing."""
    registry, configuration = load_registry(), _configuration()
    rights = _rights(user, registry)
    found = _overview(configuration, datetime.now(timezone.utc))
    return JSONResponse(alert_responses.alerts(found, configuration, registry, rights))


def acknowledge(wish: Taken, user: permissions.User) -> Response:
    """Note that somebody has taken an alert on: it is neither repeated nor escalated any more."""
    registry = load_registry()
    with _kept() as store:
        found = {alert.number: alert for alert in store.alerts() if alert.is_open}
        alert = found.get(wish.number)
        rights = _rights(user, registry)
        if alert is None or not alert_responses.is_among(alert.finding, registry, rights.visible):
            raise _no_such_alert(wish.number)
        if not alert_responses.may_acknowledge(alert.finding, registry, rights.runnable):
            about = alert_responses.jobs_of(alert.finding, registry) or set(registry.jobs)
            jobs = ", ".join(sorted(about - set(rights.runnable)))
            message = _("you may not run {id}", id=jobs)
            raise HTTPException(status.HTTP_403_FORBIDDEN, message)
        answers = Answers(store, partial(_note, user))
        if not answers.acknowledge(alert, _name(user), datetime.now(timezone.utc)):
            raise _no_such_alert(wish.number)  # it was over in between
    return JSONResponse({"acknowledged": alert.label})


def mute(wish: Muting, user: permissions.User) -> Response:
    """Keep a job, or one shop of it, from being told of until a day."""
    registry, configuration = load_registry(), _configuration()
    job = permissions.job_to_run(registry, wish.job, user)
    _check_shop(registry, job, wish.shop)
    now = datetime.now(timezone.utc)
    today = now.astimezone(ZoneInfo(configuration.general.timezone)).date()
    try:
        until, reason = check_until(wish.until, today), check_reason(wish.reason)
    except ConfigurationError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    made = Mute.model_construct(
        job=job.id, shop=wish.shop, until=until, reason=reason, by=_name(user)
    )
    with _kept() as store:
        Answers(store, partial(_note, user)).mute(made, now)
    return JSONResponse({"muted": {"job": job.id, "shop": wish.shop, "until": until.isoformat()}})


def unmute(wish: Part, user: permissions.User) -> Response:
    """End a mute of a job, or of one shop of it: alerts of it come again."""
    job = permissions.job_to_run(load_registry(), wish.job, user)
    with _kept() as store:
        answers = Answers(store, partial(_note, user))
        ended = answers.unmute(job.id, wish.shop, datetime.now(timezone.utc))
    if not ended:
        named = job_and_shop(job.id, wish.shop)
        in_file = any((one.job, one.shop) == (job.id, wish.shop) for one in _configuration().mutes)
        message = (
            _("{named} is muted in {file}: take it out there", named=named, file=ALERTS_FILE)
            if in_file
            else _("{named} is muted by nobody", named=named)
        )
        raise HTTPException(status.HTTP_409_CONFLICT, message)
    return JSONResponse({"unmuted": {"job": job.id, "shop": wish.shop}})


def _rights(user: permissions.User, registry: Registry) -> alert_responses.Rights:
    """Return the jobs that the user may look at, and those of them to run."""
    visible = permissions.visible(user)
    known = visible & registry.jobs.keys()
    runnable = {job_id for job_id in known if permissions.may_run(user, job_id)}
    return alert_responses.Rights(visible, runnable)


def _configuration() -> AlertConfiguration:
    return load_usable(PROJECT_ROOT, var_folder(os.environ))


def _overview(configuration: AlertConfiguration, now: datetime) -> Overview:
    """Return what there is; looking makes no file where no watchdog has made one."""
    if not (var_folder(os.environ) / FILE).exists():
        return Overview(now)
    with _kept() as store:
        return overview(store, configuration, now)


@contextmanager
def _kept() -> Iterator[Store]:
    """Open what is kept of alerts, for one request: api-servers fork, and open files do not."""
    store = Store(var_folder(os.environ) / FILE)
    try:
        yield store
    finally:
        store.close()


def _note(user: Any, event: str) -> None:
    """Write down what somebody did here; a journal that fails stops nothing."""
    journal = Journal.of(var_folder(os.environ), ZoneInfo(_configuration().general.timezone))
    with suppress(OSError):
        journal.write(
            "service",
            _("{event} (user {user}, on the page Coverage)", event=event, user=_name(user)),
        )


def _name(user: Any) -> str:
    return str(user.get_name())[:LONGEST_NAME]


def _check_shop(registry: Registry, job: Job, shop_id: str | None) -> None:
    shop = registry.shops.get(shop_id or "")
    if shop_id is not None and (shop is None or shop.platform != job.platform):
        message = _("job {id} has no shop {shop_id!r}", id=job.id, shop_id=shop_id)
        raise HTTPException(status.HTTP_404_NOT_FOUND, message)


def _no_such_alert(number: int) -> HTTPException:
    return HTTPException(
        status.HTTP_404_NOT_FOUND, _("there is no open alert A{number}", number=number)
    )
