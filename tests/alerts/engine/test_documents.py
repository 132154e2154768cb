"""docs/alerts.md and its Chinese twin say what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include import MANAGER, PROJECT_ROOT
from include.alerts.answers import Mutes
from include.alerts.composing import Wording
from include.alerts.digest import Digest
from include.alerts.findings import (
    ContractDay,
    Day,
    Finding,
    Kind,
    Missing,
    Resolution,
    Restated,
    TokenEnd,
)
from include.alerts.notices import Notice
from include.alerts.records import Alert, What
from include.registry.alerts import (
    ALERTS_FILE,
    KINDS,
    AlertConfiguration,
    AlertsFile,
    Channel,
    Heartbeat,
    Mute,
    Quiet,
    Route,
    Storm,
    load_alerts,
)
from include.registry.alerts import Digest as DigestKeys
from tests.alerts.engine.alert_rounds import SHANGHAI

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

PAGES = [(PROJECT_ROOT / f"docs/alerts{name}.md").read_text("utf-8") for name in ("", ".zh-CN")]
PARTS = [Channel, Route, DigestKeys, Quiet, Storm, Heartbeat, Mute]
DUE = datetime(2026, 11, 28, 10, tzinfo=SHANGHAI)
LATE = Finding(
    Kind.LATE,
    "jd_store",
    "2026-11-28",
    "京东门店数据",
    "jd",
    (),
    DUE,
    DUE,
    (
        Missing("jd-1", "示例京东旗舰店", "授权失效（连接 jd_1）", "请店铺重新授权"),
        Missing("jd-2", "示例京东专营店", "平台繁忙，已重试 2 次，10:07 再试"),
    ),
    {"expected": "3", "remedy": f"{MANAGER} repair --job jd_store --yes"},
)
OF_CONTRACT = replace(
    LATE,
    subject="contract:store_day",
    name="门店日报数据齐备",
    due=datetime(2026, 11, 28, 9, 30, tzinfo=SHANGHAI),
    units=(replace(LATE.units[0], job_id="jd_store", job_name="京东门店数据"),),
    jobs=("erp_store", "jd_store", "pdd_quality"),
)
ALERT = Alert(123, LATE, DUE, opened=DUE, missed=LATE.units)
STANDS = ContractDay(
    OF_CONTRACT.name,
    "2026-11-28",
    "late",
    None,
    datetime(2026, 11, 29, 9, 30, tzinfo=SHANGHAI),
    (("京东门店数据", 1),),
)
TEXTS = Wording("zh", DUE, timedelta(days=1))


@pytest.mark.parametrize("key", [*AlertsFile.model_fields, *KINDS])
def test_every_key_and_kind_has_a_row(key: str) -> None:
    """On both pages."""
    for page in PAGES:
        assert f"\n| `{key}` |" in page


@pytest.mark.parametrize("part", PARTS)
def test_every_key_of_a_part_is_named(part: type[BaseModel]) -> None:
    """By its row, or by the text below."""
    for name, field in part.model_fields.items():
        for page in PAGES:
            assert re.search(rf"`([a-z]+\.)?{field.alias or name}[`:]", page), name


def test_the_examples_are_valid(tmp_path: Path) -> None:
    """Together they are a file without problems."""
    (tmp_path / "config").mkdir()
    for page in PAGES:
        whole, mutes = re.findall(r"\n```yaml\n(.*?)\n```", page, re.DOTALL)[:2]
        (tmp_path / ALERTS_FILE).write_text(f"{whole}\n{mutes}\n", "utf-8")
        read = load_alerts(tmp_path, now=DUE)
        assert read.problems == ()
        assert (len(read.channels), len(read.routes), len(read.mutes)) == (2, 2, 1)


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_the_messages_are_those_that_come(page: str) -> None:
    """Openings of a job and of a contract, a recovery and a digest, to the letter."""
    of_contract = Alert(124, OF_CONTRACT, DUE, opened=DUE, missed=OF_CONTRACT.units)
    contract = TEXTS.message((Notice(of_contract, "ops", (What.OPENING,), DUE),))
    opening = TEXTS.message((Notice(ALERT, "ops", (What.OPENING,), DUE),))
    landed = DUE + timedelta(minutes=47)
    over = Alert(
        123,
        LATE,
        DUE,
        opened=DUE,
        gone=landed,
        recovered=landed,
        resolution=Resolution(3, 3, landed),
    )
    recovery = TEXTS.message((Notice(over, "ops", (What.RECOVERY,), landed),))
    now = datetime(2026, 11, 29, 9, 30, tzinfo=SHANGHAI)
    mute = Mute.model_construct(
        job="pdd_review", shop="pdd-3", until=date(2026, 12, 4), reason="店铺装修停业", by="林"
    )
    configuration = AlertConfiguration(mutes=(mute,))
    restated = (Restated("PDD差评数据", 7, 3, 4),)
    tokens = (TokenEnd("jd_2", datetime(2026, 12, 1, 8, tzinfo=SHANGHAI)),)
    digest = Digest(configuration, Mutes(configuration, (), now), [], (), now).message(
        Day(32, 31, {"jd": 1}, -0.03, tokens=tokens, restated=restated, contracts=(STANDS,)), None
    )
    shown = re.findall(r"^```text\n(.*?)\n^```", page, re.DOTALL | re.MULTILINE)
    assert [one.plain() for one in (opening, recovery, contract, digest)] == shown
