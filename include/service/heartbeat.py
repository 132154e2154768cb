"""`python -m include.service.heartbeat NAME`: ask the API whether a component is alive.

The health check of the containers; standard library only, so that it costs next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

API = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
PATH = "/api/v2/monitor/health"
ANSWER_SECONDS = 5.0
HEALTHY = "healthy"


def main(names: list[str]) -> int:
    """Say how a component is, as the API knows it by its heartbeat.

    Args:
        names: one, as the API's answer has it: metadatabase, scheduler, dag_processor, triggerer.

    Returns:
        0 when it is healthy, else 1.
    """
    (name,) = names
    parts = urlsplit(os.environ[API])
    # No proxy: the API is in the same network.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        url = f"{parts.scheme}://{parts.netloc}{PATH}"
        with opener.open(url, timeout=ANSWER_SECONDS) as response:
            state = json.load(response).get(name, {}).get("status")
    except (OSError, HTTPException, ValueError) as error:
        print(f"{name}: the api-server does not answer: {error}")
        return 1
    print(f"{name}: {state or 'unknown to the api-server'}")
    return 0 if state == HEALTHY else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
