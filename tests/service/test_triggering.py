"""What `trigger` asks for and says."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.service.layout import Layout
from include.service.triggering import in_words, trigger

if TYPE_CHECKING:
    from pathlib import Path

TOLD = {"job": "erp_store", "period": "2025-10-02", "run_id": "manual__1"}


@pytest.mark.parametrize(("new", "said"), [(True, "triggered"), (False, "is on its way already")])
def test_a_person_reads_whether_the_run_is_new(said: str, *, new: bool) -> None:
    """One sentence: job, period, what happened, and the run."""
    assert in_words({**TOLD, "new": new}) == f"erp_store 2025-10-02 {said} (run manual__1)"


def test_an_empty_period_makes_no_run() -> None:
    """`trigger JOB --period "$DAY"` with DAY unset is refused before Airflow is asked."""
    asked = Namespace(job="erp_store", period="", shop=None, again=False)
    with pytest.raises(ConfigurationError, match="--period '' names no period"):
        trigger(Layout(), asked)


def test_a_day_that_cannot_be_pulled_again_makes_no_run(tmp_path: Path) -> None:
    """The script takes no period: the run would be refused, and that is said at once."""
    (tmp_path / "include/scripts").mkdir(parents=True)
    (tmp_path / "include/scripts/old.py").write_text("print('yesterday')\n")
    (tmp_path / "config/tasks").mkdir(parents=True)
    entry = "tasks:\n  - {id: old, name: x, cron: '0 7 * * *', script: old.py}\n"
    (tmp_path / "config/tasks/t.yaml").write_text(entry, "utf-8")
    asked = Namespace(job="old", period="2025-10-02", shop=None, again=False)
    with pytest.raises(ConfigurationError, match="2025-10-02 cannot be pulled again"):
        trigger(Layout(root=tmp_path, var=tmp_path / "var"), asked)
