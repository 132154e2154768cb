"""`python -m manager.lifecycle.run_component NAME ...`: one of Airflow's components.

It is `airflow NAME ...` with some differences. The scheduler waits for the API: the tasks that it
starts report there, and after an outage it has tasks to start at once, which would fail or take the
time that the API needs to come up. What a component has forked dies with it, when it is killed: the
tasks of a scheduler are run again by the next one, so that nothing runs twice at once and no idle
worker is left. It does not read Airflow's hundred migrations, which takes a second, to see whether
its database has this version's tables: `start` has made them. And Python looks for garbage less
often: importing Airflow makes millions of objects that stay, and looking through them again and
again is a fifth of the start. What was made before a fork is not looked through at all by the
child, so that the two go on sharing the memory.
"""

import gc
import os
import signal
import sys

from setproctitle import setproctitle
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from include.running.process_tree import die_with_parent
from manager.lifecycle.health import answers

CHECK_MIGRATIONS = "AIRFLOW__DATABASE__CHECK_MIGRATIONS"
API_PORT = "AIRFLOW__API__PORT"
API_HOST = "SCHEDULER_LOCAL_HOST"
LONGEST_WAIT_SECONDS = 120.0  # a scheduler without an API still keeps the calendar
API_LOOK_SECONDS = 0.25
OBJECTS_BETWEEN_LOOKS = 50_000  # Python's default is 700


def main(*, preloaded: bool = False) -> None:
    """Run the component that the command line names.

    Args:
        preloaded: Airflow's modules are there already, imported without being set up.
    """
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 100)
    os.environ[CHECK_MIGRATIONS] = "False"
    os.register_at_fork(after_in_child=_begin_as_child)
    from airflow import settings  # noqa: PLC0415 -- after the lines above
    from airflow.__main__ import main as airflow  # noqa: PLC0415 -- the same

    if preloaded:
        settings.initialize()
        setproctitle(f"airflow {sys.argv[1]}")
    if sys.argv[1] == "scheduler":
        wait_for_api(int(os.environ[API_PORT]), os.environ[API_HOST])
    airflow()


def _begin_as_child() -> None:
    """Share the parent's memory, and be killed when it dies (Linux)."""
    gc.freeze()
    die_with_parent(signal.SIGKILL)


def wait_for_api(port: int, host: str, longest: float = LONGEST_WAIT_SECONDS) -> bool:
    """Return whether the API listens, after waiting for it at most `longest` seconds."""
    return bool(
        Retrying(
            retry=retry_if_result(lambda there: not there),
            stop=stop_after_delay(longest),
            wait=wait_fixed(API_LOOK_SECONDS),
            retry_error_callback=lambda _: False,
        )(answers, port, host)
    )


if __name__ == "__main__":
    main()
