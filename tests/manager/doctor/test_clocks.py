"""The machine's clock against the gateways'."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from manager.doctor.findings import Patient
from manager.doctor.gateways import check_clock
from tests.manager.doctor.conftest import variables


@contextmanager
def gateway(ahead: float) -> Iterator[str]:
    """Serve a gateway whose clock is some seconds ahead."""

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            del timestamp
            return formatdate(time.time() + ahead, usegmt=True)

        def do_HEAD(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (0, "ok    clock: agrees with "),
        (50, "ok    clock: agrees with "),
        (300, "warn  clock: is 300 s behind "),
        (-90, "warn  clock: is 90 s ahead of "),
    ],
)
def test_a_clock_that_is_wrong_is_told(patient: Patient, ahead: float, said: str) -> None:
    """More than a minute is; each host is asked once."""
    with gateway(ahead) as address:
        (finding,) = check_clock(replace(patient, variables=variables(address)))
    line = str(finding).replace("299 s", "300 s").replace("301 s", "300 s").replace("91 s", "90 s")
    assert line.startswith(said + address)


def test_where_nobody_answers_nothing_is_compared(patient: Patient) -> None:
    """The finding says who was asked."""
    (finding,) = check_clock(patient)
    asked = patient.ports.sandbox_url
    said = f"warn  clock: could not be compared with a gateway's ({asked})"
    assert str(finding).startswith(said)
