"""`python -m manager.lifecycle.containers`: what the containers need before they start.

The service `init` of docker-compose.yaml, and a job of the Helm chart: both databases are brought
up to date, pools and connections are made as on one machine, and the first web user is there.
"""

from __future__ import annotations

import os
import sys

from include.errors import ConfigurationError, ExpectedError
from manager.layout import current_layout
from manager.lifecycle import older_components

USER = "admin"
PASSWORD = "ADMIN_PASSWORD"  # noqa: S105 -- the variable's name
ROLE = "Admin"


def main() -> int:
    """Prepare everything; again changes nothing."""
    layout = current_layout()
    home = os.environ.get("AIRFLOW_HOME")
    if home != str(layout.airflow_home):
        raise ConfigurationError(
            f"AIRFLOW_HOME is {home!r} and SCHEDULER_VAR {str(layout.var)!r}, which do not belong "
            "together: the shell that called docker compose has a SCHEDULER_VAR of its own, which "
            "wins over .env; run `unset SCHEDULER_VAR SCHEDULER_ROOT` and try again"
        )
    password = os.environ.get(PASSWORD, "")
    if not password:
        raise ConfigurationError(f"{PASSWORD} is empty: write the password of {USER!r} into .env")
    from include import prepare  # noqa: PLC0415 -- after what can be wrong was said: it loads Airflow

    layout.make_var()
    older_components.await_their_end(os.environ)
    prepare.main([prepare.MIGRATE_AIRFLOW])
    made = _make_user(password)
    print(f"web user {USER!r} {'made' if made else 'is there; its password was left alone'}")
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
                raise ExpectedError(f"web user {USER!r} could not be made: the log above says why")
            return True

    return bool(providers_configuration_loaded(make)())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ExpectedError as error:
        sys.exit(str(error))
