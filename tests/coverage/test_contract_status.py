"""What a period of a contract lacks, as people are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include import MANAGER
from include.coverage.contract_status import ContractStatus, read_status
from include.language import speaking
from include.registry import load_registry
from tests.contracts.contracted import DAY, KEY, Contracted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def contracted(tmp_path: Path, warehouse_url: str) -> Iterator[Contracted]:
    """Return a project whose contract needs five units; one of them has not landed."""
    project = Contracted(tmp_path / "project", warehouse_url)
    project.land_all(but=("o-2",))
    yield project
    project.engine.dispose()


def _status(contracted: Contracted, key: str = KEY) -> ContractStatus:
    registry = load_registry(contracted.root)
    return read_status(contracted.engine, registry, contracted.contract(), contracted.period(key))


def _missing(contracted: Contracted) -> tuple[str, list[str]]:
    (missing,) = _status(contracted).missing
    assert (missing.unit.shop_id, missing.shop) == ("o-2", "店o-2")
    assert missing.as_dict()["why"] == missing.why
    return missing.why, missing.remedies


REPAIR = f"repair: python3 scheduler_manager.py repair --job orders --since {KEY} --yes"


def test_states_and_remedies(contracted: Contracted) -> None:
    """Each says why the unit is missing, and what to do; what comes by itself asks for nothing."""
    unit = contracted.unit("orders", "o-2")
    assert _missing(contracted) == (
        "missed: it was due, and has not been pulled since",
        [REPAIR],
    )
    contracted.ledger.expect([unit])
    contracted.ledger.begin([unit])
    assert _missing(contracted) == ("is being pulled now", [])
    contracted.ledger.fail(unit, 75, "the gateway answered 503\nand more")
    assert _missing(contracted) == (
        "failed, exit code 75 (a temporary failure): the gateway answered 503",
        [REPAIR],
    )
    contracted.ledger.begin([unit])
    contracted.ledger.fail(unit, 78, "the address is wrong")
    assert _missing(contracted)[1] == ["first: correct what the message names", REPAIR]


def test_what_has_landed_and_does_not_count(contracted: Contracted) -> None:
    """It is said why; pulling it again judges it."""
    end = contracted.unit("orders", "o-2").period.end
    contracted.land("orders", "o-2", covered_until=end - timedelta(hours=1))
    why, remedies = _missing(contracted)
    assert why.startswith("has landed, and does not count: its pull reached only up to 2025-10-02")
    assert remedies == [
        f"pull it again: python3 scheduler_manager.py run orders --period {KEY} --again"
    ]


def test_what_no_run_can_bring(contracted: Contracted) -> None:
    """It can be accepted."""
    contracted.jobs["orders"]["dated"] = False
    contracted.write()
    assert _missing(contracted) == (
        "cannot be pulled again: its script takes no period",
        [f"accept it: python3 scheduler_manager.py waive orders --period {KEY} --reason TEXT"],
    )


def test_other_rows_than_the_source_counts(contracted: Contracted) -> None:
    """Both numbers are said."""
    contracted.land("orders", "o-2", source_rows=6)
    (row,) = [one for one in contracted.ledger.rows("orders", KEY) if one.shop_id == "o-2"]
    contracted.ledger.reject(row, "5 landed, the source counts 6")
    assert _missing(contracted) == ("≠ 5 landed, the source counts 6", [REPAIR])


def test_complete(contracted: Contracted) -> None:
    """Asking writes it down, once; what is no longer complete keeps its revision."""
    contracted.land("orders", "o-2")
    for _ in range(2):
        status = _status(contracted)
        assert (status.complete, status.missing, status.needed) == (True, [], 5)
        assert status.revision is not None
        assert status.revision.number == 1
    contracted.ledger.reject(contracted.ledger.rows("orders", KEY)[0], "wrong")
    status = _status(contracted)
    assert (status.complete, status.landed, status.revision is not None) == (False, 4, True)


def test_what_the_ledger_does_not_keep_any_more(contracted: Contracted) -> None:
    """What was complete then is known; of all else nothing is."""
    contracted.land("orders", "o-2")
    assert _status(contracted).complete
    service = {"id": "housekeeping", "name": "h", "cron": "30 3 * * *", "script": "good.py"}
    contracted.jobs["housekeeping"] = service | {"env": {"HOUSEKEEPING_LEDGER_DAYS": "400"}}
    contracted.write()
    status = _status(contracted)
    assert (status.kept, status.complete) == (False, True)
    status = _status(contracted, "2025-10-01")
    assert (status.kept, status.complete, status.missing) == (False, False, [])


def test_a_contract_whose_jobs_are_all_broken(contracted: Contracted) -> None:
    """Nothing is known of it, not even by when it should be complete."""
    contracted.write({"id": "day", "name": "日", "jobs": ["orders"]})
    contracted.jobs["orders"]["cron"] = "never"
    contracted.write()
    status = _status(contracted)
    assert (status.complete, status.deadline, len(status.unknown)) == (False, None, 1)
    assert status.as_dict()["deadline"] is None


def test_a_chinese_reader_sees_what_is_missing_in_chinese(contracted: Contracted) -> None:
    """The line on the period, why each unit is missing, and what to do."""
    contracted.jobs["orders"]["dated"] = False
    contracted.write()
    with speaking("zh"):
        assert _missing(contracted) == (
            "无法补拉：脚本不接受日期",
            [f"接受这个缺口：{MANAGER} waive orders --period {KEY} --reason TEXT"],
        )
        assert "未齐备，应入库 5 项，已入库 4 项，还缺：orders" in str(_status(contracted))


def test_what_is_complete_without_a_shop_names_it(contracted: Contracted) -> None:
    """In its line and to programs: whoever reads the day knows what it lacks."""
    contracted.write(DAY | {"min_shops": 1})
    status = _status(contracted)
    assert status.complete
    assert str(status).endswith("; 4 of 5 units, without 店o-2 (o-2)")
    assert [one["shop"] for one in status.as_dict()["missing"]] == ["o-2"]


def test_since_when_and_of_when_the_revision_is(contracted: Contracted) -> None:
    """The hour of the first, as in the digest, and that of the latest; in one form to programs."""
    contracted.land("orders", "o-2")
    first = _status(contracted)
    since = f": complete since {_hour(first)}, revision "
    assert f"{since}1: 5 units" in str(first)
    contracted.land("orders", "o-2", rows=9)
    second = _status(contracted)
    assert f"{since}2 of {_hour(second)}: 5 units" in str(second)
    told = second.as_dict()
    assert told["first_complete_at"] == first.as_dict()["complete_at"]
    assert {told[name][-6:] for name in ("complete_at", "deadline")} == {"+08:00"}


def _hour(status: ContractStatus) -> str:
    assert status.revision
    return f"{status.revision.complete_at.astimezone(status.contract.calendar.zone):%Y-%m-%d %H:%M}"
