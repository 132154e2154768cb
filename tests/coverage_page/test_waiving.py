"""Waiving from the page."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from fastapi import HTTPException

from include.coverage.waiving import select
from include.coverage_page import responses
from include.coverage_page.repairing import Accepted, Which, unwaive, waive
from include.warehouse import connect
from tests.coverage.registries import job, registry, shop
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

JOB = job("erp_store", platform="erp")
REGISTRY = registry([JOB], [shop("erp-1"), shop("erp-2")])
DAY = JOB.schedule.last_ended(datetime.now(timezone.utc) - timedelta(days=2))
ONE = {"job": "erp_store", "key": DAY.key, "shop": "erp-1"}


class Anna:
    """Who asks."""

    def get_name(self) -> str:
        """Return the name."""
        return "anna"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return a warehouse in which nothing has landed."""
    engine = connect(empty_file(tmp_path))
    yield engine
    engine.dispose()


def test_one_shop_is_waived_and_taken_back(engine: Engine) -> None:
    """In the name of who asks; the page tells why, by whom and when."""
    wish = Accepted(**ONE, reason="closed\tfor  good\n")
    assert waive(engine, REGISTRY, JOB, wish, Anna()) == {"waived": ["erp-1"]}
    found = select(engine, REGISTRY, JOB, (DAY, DAY))
    assert [unit.shop_id for unit in found.gaps] == ["erp-2"]
    (told,) = responses.units(found.waived, REGISTRY)["units"]
    assert told["code"] == "x"
    assert (told["waiver"]["by"], told["waiver"]["reason"]) == ("anna", "closed for good")
    assert unwaive(engine, REGISTRY, JOB, Which(**ONE)) == {"unwaived": ["erp-1"]}
    assert len(select(engine, REGISTRY, JOB, (DAY, DAY)).gaps) == 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"reason": " "}, "a reason is missing"),
        ({"key": "2025-9"}, "write it like 2025-10-02"),
        ({"shop": "erp-9"}, "nothing is expected of erp_store erp-9"),
    ],
)
def test_what_cannot_be_waived_is_refused(engine: Engine, said: dict[str, str], why: str) -> None:
    """With 409 and what is wrong."""
    wish = Accepted(**{**ONE, "reason": "closed", **said})
    with pytest.raises(HTTPException) as error:
        waive(engine, REGISTRY, JOB, wish, Anna())
    assert error.value.status_code == 409
    assert why in error.value.detail
    with pytest.raises(HTTPException, match=r"is waived|write it like"):
        unwaive(engine, REGISTRY, JOB, Which(job="erp_store", key=wish.key, shop=wish.shop))
