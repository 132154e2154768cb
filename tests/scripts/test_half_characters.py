"""What an answer holds can always be shown and stored, whatever is in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from include.warehouse.tables import pdd_reviews
from tests.scripts.test_pdd_feed import SHOPS, feed_pull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSING = SHOPS["pdd-1"]
KEY = "2025-10-02"
MESSAGE = r"'店铺\\ud800不存在'"  # as a text is quoted that has a backslash in it
ROW = {
    "id": "1",
    "order": {"sn": "251002-1"},
    "goods": {"id": 7, "name": "毛毯\ud83d"},
    "stars": 1,
    "text": "褪色\0",
    "created_at": "2025-10-02T10:00:00+08:00",
}


class _Service(BaseHTTPRequestHandler):
    """A data service that cuts characters in two, in rows and in its messages."""

    def do_GET(self) -> None:
        """Refuse one shop, and answer all others."""
        (shop,) = parse_qs(urlsplit(self.path).query)["mall_id"]
        rows = {"list": [ROW], "total": 1}
        refused = {"code": 50009, "msg": "店铺\ud800不存在"}
        answer = refused if shop == str(REFUSING) else {"code": 0, "data": rows}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def _served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.every_warehouse
def test_half_characters_cost_no_shop(warehouse_url: str, tmp_path: Path) -> None:
    """The rows land, the refused shop's message is in output, journal and ledger, escaped."""
    with _served() as base_url:
        pull = feed_pull(base_url, tmp_path, warehouse_url)
        code, output = pull.run_job("pdd_review", KEY)
    assert code not in (0, 99), output
    assert MESSAGE in output
    assert MESSAGE in (tmp_path / "logs/scheduler.log").read_text("utf-8")
    states = pull.states(KEY)
    assert {shop: state for shop, (state, _) in states.items()} == {
        shop: "failed" if shop == "pdd-1" else "ok" for shop in SHOPS
    }
    errors = [row.error for row in pull.ledger.rows("pdd_review", KEY) if row.error]
    assert [MESSAGE in error for error in errors] == [True]
    landed = pull.landed(pdd_reviews)
    assert {(row["goods_name"], row["content"]) for row in landed} == {(r"毛毯\ud83d", r"褪色\x00")}
    pull.engine.dispose()
