"""What `demo` refuses before it starts anything."""

from argparse import Namespace

import pytest

from include.errors import ConfigurationError
from manager.commands.demo import demo
from manager.layout import Layout


@pytest.mark.parametrize(
    ("jobs", "period", "said"),
    [
        (["erp_stor"], None, "did you mean 'erp_store'?"),
        (["erp_store"], "2025-13-01", "2025-13-01"),
        (["erp_store"], "2999-01-01", "2999-01-01"),
        ([], "2025-10-02", "name the job, as in `demo --job erp_store"),
    ],
)
def test_a_wrong_demo_is_refused(jobs: list[str], period: str | None, said: str) -> None:
    """An unknown job, no date and a day that has not ended are named."""
    asked = Namespace(job=jobs, period=period, port=None, host=None)
    with pytest.raises(ConfigurationError) as refusal:
        demo(Layout(), asked)
    assert said in str(refusal.value)
