"""A real web server on loopback that answers as a test has written down."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

RESET = b"reset"
SILENCE = b"silence"


def answer(body: str | bytes, status: int = 200, *headers: str, cut: int = 0) -> bytes:
    """Write an HTTP answer; `cut` bytes of the promised body never come."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(content) + cut}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass
class ScriptedGateway:
    """Answers each request with the next of the script, the last one for ever."""

    script: list[bytes]
    base_url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                said = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                length = int(said or 0)
                self.requests.append(head + await reader.readexactly(length))
                line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if line == SILENCE:
                    await asyncio.sleep(60)
                if line == RESET:
                    writer.transport.abort()
                    return
                writer.write(line)
                await writer.drain()
                if b"\r\n\r\n" in line and not _whole(line):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _whole(line: bytes) -> bool:
    head, _, body = line.partition(b"\r\n\r\n")
    return int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]) == len(body)


@contextmanager
def scripted(*script: bytes, tls: SSLContext | None = None) -> Iterator[ScriptedGateway]:
    """Serve a script in a thread; with `tls` by HTTPS."""
    gateway = ScriptedGateway(list(script))
    loop = asyncio.new_event_loop()
    serving = asyncio.start_server(gateway.serve_one, "127.0.0.1", 0, ssl=tls)
    server = loop.run_until_complete(serving)
    gateway.base_url = (
        f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    )
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield gateway
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
