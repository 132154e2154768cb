"""The shops (config/shops.yaml): which there are, on which platform, and from when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from include.language import N_, _
from include.registry import fields  # noqa: TC001 - pydantic reads the annotations
from include.registry.entries import read_entries, rivals
from include.registry.paths import SHOPS_FILE
from include.registry.platforms import PLATFORMS
from include.registry.problems import BY_PLACE
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import models_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from include.periods import Period
    from include.registry.problems import Problem

# What to do when it says nothing, or is not there.
RESTORE = N_("restore it, or list the shops in it")
CLASH = N_(
    "id '{id}' is also in line {line}: neither is pulled until one of them has another id, or is "
    "removed"
)


class Shop(BaseModel):
    """One store on one platform."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: fields.ShopId = Field(
        description="what the ledger, the commands and the pages call it; never changed",
        examples=["erp-1"],
    )
    platform: fields.Platform = Field(description="where it is", examples=["erp"])
    name: fields.Line = Field(description="what people call it", examples=["示例旗舰店"])
    connection: fields.ConnectionId = Field(
        description="the Airflow connection it is pulled with", examples=["erp"]
    )
    enabled: fields.Flag = Field(
        default=True, description="false: it is not pulled", examples=[False]
    )
    from_day: fields.Day | None = Field(
        default=None,
        alias="from",
        description="its first business day; the job's start unless given",
        examples=["2025-01-01"],
    )
    until_day: fields.Day | None = Field(
        default=None,
        alias="until",
        description="its last business day; it goes on unless given",
        examples=["2025-12-31"],
    )
    platform_id: fields.PlatformNumber = Field(
        description="its number on the platform", examples=["10001"]
    )

    @property
    def store(self) -> tuple[str, ...]:
        """What tells the store from all others, whatever it is called here."""
        known = PLATFORMS.get(self.platform)
        account = [self.connection] if known and known.numbered_by_account else []
        return (self.platform, self.platform_id, *account)

    def open_in(self, period: Period) -> bool:
        """Return whether the shop's days, from the first to the last, touch a period."""
        opened = self.from_day is None or self.from_day <= period.last_day
        return opened and (self.until_day is None or period.first_day <= self.until_day)

    def why_closed(self, period: Period) -> str:
        """Return why it is not open in a period, and the repair; empty when it is open."""
        if self.open_in(period):
            return ""
        if self.from_day is not None and self.from_day > period.last_day:
            return _(
                "shop {shop!r} opens after {period}, its 'from' is {day}: name a later period, or "
                "write an earlier 'from' in {file}",
                shop=self.id, period=period.key, day=self.from_day, file=SHOPS_FILE,
            )  # fmt: skip
        return _(
            "shop {shop!r} closed before {period}, its 'until' is {day}: name an earlier period, "
            "or write a later 'until' in {file}",
            shop=self.id, period=period.key, day=self.until_day, file=SHOPS_FILE,
        )  # fmt: skip

    @field_validator("platform_id")
    @classmethod
    def _is_a_number(cls, number: str, info: ValidationInfo) -> str:
        if info.data.get("platform") in PLATFORMS and not (number.isascii() and number.isdecimal()):
            told = _(
                "'{number}' is no number: write the one that the platform gave the shop",
                number=number,
            )
            raise ValueError(told)
        return number

    @field_validator("until_day")
    @classmethod
    def _is_not_before_from(cls, until: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("from_day")
        if until is not None and first is not None and until < first:
            told = _(
                "'{until}' is before from '{first}': write a later one", until=until, first=first
            )
            raise ValueError(told)
        return until


class Shops(NamedTuple):
    """What config/shops.yaml says."""

    by_id: dict[str, Shop]  # the valid ones, in the file's order
    problems: list[Problem]  # what is wrong in it
    exists: bool  # there is such a file; a project without shops needs none

    def connections(self) -> dict[str, list[str]]:
        """Return the connections that the enabled shops of each platform use."""
        found: dict[str, list[str]] = {}
        for shop in self.by_id.values():
            used = found.setdefault(shop.platform, []) if shop.enabled else []
            if shop.connection not in used:
                used.append(shop.connection)
        return found


def load_shops(root: Path) -> Shops:
    """Read a project's shops; what is wrong with one costs that shop alone."""
    if not (root / SHOPS_FILE).exists():
        return Shops({}, [], exists=False)
    try:
        raw = read_bytes(root, SHOPS_FILE)
    except UnreadableError as error:
        return Shops({}, [error.problem], exists=True)
    problems: list[Problem] = []
    entries = read_entries(SHOPS_FILE, raw, "shops", problems, RESTORE)
    made, named_twice = models_of(entries, Shop, lambda _entry: None, CLASH, problems)
    stores = rivals((shop.store, entry) for entry, shop in made.items())
    shops: dict[str, Shop] = {}
    for entry, shop in made.items():
        if entry in named_twice:
            continue
        if other := stores.get(entry):
            message = _(
                "platform_id '{number}' is also the store of line {line}, and would land twice: "
                "neither is pulled until one of them is removed",
                number=shop.platform_id, line=other.line,
            )  # fmt: skip
            problems.append(entry.problem(("platform_id",), message))
        else:
            shops[shop.id] = shop
    problems.sort(key=BY_PLACE)
    return Shops(shops, problems, exists=True)
