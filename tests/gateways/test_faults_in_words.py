"""Outages and refusals of every platform, in the ledger's English and in its readers' language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from include.coverage.gap_ranges import in_brief
from include.language import CHINESE, ENGLISH, speaking
from tests.conftest import WIDE, Sandbox
from tests.gateways.test_faults import DAY, JOBS_HERE, NOW, PATIENCE, warehouse_beside
from tests.pull_jobs import Unit, Warehouse
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pull_jobs import PullJob

# What the platform does, and how a reader of each language is told.
SAID = {
    "http_429": ("HTTP 429", "HTTP 429"),
    "http_503": ("HTTP 503", "HTTP 503"),
    "reset": ("no answer from", "没有应答"),
    "trickle": ("no answer within", "秒内没有应答"),
    "truncated": ("is not JSON", "不是 JSON"),
    "html": ("is not JSON", "不是 JSON"),
    "limit": ("again", "再"),
    "error_object": ("later", "稍后"),
    "expired_token": ("token", "令牌"),
    "empty_page": ("run it again", "请再运行一次"),
    "missing_field": ("field", "字段"),
    "wrong_type": ("expected", "应为"),
}
# What a platform itself says, the values of fields and the names of keys stay as they are.
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|https?://\S+")
# Words that no Chinese sentence of ours has.
ENGLISH_WORDS = re.compile(r"\b(the|a|an|is|it|of|run|again|answer|answers|check|no|not)\b")
CHINESE_SIGNS = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve a sandbox that stands still."""
    with serve(clock=lambda: NOW, allowances=[WIDE]) as base_url:
        yield base_url


@pytest.fixture
def warehouse(base_url: str, warehouse_url: str, tmp_path: Path) -> Iterator[Warehouse]:
    """Return an empty warehouse beside the sandbox."""
    patience = {**PATIENCE, "GATEWAY_DEADLINE_SECONDS": "8"}
    with warehouse_beside(base_url, warehouse_url, tmp_path, patience) as warehouse:
        yield warehouse


@pytest.mark.parametrize("fault", SAID)
@pytest.mark.parametrize("job", JOBS_HERE, ids=lambda job: job.id)
def test_a_fault_is_told_to_each_reader_in_their_own_language(
    job: PullJob, fault: str, warehouse: Warehouse
) -> None:
    """The task speaks Chinese, the ledger's column English; whoever reads it later, their own."""
    unit = Unit.of(job, DAY)
    Sandbox(warehouse.base_url).arm(fault, job.dialect, times=10**6)
    with speaking(CHINESE):
        code, output = warehouse.run_here(unit)
    row = warehouse.row(unit)
    assert (row.state, row.exit_code) == ("failed", code)
    english, chinese = SAID[fault]
    with speaking(ENGLISH):
        assert english in str(row.error)
        assert row.shown_error == row.error
    assert not CHINESE_SIGNS.search(QUOTED.sub("", str(row.error))), row.error
    with speaking(CHINESE):
        shown = str(row.shown_error)
        assert chinese in shown
        assert in_brief(row.shown_error) == shown
    assert not ENGLISH_WORDS.search(QUOTED.sub("", shown)), shown
    assert shown in output
