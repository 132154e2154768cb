"""A watchdog that is killed with -9 between the outbox and the mark."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from include import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = "重发，可能重复"


def _kill(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.alerts.engine.kill_campaign"]
    done = subprocess.run(
        [*command, str(folder), str(kills), str(seed)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def _check(found: dict[str, Any], kills: int) -> int:
    """Check that nothing is lost, and what came twice says so; return how many did."""
    plain = Counter(text for text in found["texts"] if AGAIN not in text)
    again = Counter(text for text in found["texts"] if AGAIN in text)
    assert set(plain.values()) <= {1}
    assert set(again.values()) <= {1}
    labels = Counter((label, what) for label, what, _ in found["said"])
    whats = {(f"#A{number}", what) for number in range(1, found["alerts"] + 1)
             for what in ("opening", "recovery")}  # fmt: skip
    assert set(labels) == whats
    assert set(labels.values()) == {1}
    assert found["waiting"] == 0
    for label, what, _ in found["said"]:
        copies = [
            text
            for text in found["texts"]
            if f"{label} " in f"{text.replace(')', ' ')} "
            and not text.startswith("【数据日报】")
            and text.startswith("【已恢复】") == (what == "recovery")
        ]
        assert 1 <= len(copies) <= 2, (label, what, copies)
        if len(copies) == 2:
            first, second = copies
            assert (AGAIN in first, AGAIN in second) == (False, True)
            assert f"({label} {AGAIN})" in second
    assert found["alerts"] >= kills // 2
    return sum(again.values())


def test_a_dozen_kills(tmp_path: Path) -> None:
    """None is lost, at most one comes twice, with the alert's number and a mark."""
    assert _check(_kill(tmp_path, 12, seed=3), 12) > 0


@pytest.mark.campaign
def test_a_thousand_kills(tmp_path: Path) -> None:
    """The same."""
    assert _check(_kill(tmp_path, 1_000, seed=1), 1_000) > 100
