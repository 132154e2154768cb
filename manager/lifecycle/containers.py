"""`python -m manager.lifecycle.containers`: what the containers need before they start.

The service `init` of docker-compose.yaml, and a job of the Helm chart: both databases are brought
up to date, pools and connections are made as on one machine, and the first web user is there.
"""

import os
import sys
from collections.abc import Mapping

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _
from manager.airflow.tables import is_behind, running_components, warehouse_is_behind
from manager.layout import current_layout

USER = "admin"
PASSWORD = "ADMIN_PASSWORD"  # noqa: S105 -- the variable's name
ROLE = "Admin"
# One that was killed a moment ago has ended, and is only known to have when it has been silent.
LONGEST_WAIT_SECONDS, PAUSE_SECONDS = 60.0, 3.0


def main() -> int:
    """Prepare everything; again changes nothing."""
    layout = current_layout()
    home = os.environ.get("AIRFLOW_HOME")
    if home != str(layout.airflow_home):
        raise ConfigurationError(
            "AIRFLOW_HOME is {home!r} and SCHEDULER_VAR {var!r}, which do not belong "
            "together: the shell that called docker compose has a SCHEDULER_VAR of its own, "
            "which wins over .env; run `unset SCHEDULER_VAR SCHEDULER_ROOT` and try again",
            home=home,
            var=str(layout.var),
        )
    password = os.environ.get(PASSWORD, "")
    if not password:
        raise ConfigurationError(
            "{setting} is empty: write the password of {user!r} into .env",
            setting=PASSWORD,
            user=USER,
        )
    from include import prepare  # noqa: PLC0415 -- after what can be wrong was said: it loads Airflow

    layout.make_var()
    await_older_components(os.environ)
    prepare.main([prepare.MIGRATE_AIRFLOW])
    made = _make_user(password)
    text = N_("web user {user!r} made")
    if not made:
        text = N_("web user {user!r} is there; its password was left alone")
    print(_(text, user=USER))
    return 0


def _make_user(password: str) -> bool:
    """Make the first web user; from the environment, so that no command line shows the password.

    Returns:
        false when there is one of that name already.
    """
    from airflow.providers.fab.auth_manager.cli_commands.utils import (  # noqa: PLC0415 -- seconds
        get_application_builder,
    )
    from airflow.utils.providers_configuration_loader import (  # noqa: PLC0415 -- the same
        providers_configuration_loaded,
    )

    def make() -> bool:
        with get_application_builder() as builder:
            manager = builder.sm
            if manager.find_user(USER):
                return False
            role = manager.find_role(ROLE)
            if not manager.add_user(USER, USER, "", f"{USER}@localhost", role, password):
                raise ExpectedError(
                    "web user {user!r} could not be made: the log above says why", user=USER
                )
            return True

    return bool(providers_configuration_loaded(make)())


def await_older_components(
    environment: Mapping[str, str], patience: float = LONGEST_WAIT_SECONDS
) -> None:
    """Return when nothing is to be migrated, or nothing runs that a migration would disturb.

    Components that run would write rows of the older tables. Docker Compose starts `init` before it
    replaces the containers that depend on it, and a Helm upgrade its job before the pods.

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
            _("waiting for {names} to end", names=[*_answer(state)]), flush=True
        ),
        retry_error_callback=_answer,
    )(disturbed)
    if running:
        raise ExpectedError(
            "nothing was migrated: {running} still run on the tables as they are; stop the "
            "old components first (`docker compose stop`, or scale the old deployments to "
            "none), then start the new ones",
            running=running,
        )


def _answer(state: RetryCallState) -> list[str]:
    return state.outcome.result() if state.outcome else []


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ExpectedError as error:
        sys.exit(str(error))
