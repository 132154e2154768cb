"""Starts runs through Airflow's API: one of a period, however often it is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from include.errors import ExpectedError
from manager.airflow.rest import (
    Api,
    ApiError,
    NotThereError,
    ThereAlreadyError,
    UnansweredError,
)
from manager.lifecycle.health import running
from manager.lifecycle.ports import remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.airflow.tables import Stuck
    from manager.layout import Layout

API_TIMEOUT = 60.0  # seconds; milliseconds are usual, save on a machine that is busy with jobs
TRIES, PAUSE_SECONDS = 5, 3.0


@contextmanager
def service_api(layout: Layout) -> Iterator[Api]:
    """Open the API of a running service for the calls of the block.

    Raises:
        ExpectedError: nothing answers, since the service does not run.
        ApiError: it does not answer as it should.
    """
    try:
        yield Api(layout, remembered(layout), API_TIMEOUT)
    except NotThereError:
        raise
    except ApiError:
        if running(layout):
            raise
        raise ExpectedError("the service is not running: run `{manager} start`") from None


def begin_run(
    api: Api, job_id: str, key: str, conf: Mapping[str, Any] | None = None, *, stuck: Stuck
) -> tuple[str, bool]:
    """Trigger a run of a period, or find one of it that waits or works and can move.

    Args:
        api: of Airflow.
        job_id: whose run.
        key: the period's.
        conf: what else is asked for; then the run is made in any case.
        stuck: finds the runs that cannot move.

    Returns:
        its id, and whether it is new.

    Raises:
        ExpectedError: the job is no DAG yet, or paused, or a new run would be stuck like the old.
        ApiError: the web UI does not take it.
    """
    _check_can_run(api, job_id)
    there = [] if conf else api.unfinished_runs(job_id, key)
    cannot_move = stuck() if there else {}
    for run_id in there:
        run = cannot_move.get((job_id, run_id))
        if run is None:
            return run_id, False
        if run.blocks:
            raise ExpectedError(
                "{job} {key}: {trouble}; another one would wait like it: `{manager} "
                "doctor` says what helps",
                job=job_id,
                key=key,
                trouble=run.trouble,
            )
    return api.trigger(job_id, key, conf), True


def _check_can_run(api: Api, job_id: str) -> None:
    """Refuse a job that is no DAG yet, or paused; raises ExpectedError."""
    try:
        dag = api.dag(job_id)
    except NotThereError:
        raise ExpectedError(
            "job {job!r} is not a DAG yet: try again in a few seconds; if it stays so, "
            "`{manager} check` and the web UI say why",
            job=job_id,
        ) from None
    if dag["is_paused"]:
        raise ExpectedError(
            "job {job!r} is paused, so its runs would wait for ever: run `{manager} resume {job}`",
            job=job_id,
        )


def make_run(api: Api, job_id: str, body: Mapping[str, Any]) -> bool:
    """Make a run that has a name of its own; returns whether it was not there."""
    try:
        api.make_run(job_id, body)
    except ThereAlreadyError:
        return False
    return True


def patiently(ask: Any, *args: Any, **kwargs: Any) -> Any:
    """Call what starts a run, and again while Airflow is busy or away.

    Calling again makes no second run: each of the functions above looks for one that is there.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed  # noqa: PLC0415 -- rarely needed, and takes its time

    retrying = Retrying(
        retry=retry_if_exception_type(UnansweredError),
        stop=stop_after_attempt(TRIES),
        wait=wait_fixed(PAUSE_SECONDS),
        reraise=True,
    )
    return retrying(ask, *args, **kwargs)
