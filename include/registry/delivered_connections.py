"""The connections of config/connections.json: those that a new installation begins with.

As delivered they lead to the sandbox instead of the platforms, so that all jobs run at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS_FILE = "config/connections.json"
# Where the file's connections lead; it stands for the sandbox, wherever that listens.
SANDBOX_URL = "http://127.0.0.1:8083"


def connections(sandbox_url: str, root: Path = PROJECT_ROOT) -> dict[str, dict[str, str]]:
    """Return the fields of each connection (as Airflow's `Connection` takes them) by its id.

    Args:
        sandbox_url: where the sandbox listens.
        root: the project's folder.

    Raises:
        ConfigurationError: the file is missing, or is not a mapping of connections in JSON.
    """
    try:
        text = (root / CONNECTIONS_FILE).read_text("utf-8")
        found = json.loads(text.replace(SANDBOX_URL, sandbox_url))
        return {
            conn_id: {**fields, "extra": json.dumps(fields["extra"])}
            for conn_id, fields in found.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(
            f"{CONNECTIONS_FILE} cannot be used ({error!r}): write JSON like "
            '{"my_feed": {"conn_type": "http", "host": "https://…", "extra": {}}}'
        ) from error
