"""Reading what the runner gives a script through its environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def given(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a variable that the runner always sets.

    Raises:
        ConfigurationError: it is missing, so the script was not started by the runner.
    """
    value = environ.get(name, "")
    if not value:
        message = f"{name} is not set: start the script with 'python3 scheduler_manager.py run JOB'"
        raise ConfigurationError(message)
    return value
