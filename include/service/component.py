"""`python -m include.service.component NAME ...`: one of Airflow's components under supervisord.

It is `airflow NAME ...` with two differences. The scheduler waits for the API: the tasks that it
starts report there, and after an outage it has tasks to start at once, which would fail or take the
time that the API needs to come up. And Python looks for garbage less often: importing Airflow makes
millions of objects that stay, and looking through them again and again is a fifth of the start.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from include.service.health import answers

API_PORT = "AIRFLOW__API__PORT"
LONGEST_WAIT_SECONDS = 120.0  # a scheduler without an API still keeps the calendar
LOOK_SECONDS = 0.25
OBJECTS_BETWEEN_LOOKS = 50_000  # Python's default is 700


def main() -> None:
    """Run the component that the command line names."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 100)
    from airflow.__main__ import main as airflow  # noqa: PLC0415 -- after the line above

    if sys.argv[1] == "scheduler":
        wait_for_api(int(os.environ[API_PORT]))
    airflow()


def wait_for_api(port: int, longest: float = LONGEST_WAIT_SECONDS) -> bool:
    """Return whether the API listens, after waiting for it at most `longest` seconds."""
    deadline = time.monotonic() + longest
    while not answers(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


if __name__ == "__main__":
    main()
