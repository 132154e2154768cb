"""The platforms that can be spoken to, by the names that config/shops.yaml has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.platforms.jd.platform import JD
from include.platforms.jushuitan.platform import JUSHUITAN
from include.platforms.pdd.platform import PDD

if TYPE_CHECKING:
    from include.platforms.platform import Platform

PLATFORMS: dict[str, Platform] = {
    "erp": JUSHUITAN,
    "jd": JD,
    "pdd": PDD,
}
