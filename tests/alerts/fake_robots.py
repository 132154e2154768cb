"""Group robots of DingTalk, Feishu and WeCom, and a webhook, as strict as the real ones."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fastapi import FastAPI, HTTPException, Request, Response

from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "SECfedcba9876543210fedcba98765432"
PATHS = {
    "dingtalk": f"/robot/send?access_token={TOKEN}",
    "feishu": f"/open-apis/bot/v2/hook/{TOKEN}",
    "lark": f"/open-apis/bot/v2/hook/{TOKEN}",
    "wecom": f"/cgi-bin/webhook/send?key={TOKEN}",
    "webhook": f"/hook/{TOKEN}",
    "ping": f"/ping/{TOKEN}",
}
HOUR = 3600
PAGES = {
    "html": Response("<html>Please log in</html>", media_type="text/html"),
    "redirect": Response(status_code=302, headers={"Location": "/hook/elsewhere"}),
}
A_MINUTE = {"dingtalk": 20, "wecom": 20, "feishu": 100}


@dataclass
class FakeRobots:
    """What the robots are set to, and what they took.

    Attributes:
        base_url: where they are.
        secret: what must sign each message; empty for none.
        keyword: what each message must have; empty for none.
        ahead: by how many seconds their clock is ahead of this machine's.
        fault: what happens in place of an answer: `hang`, `reset`, `html`, `redirect`, an HTTP
            status, or the JSON that is answered.
        taken: the bodies of the messages that were taken, in order.
        headers: of the request that came last.
        pings: how often the address of a dead man's switch was called.
    """

    base_url: str = ""
    secret: str = ""
    keyword: str = ""
    ahead: float = 0
    fault: str | int | Mapping[str, Any] | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    pings: int = 0
    minutes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def address(self, kind: str) -> str:
        """Return the webhook address as the group's settings show it."""
        return self.base_url + PATHS[kind]

    def now(self) -> float:
        """Return the moment by their clock."""
        return time.time() + self.ahead

    def too_many(self, kind: str) -> bool:
        """Count a message; return whether the minute has had its share."""
        minute = kind, int(self.now()) // 60
        self.minutes[minute] += 1
        return self.minutes[minute] > A_MINUTE[kind]


@contextmanager
def serve_robots() -> Iterator[FakeRobots]:
    """Run the robots in a thread."""
    robots = FakeRobots()
    with serve_app(_app(robots)) as base_url:
        robots.base_url = base_url
        yield robots


def _app(robots: FakeRobots) -> FastAPI:
    app = FastAPI()

    @app.post("/robot/send")
    async def dingtalk(request: Request) -> Response:
        return await _answered(robots, request, _dingtalk)

    async def feishu(request: Request) -> Response:
        return await _answered(robots, request, _feishu)

    @app.post("/cgi-bin/webhook/send")
    async def wecom(request: Request) -> Response:
        return await _answered(robots, request, _wecom)

    async def webhook(request: Request) -> Response:
        return await _answered(robots, request, lambda *_: {"thanks": True})

    @app.get("/ping/{token}")
    def ping(token: str) -> str:
        if token != TOKEN:
            raise HTTPException(404)
        robots.pings += 1
        return "OK"

    app.add_api_route("/open-apis/bot/v2/hook/{token}", feishu, methods=["POST"])
    app.add_api_route("/hook/{token}", webhook, methods=["POST"])
    return app


async def _answered(robots: FakeRobots, request: Request, judge: Any) -> Response:
    body = await request.body()
    robots.headers = request.headers
    fault = robots.fault
    if fault == "hang":
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return Response()
    if fault == "reset":
        request.scope["state"]["transport"].abort()
        return Response()
    if isinstance(fault, str) and fault in PAGES:
        return PAGES[fault]
    if isinstance(fault, int):
        return Response("Service Unavailable", status_code=fault)
    if isinstance(fault, dict):
        return _json(fault)
    message = json.loads(body)
    answer = judge(robots, request, message, body)
    status = answer.pop("status", 200)
    if answer.get("errcode", answer.get("code", 0)) == 0:
        robots.taken.append(message)
    return _json(answer, status)


def _json(answer: Mapping[str, Any], status: int = 200) -> Response:
    content = json.dumps(answer, ensure_ascii=False)
    return Response(content, status_code=status, media_type="application/json")


def _dingtalk(
    robots: FakeRobots, request: Request, message: Mapping[str, Any], body: bytes
) -> dict[str, Any]:
    # As they came: one that was encoded twice is another sign.
    raw = dict(pair.split("=", 1) for pair in str(request.url.query).split("&"))
    if raw.get("access_token") != TOKEN:
        return {"errcode": 300005, "errmsg": "token is not exist"}
    if robots.too_many("dingtalk"):
        return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
    if len(body) > 20_000:
        return {"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}
    said = _dingtalk_refusal(robots, raw, message["markdown"]["text"])
    return {"errcode": 310000 if said else 0, "errmsg": said or "ok"}


def _dingtalk_refusal(robots: FakeRobots, raw: Mapping[str, str], text: str) -> str:
    """Return what the security settings have against a message."""
    if robots.keyword and robots.keyword not in text:
        return "keywords not in content"
    if not robots.secret:
        return ""
    stamp = raw.get("timestamp", "")
    if stamp and abs(robots.now() * 1000 - int(stamp)) > HOUR * 1000:
        return "invalid timestamp"
    made = hmac.new(robots.secret.encode(), f"{stamp}\n{robots.secret}".encode(), "sha256")
    if unquote(raw.get("sign", "")) == base64.b64encode(made.digest()).decode():
        return ""
    return f"description:机器人发送签名不匹配;solution:请确认签名;sign:{raw.get('sign')}"


def _feishu(
    robots: FakeRobots, request: Request, message: Mapping[str, Any], body: bytes
) -> dict[str, Any]:
    if request.path_params["token"] != TOKEN:
        said = "param invalid: incoming webhook access token invalid"
        return {"code": 19001, "msg": said, "data": {}}
    if robots.too_many("feishu"):
        return {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]"}
    lines = message["content"]["post"]["zh_cn"]["content"]
    text = "\n".join(piece.get("text", "") for line in lines for piece in line)
    if robots.keyword and robots.keyword not in text:
        return {"code": 19024, "msg": "Key Words Not Found"}
    if robots.secret:
        stamp = message.get("timestamp", "0")
        made = hmac.new(f"{stamp}\n{robots.secret}".encode(), digestmod="sha256").digest()
        sign = base64.b64encode(made).decode()
        if abs(robots.now() - int(stamp)) > HOUR or message.get("sign") != sign:
            said = "sign match fail or timestamp is not within one hour from current time"
            return {"code": 19021, "msg": said, "data": {}}
    if len(body) > 20 * 1024:
        return {"code": 9499, "msg": "Bad Request", "data": {}, "status": 400}
    return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def _wecom(
    robots: FakeRobots, request: Request, message: Mapping[str, Any], _: bytes
) -> dict[str, Any]:
    if request.query_params.get("key") != TOKEN:
        return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 192.0.2.1"}
    if robots.too_many("wecom"):
        return {"errcode": 45009, "errmsg": "api freq out of limit"}
    if len(message["text"]["content"].encode()) > 2048:
        said = "text.content exceed max length 2048. invalid Request Parameter"
        return {"errcode": 40058, "errmsg": said}
    return {"errcode": 0, "errmsg": "ok"}
