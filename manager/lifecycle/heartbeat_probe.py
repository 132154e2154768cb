"""`python -m manager.lifecycle.heartbeat_probe NAME ...`: ask the API whether components are alive.

The health check of the containers; no package is loaded, so that it costs next to nothing.
"""

import json
import os
import sys
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from include import TASKS_URL
from include.foreign_errors import explained
from include.language import _

PATH = "/api/v2/monitor/health"
EXECUTION = "execution"
PROBE_TIMEOUT = 5.0
HEALTHY = "healthy"


def main(names: list[str]) -> int:
    """Print how components are, as the API knows them by their heartbeats.

    Args:
        names: as the API's answer has them: metadatabase, scheduler, dag_processor, triggerer; or
            execution, the API that tasks report to. It is made when it is first asked, which takes
            seconds that the first tasks would wait for.

    Returns:
        0 when all are healthy, else 1.
    """
    states = {}
    for name in names:
        try:
            states[name] = _state_of(name)
        except (OSError, HTTPException, ValueError) as error:
            states[name] = _("the api-server does not answer: {error}", error=explained(error))
        print(f"{name}: {states[name]}")
    return 0 if {*states.values()} == {HEALTHY} else 1


def _state_of(name: str) -> str:
    tasks = os.environ[TASKS_URL]
    parts = urlsplit(tasks)
    url = f"{tasks}health" if name == EXECUTION else f"{parts.scheme}://{parts.netloc}{PATH}"
    # No proxy: the API is in the same network.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=PROBE_TIMEOUT) as response:
        answer = json.load(response)
    state = answer if name == EXECUTION else answer.get(name, {})
    return str(state.get("status") or _("unknown to the api-server"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
