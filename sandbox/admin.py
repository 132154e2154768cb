"""`/sandbox/…`: how the sandbox is, what it counted, and the switches of faults and tokens."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.faults import FAULTS, Armed
from sandbox.limits import DOCUMENTED
from sandbox.platforms import PLATFORMS

if TYPE_CHECKING:
    from sandbox.limits import Gatekeeper
    from sandbox.world import World

HOSTS = ("127.0.0.1", "localhost", "::1")
SHOP_FILTER = (
    "a fault with a shop strikes where the gateway has read whose the request is: after signature, "
    "token and parameters were found good; one without strikes any request of the platform, a "
    "wire fault those for new tokens, too"
)


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FaultWish(_Wish):
    """A fault to be armed; fields as those of `Armed`."""

    fault: Literal[tuple(FAULTS)]  # type: ignore[valid-type]
    platform: Literal[tuple(DOCUMENTED)]  # type: ignore[valid-type]
    times: Annotated[int, Field(ge=1)] = 1
    after: Annotated[int, Field(ge=0)] = 0
    shop: int | None = None


class ShopWish(_Wish):
    """Whose tokens; without a shop those of the whole platform."""

    platform: Literal[tuple(PLATFORMS)]  # type: ignore[valid-type]
    shop: int | None = None


class LifetimeWish(_Wish):
    """How long the tokens live that are refreshed from now on."""

    platform: Literal[tuple(PLATFORMS)]  # type: ignore[valid-type]
    seconds: Annotated[float, Field(gt=0)]


def add_routes(app: FastAPI, world: World) -> None:
    """Serve them."""

    @app.get("/sandbox/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "seed": world.seed, "now": world.now().isoformat(sep=" ")}

    @app.get("/sandbox/calls")
    async def calls() -> dict[str, Any]:
        keepers = world.gatekeepers
        return {
            "calls": sum(keeper.calls for keeper in keepers.values()),
            "over_limit": sum(keeper.over_limit for keeper in keepers.values()),
            "platforms": {name: _counted(keeper) for name, keeper in keepers.items()},
        }

    switches = APIRouter(prefix="/sandbox", dependencies=[Depends(_from_this_machine)])
    _add_faults(switches, world)
    _add_tokens(switches, world)
    app.routes.extend(switches.routes)


def _add_faults(routes: APIRouter, world: World) -> None:
    @routes.post("/faults")
    async def arm(wish: FaultWish) -> dict[str, Any]:
        world.faults.arm(Armed(**wish.model_dump()))
        return _armed(world)

    @routes.get("/faults")
    async def armed() -> dict[str, Any]:
        return _armed(world)

    @routes.delete("/faults")
    async def clear() -> dict[str, Any]:
        world.faults.clear()
        return _armed(world)


def _add_tokens(routes: APIRouter, world: World) -> None:
    @routes.get("/tokens")
    async def tokens() -> dict[str, Any]:
        return world.tokens.shown()

    @routes.post("/tokens/expire")
    async def expire(wish: ShopWish) -> dict[str, Any]:
        world.tokens.expire(wish.platform, wish.shop)
        return world.tokens.shown()

    @routes.post("/tokens/lifetime")
    async def lifetime(wish: LifetimeWish) -> dict[str, Any]:
        world.tokens.lifetimes[wish.platform] = wish.seconds
        return world.tokens.shown()

    @routes.post("/tokens/authorise")
    async def authorise(wish: ShopWish) -> dict[str, Any]:
        world.tokens.authorise(wish.platform, wish.shop)
        return world.tokens.shown()


def _armed(world: World) -> dict[str, Any]:
    return {"armed": world.faults.shown(), "faults": FAULTS, "shop": SHOP_FILTER}


def _counted(keeper: Gatekeeper) -> dict[str, Any]:
    shops = {str(shop): number for shop, number in sorted(keeper.shops.items())}
    return {"calls": keeper.calls, "over_limit": keeper.over_limit, "shops": shops}


def _from_this_machine(request: Request) -> None:
    """Refuse who is elsewhere, also where somebody lets the sandbox listen on more addresses.

    A web page that the user's browser shows is elsewhere, too: it gives itself away by an origin,
    or, where its name was made to lead to this machine, by the host that it asks for.
    """
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403, "only from this machine")
    if request.url.hostname not in HOSTS or "origin" in request.headers:
        raise HTTPException(403, "only by 127.0.0.1 or localhost, and not from a web page")
