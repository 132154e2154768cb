"""The shops, and everything that can be wrong with them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include.periods import Schedule
from include.registry import load_registry
from include.registry.shops import load_shops

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

ONE = "{id: a-1, platform: pdd, name: 一号店, connection: pdd, platform_id: 1}"


def test_shop(project: ProjectFolder) -> None:
    """A shop has what its entry says, and is enabled for all days unless told otherwise."""
    project.write_shops(
        ONE,
        "{id: b-1, platform: taobao, name: 二号店, connection: tb, platform_id: 007, "
        "enabled: false, from: 2025-01-01, until: 2025-06-30}",
    )
    shops = load_shops(project.root)
    assert shops.problems == []
    assert [shop.model_dump(by_alias=True) for shop in shops.by_id.values()] == [
        {
            "id": "a-1",
            "platform": "pdd",
            "name": "一号店",
            "connection": "pdd",
            "enabled": True,
            "from": None,
            "until": None,
            "platform_id": "1",
        },
        {
            "id": "b-1",
            "platform": "taobao",
            "name": "二号店",
            "connection": "tb",
            "enabled": False,
            "from": date(2025, 1, 1),
            "until": date(2025, 6, 30),
            "platform_id": "007",
        },
    ]


WRONG = [
    (
        "{id: b, platform: pdd, name: x, connection: pdd_9, platform_id: abc}",
        "3:69: b: platform_id 'abc' is no number: write the one that the platform gave the shop",
    ),
    (
        (
            "{id: b, from: 2025-02-01, until: 2025-01-31, platform: pdd, name: x, "
            "connection: pdd, platform_id: 2}"
        ),
        "3:38: b: until '2025-01-31' is before from '2025-02-01': write a later one",
    ),
    (
        "{id: b, platform: pdd, name: x, connection: pdd}",
        "3:5: b: key 'platform_id' is missing: add it, as in platform_id: '10001'",
    ),
    (
        "{id: B, platform: pdd, name: x, connection: pdd, platform_id: 2}",
        "3:10: B: id 'B' is not an id: write a-z, 0-9, _ and -, as in pdd-1",
    ),
    (
        "{id: b, platform: pdd, name: x, connection: pdd, platform_id: 2, form: x}",
        "3:70: b: unknown key 'form': did you mean 'from'?",
    ),
    ("shop", "3:5: entry 'shop' is not a mapping: begin it with '- id:'"),
]


@pytest.mark.parametrize(("shop", "told"), WRONG)
def test_wrong_shop(project: ProjectFolder, shop: str, told: str) -> None:
    """A wrong shop is a problem at its place, and costs neither other shops nor jobs."""
    project.write_shops(ONE, shop)
    project.write_tasks("t.yaml")
    registry = load_registry(project.root)
    assert [str(problem) for problem in registry.problems] == [f"config/shops.yaml:{told}"]
    assert list(registry.shops) == ["a-1"]
    assert list(registry.jobs) == ["good"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("shop", "key", "told"),
    [
        (
            "{id: a-1, platform: jd, name: x, connection: jd, platform_id: 5}",
            "id",
            (
                "id 'a-1' is also in line {}: neither is pulled until one of them has another id, "
                "or is removed"
            ),
        ),
        (
            "{id: b, platform: pdd, name: x, connection: pdd_9, platform_id: '1'}",
            "platform_id",
            (
                "platform_id '1' is also the store of line {}, and would land twice: neither is "
                "pulled until one of them is removed"
            ),
        ),
    ],
)
def test_a_copy_does_not_take_a_shops_place(
    project: ProjectFolder, shop: str, key: str, told: str, *, first: bool
) -> None:
    """Two entries of one id or one store are both named, in whatever order, and neither is one."""
    other = "{id: c, platform: erp, name: x, connection: erp, platform_id: 3}"
    project.write_shops(*((shop, ONE) if first else (ONE, shop)), other)
    shops = load_shops(project.root)
    assert list(shops.by_id) == ["c"]
    assert [(problem.line, problem.message) for problem in shops.problems] == [
        (2, told.format(3)),
        (3, told.format(2)),
    ]
    lines = (project.root / "config/shops.yaml").read_text("utf-8").splitlines()
    for problem in shops.problems:
        assert f"{key}: " in lines[problem.line - 1][: problem.column]


def test_accounts_that_number_their_own_shops(project: ProjectFolder) -> None:
    """Two accounts of the ERP may each have a shop of the same number."""
    shop = "{{id: {0}, platform: erp, name: x, connection: {0}, platform_id: 10001}}"
    project.write_shops(shop.format("erp-1"), shop.format("erp-2"))
    shops = load_shops(project.root)
    assert shops.problems == []
    assert list(shops.by_id) == ["erp-1", "erp-2"]


def test_unreadable_file_costs_no_job(project: ProjectFolder) -> None:
    """While shops.yaml cannot be read, the platforms it may add are not held against jobs."""
    project.write("config/shops.yaml", "shops: [")
    project.write_entry("id: a", "name: a", 'cron: "0 8 * * *"', "script: good.py", "platform: new")
    registry = load_registry(project.root)
    assert [problem.file for problem in registry.problems] == ["config/shops.yaml"]
    assert list(registry.jobs) == ["a"]


def test_added_platform(project: ProjectFolder) -> None:
    """A platform that only shops.yaml names is known to jobs."""
    project.write_shops("{id: t, platform: taobao, name: t, connection: tb, platform_id: 1}")
    project.write_entry(
        "id: a", "name: a", 'cron: "0 8 * * *"', "script: good.py", "platform: taobao"
    )
    registry = load_registry(project.root)
    assert registry.problems == []
    assert [shop.id for shop in registry.shops_of(registry.jobs["a"])] == ["t"]


def test_missing_file(project: ProjectFolder) -> None:
    """Without shops.yaml a job with a platform would run for no shop: that is a problem."""
    project.write_tasks("good.yaml")
    assert load_registry(project.root).problems == []
    project.write_entry("id: a", "name: a", 'cron: "0 8 * * *"', "script: good.py", "platform: pdd")
    registry = load_registry(project.root)
    assert [str(problem) for problem in registry.problems] == [
        (
            "config/shops.yaml:1:1: is not there, but jobs have a platform: "
            "restore it, or list the shops in it"
        )
    ]
    assert list(registry.jobs) == ["good", "a"]


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_repaired_as_a_missing_one_is(project: ProjectFolder, text: str) -> None:
    """Who did what is said must not be told the opposite next."""
    (project.root / "config/shops.yaml").write_text(text)
    (problem,) = load_shops(project.root).problems
    told = "config/shops.yaml:1:1: is empty: restore it, or list the shops in it"
    assert str(problem) == told


@pytest.mark.parametrize(
    ("days", "is_open"),
    [
        ("", True),
        ("from: 2025-10-03", True),
        ("from: 2025-10-04", False),
        ("until: 2025-09-27", True),
        ("until: 2025-09-26", False),
    ],
)
def test_open_in(project: ProjectFolder, days: str, is_open: bool) -> None:  # noqa: FBT001 - a parameter
    """A shop is open in a period that holds one of its days, the first and the last included."""
    project.write_shops(f"{{id: a, platform: pdd, name: a, connection: p, platform_id: 1, {days}}}")
    week = Schedule("0 12 * * 6", "week").last_ended(
        datetime(2025, 10, 4, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    )
    assert load_shops(project.root).by_id["a"].open_in(week) is is_open
