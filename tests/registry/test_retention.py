"""How long things are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import ConfigurationError
from include.registry.retention import Settings, settings_of

RECOVERS = [timedelta(days=7), timedelta(days=30, hours=1)]


def test_without_settings_the_defaults_count() -> None:
    """Logs a month, Airflow's rows a quarter, the ledger two years."""
    assert settings_of({"PATH": "/bin"}, RECOVERS) == Settings(30, 30, 90, 730)


def test_each_setting_counts() -> None:
    """In days; 0 keeps for ever."""
    given = {
        "HOUSEKEEPING_TASK_LOG_DAYS": "7",
        "HOUSEKEEPING_COMPONENT_LOG_DAYS": "0",
        "HOUSEKEEPING_METADATA_DAYS": " 32 ",
        "HOUSEKEEPING_LEDGER_DAYS": "1000",
    }
    assert settings_of(given, RECOVERS) == Settings(7, 0, 32, 1000)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("HOUSEKEEPING_TASK_LOG_DAYS", "a month", "HOUSEKEEPING_TASK_LOG_DAYS 'a month' is not"),
        ("HOUSEKEEPING_TASK_LOG_DAYS", "-1", "to 9999, or 0 to keep them for ever"),
        ("HOUSEKEEPING_TASK_LOG_DAYS", "30.5", "write it like 30 (edit env of job housekeeping"),
        ("HOUSEKEEPING_COMPONENT_LOG_DAYS", "٣", "from 1 (logs of today are being written)"),
        ("HOUSEKEEPING_METADATA_DAYS", "31", "from 32 (jobs recover periods as old as that)"),
        ("HOUSEKEEPING_LEDGER_DAYS", "399", "from 400 (checks compare with months before)"),
        ("HOUSEKEEPING_LEDGER_DAYS", "10000", "to 9999"),
        ("HOUSEKEEPING_LOG_DAYS", "30", "did you mean 'HOUSEKEEPING_TASK_LOG_DAYS'?"),
    ],
)
def test_a_wrong_one_is_named(name: str, text: str, said: str) -> None:
    """With what was expected, and where to edit it."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of({name: text}, RECOVERS)
    assert said in str(caught.value)
    assert "config/tasks/service.yaml" in str(caught.value)
