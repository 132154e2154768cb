"""Prefect's REST API as a recording of Prefect 3.9.1 answers it, on loopback."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.manager.importing.prefect.server import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = json.loads((HERE / "prefect_3_9_1.json").read_text("utf-8"))


class Recording(BaseHTTPRequestHandler):
    """Answers filters with what Prefect answered, as many at once as are asked for."""

    asked: list[tuple[str, str | None]]
    refuses = False

    def do_POST(self) -> None:
        """Answer a filter."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers.get("Authorization")))
        kind = self.path.removeprefix("/api/").removesuffix("/filter")
        if self.refuses or kind not in RECORDED:
            self.send_error(401 if self.refuses else 404)
            return
        found: list[dict[str, Any]] = RECORDED[kind]
        if "deployments" in body:
            wanted = body["deployments"]["id"]["any_"]
            found = [one for one in found if one["deployment_id"] in wanted]
        offset = body.get("offset", 0)
        said = json.dumps(found[offset : offset + body["limit"]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def served(*, refuses: bool = False) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Serve it on a free port; yields its address, and who has asked for what."""
    asked: list[tuple[str, str | None]] = []
    handler = type("Handler", (Recording,), {"asked": asked, "refuses": refuses})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
