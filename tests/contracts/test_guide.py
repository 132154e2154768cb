"""What docs/contracts.md says can be done, can be done."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include import PROJECT_ROOT
from include.coverage.contract_status import read_status
from include.registry import load_registry
from include.warehouse.views import contract_status

if TYPE_CHECKING:
    from tests.contracts.contracted import Contracted

GUIDE = (PROJECT_ROOT / "docs/contracts.md").read_text("utf-8")
ONE, LATELY = re.findall(r"```sql\n(.*?);\n```", GUIDE, re.DOTALL)


@pytest.mark.every_warehouse
def test_its_conditions(contracted: Contracted) -> None:
    """No row until it is complete; then one, which has the next revision when it is restated."""
    one = ONE.replace("store_day", "day")

    def rows(query: str) -> list[tuple[object, ...]]:
        with contracted.engine.connect() as connection:
            return [(*row,) for row in connection.execute(text(query))]

    assert (rows(one), rows(LATELY)) == ([], [])
    contracted.land_all(but=("o-1",))
    contracted.completed()
    assert rows(one) == []
    contracted.land("orders", "o-1")
    contracted.completed()
    ((revision, _),) = rows(one)
    assert (revision, rows(LATELY)) == (1, [("day", "2025-10-02", 1)])
    contracted.land("orders", "o-1")
    contracted.completed()
    assert rows(LATELY) == [("day", "2025-10-02", 2)]


def test_every_column_and_key_is_explained(contracted: Contracted) -> None:
    """Those of the view, and those of the route with what stands in them."""
    for column in contract_status.c:
        assert f"`{column.name}`" in GUIDE or column.name in ONE
    registry = load_registry(contracted.root)
    contract, period = contracted.contract(), contracted.period()
    told = read_status(contracted.engine, registry, contract, period).as_dict()
    assert json.loads(json.dumps(told)) == told
    for key in (*told, *told["units"], *told["missing"][0]):
        assert f"`{key}`" in GUIDE or key in ("contract", "name", "period"), key
