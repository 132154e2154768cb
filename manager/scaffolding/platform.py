"""The files of a new platform, and its entries in the tables that list all platforms."""

from functools import partial
from hashlib import md5
from pathlib import Path

from include.errors import ConfigurationError
from include.registry.platforms import PLATFORMS
from include.registry.shops import load_shops
from manager.scaffolding.edits import with_entry, with_import, with_json_entry, with_name_imported
from manager.scaffolding.names import class_name
from manager.scaffolding.plan import Plan
from sandbox.platforms import PLATFORMS as OF_THE_SANDBOX

VERSIONS = "include/warehouse/migrations/versions"
SHOPS_OF_A_PLATFORM = 10_000


def plan_of(root: Path, platform: str, name: str, english: str) -> Plan:
    """Work out a new platform.

    Args:
        root: the project.
        platform: its id.
        name: what people call it, in Chinese.
        english: the same for who reads English.

    Raises:
        ConfigurationError: there is such a platform, or a file of it, already.
    """
    shops = load_shops(root).by_id
    if platform in PLATFORMS or platform in {shop.platform for shop in shops.values()}:
        raise ConfigurationError(
            "platform {platform!r} is there already: take another id", platform=platform
        )
    plan = Plan(root, _values(root, platform, name, english))
    plan.make("platform")
    _list_everywhere(plan, platform)
    return plan


def _values(root: Path, platform: str, name: str, english: str) -> dict[str, str]:
    taken = [number for known in OF_THE_SANDBOX.values() for number in known.shops]
    first = (max(taken) // SHOPS_OF_A_PLATFORM + 1) * SHOPS_OF_A_PLATFORM + 1
    before = max(path.name[:4] for path in (root / VERSIONS).glob("[0-9]*.py"))
    signed = "secretapp_keykeymethodorder.listparam_json{}v2secret"
    return {
        "id": platform,
        "CONST": platform.upper(),
        "Class": class_name(platform),
        "name": name,
        "english": english,
        "first": str(first),
        "second": str(first + 1),
        "before": before,
        "revision": f"{int(before) + 1:04}",
        "signature": md5(signed.encode(), usedforsecurity=False).hexdigest().upper(),
    }


def _list_everywhere(plan: Plan, platform: str) -> None:
    """Add it to the tables of code and sandbox, to the warehouse's tables, and to config/."""
    const = platform.upper()
    _add_to_table(plan, "include/registry/platforms.py", "PLATFORMS", plan.part("facts"))
    code = "include/platforms/all_platforms.py"
    _add_to_table(plan, code, "PLATFORMS", f'    "{platform}": {const},\n')
    line = f"from include.platforms.{platform}.platform import {const}"
    plan.change(code, partial(with_import, line=line))
    _add_to_table(plan, "sandbox/platforms.py", "PLATFORMS", plan.part("sandbox"))
    app = "sandbox/app.py"
    _add_to_table(plan, app, "GATEWAYS", f'    "{platform}/orders": {platform},\n')
    plan.change(app, partial(with_name_imported, package="sandbox", name=platform))
    plan.change("include/warehouse/tables.py", partial(_ended_with, more=plan.part("table")))
    plan.change("config/pools.json", partial(with_json_entry, entry=plan.part("pool")))
    for place, number in enumerate((plan.values["first"], plan.values["second"]), 1):
        one = {"place": str(place), "number": number}
        entry = plan.part("connection", one)
        plan.change("config/connections.json", partial(with_json_entry, entry=entry))
        plan.change("config/shops.yaml", partial(_ended_with, more=plan.part("shop", one)))


def _add_to_table(plan: Plan, path: str, table: str, entry: str) -> None:
    plan.change(path, lambda text: with_entry(path, text, table, entry))


def _ended_with(text: str, more: str) -> str:
    return text.rstrip("\n") + "\n" + more
