"""What doctor says of alerts: channels, the watchdog, what is open."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from include.alerts.overview import GOOD_ROUND
from include.alerts.store import FILE, Store
from manager.doctor import alerts
from manager.doctor.alerts import check_alerts
from tests.alerts.engine.alert_rounds import REFUSED

if TYPE_CHECKING:
    import pytest

    from manager.doctor.findings import Patient

CHANNEL = "channels:\n  - {id: ops, kind: webhook, connection: alert_hook}\n"


def lines(patient: Patient) -> list[str]:
    """Return what is printed."""
    return [str(finding) for finding in check_alerts(patient)]


def test_without_a_channel_nobody_is_told(patient: Patient) -> None:
    """As delivered: it works, and wants looking at."""
    (line,) = lines(patient)
    assert line.startswith("warn  alerts: no channel is configured in config/alerts.yaml: nobody")


def test_a_channel_that_works_is_well(patient: Patient) -> None:
    """One that fails is to be repaired, and the line says how."""
    (patient.layout.root / "config/alerts.yaml").write_text(CHANNEL, "utf-8")
    assert lines(patient) == ["ok    alerts: nothing is open; channels: ops"]
    with closing(Store(patient.layout.var / FILE)) as store:
        store.prove("ops", REFUSED, datetime.now(timezone.utc))
    assert lines(patient) == [
        "fail  alerts: channel ops takes no messages: 310000 sign not match; the secret"
    ]


def test_a_watchdog_that_does_not_look_is_to_be_repaired(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the service runs, and has run for two minutes."""
    (patient.layout.root / "config/alerts.yaml").write_text(CHANNEL, "utf-8")
    running = replace(patient, runs=True)
    monkeypatch.setattr(alerts, "components", lambda _layout: [])
    assert lines(running)[0] == (
        "fail  alerts: the watchdog has not been able to look at everything yet; "
        "see `python3 scheduler_manager.py logs watchdog`"
    )
    with closing(Store(patient.layout.var / FILE)) as store:
        store.note(GOOD_ROUND, datetime.now(timezone.utc) - timedelta(minutes=1))
    assert lines(running) == ["ok    alerts: nothing is open; channels: ops"]
