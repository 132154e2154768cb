"""What `trigger` asks for and says."""

from __future__ import annotations

from argparse import Namespace

import pytest

from include.errors import ConfigurationError
from include.service.layout import Layout
from include.service.triggering import in_words, trigger

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
