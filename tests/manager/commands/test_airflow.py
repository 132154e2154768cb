"""What `airflow` does not hand on."""

from argparse import Namespace

import pytest

from include.errors import ConfigurationError
from manager.commands.airflow import _refuse_test_without_date, airflow
from manager.layout import Layout


@pytest.mark.parametrize(
    "words",
    [
        ["erp_store", "run"],
        ["erp_store", "run", "-t", '{"again": true}'],
        ["-v", "--map-index", "3", "erp_store", "run", "--task-params={}"],
    ],
)
def test_a_task_is_not_tested_without_a_date(words: list[str]) -> None:
    """Airflow would delete the oldest run of the job, which it takes for that of no date."""
    with pytest.raises(ConfigurationError, match="airflow tasks test erp_store run 2025-10-02"):
        airflow(Layout(), Namespace(rest=["tasks", "test", *words]))


@pytest.mark.parametrize(
    "words",
    [
        ["tasks", "test", "erp_store", "run", "2025-10-02"],
        ["tasks", "test", "-t", "{}", "erp_store", "run", "manual__x", "-v"],
        ["tasks", "test", "--help"],
        ["tasks", "list", "erp_store"],
    ],
)
def test_other_commands_of_airflow_are_handed_on(words: list[str]) -> None:
    """A task with a date or a run's id, help, and what is about something else."""
    _refuse_test_without_date(words)


@pytest.mark.parametrize(
    "option",
    [
        ["--conn-password", "p4ss"],
        ["--conn-pass=p4ss"],
        ["--conn-extra", '{"access_token": "p4ss"}'],
        ["--conn-uri", "http://u:p4ss@h"],
        ["--conn-json", '{"password": "p4ss"}'],
    ],
    ids=lambda option: option[0],
)
def test_no_password_is_taken_from_a_command_line(option: list[str]) -> None:
    """Airflow would write it into its audit log; who types it is told where it belongs."""
    words = ["connections", "add", "erp", "--conn-type", "http", *option]
    with pytest.raises(ConfigurationError, match="connections import FILE") as refusal:
        airflow(Layout(), Namespace(rest=words))
    assert "p4ss" not in str(refusal.value)
