"""Starting one of Airflow's components."""

import socket
import threading
import time

from manager.lifecycle.run_component import wait_for_api


def test_the_scheduler_waits_for_the_api() -> None:
    """It goes on as soon as the API listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        timer = threading.Timer(0.5, server.listen)
        timer.start()
        started = time.monotonic()
        assert wait_for_api(server.getsockname()[1], "127.0.0.1", longest=600)
        assert 0.4 < time.monotonic() - started < 600
        timer.join()


def test_it_does_not_wait_for_ever() -> None:
    """Without an API it goes on after a while."""
    assert not wait_for_api(1, "127.0.0.1", longest=0.5)
