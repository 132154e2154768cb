"""Nothing is migrated under components that run: they would write rows of the older tables.

Docker Compose starts `init` before it replaces the containers that depend on it, and a Helm upgrade
its job before the pods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from include.errors import ExpectedError
from manager.airflow.tables import is_behind, running_components, warehouse_is_behind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenacity import RetryCallState

# One that was killed a moment ago has ended, and is only known to have when it has been silent.
LONGEST_WAIT_SECONDS, PAUSE_SECONDS = 60.0, 3.0


def await_their_end(environment: Mapping[str, str], patience: float = LONGEST_WAIT_SECONDS) -> None:
    """Return when nothing is to be migrated, or nothing runs that a migration would disturb.

    Args:
        environment: says where Airflow's database is, and the key of what is stored there.
        patience: how many seconds to wait for components that send heartbeats.

    Raises:
        ExpectedError: they go on.
    """

    def disturbed() -> list[str]:
        behind = is_behind(environment)
        if behind is None or not (behind or warehouse_is_behind(environment)):
            return []
        return running_components(environment)

    running = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(patience),
        wait=wait_fixed(PAUSE_SECONDS),
        before_sleep=lambda state: print(
            f"waiting for {', '.join(_answer(state))} to end", flush=True
        ),
        retry_error_callback=_answer,
    )(disturbed)
    if running:
        raise ExpectedError(
            f"nothing was migrated: {', '.join(running)} still run on the tables as they are; "
            "stop the old components first (`docker compose stop`, or scale the old "
            "deployments to none), then start the new ones"
        )


def _answer(state: RetryCallState) -> list[str]:
    return state.outcome.result() if state.outcome else []
