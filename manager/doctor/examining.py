"""`doctor`: every check in turn; one that fails itself is a finding, too."""

import logging
import os
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib import import_module

from include.errors import ExpectedError
from include.foreign_errors import explained
from include.language import _
from include.secrets.masking import Masker
from include.secrets.values import secrets_in
from manager import connections
from manager.doctor.findings import FAIL, Finding, Patient
from manager.layout import Layout
from manager.lifecycle.health import running
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment
from manager.table import print_json

# What is looked at, and `module:function` behind it. Loaded one by one: when a package is broken,
# the others still say what they see.
CHECKS = {
    "python": "packages:check_python",
    "packages": "packages:check_packages",
    "ports": "machine:check_ports",
    "disk": "machine:check_disk",
    "file modes": "machine:check_modes",
    "registry": "jobs:check_registry",
    "scripts": "jobs:check_scripts",
    "service": "jobs:check_heartbeats",
    "database": "databases:check_database",
    "pools": "jobs:check_pools",
    "jobs": "jobs:check_paused",
    "runs": "jobs:check_stuck_runs",
    "warehouse": "databases:check_warehouse",
    "ledger": "jobs:check_silent_units",
    "clock": "gateways:check_clock",
    "alerts": "alerts:check_alerts",
    "old scheduler": "old_scheduler:check_old_scheduler",
    "connections": "gateways:check_connections",
}


def doctor(layout: Layout, arguments: Namespace) -> int:
    """Print what was found.

    Returns:
        0, or 1 when something is to be repaired.
    """
    # What Airflow logs on the way, of a key that is missing say, would stand above the findings.
    logging.disable(logging.CRITICAL)
    layout.make_var()
    ports = remembered(layout)
    environment = component_environment(layout, ports)
    patient = Patient(layout, ports, environment, running(layout))
    connections.adopt(environment)
    findings = []
    for finding in examine(patient):
        findings.append(finding)
        if not arguments.json:
            print(finding, flush=True)
    broken = sum(finding.level == FAIL for finding in findings)
    if arguments.json:
        said = {"ok": not broken, "findings": [asdict(finding) for finding in findings]}
        print_json(said)
    else:
        print(_("{broken} to repair", broken=broken) if broken else _("nothing to repair"))
    return 1 if broken else 0


def examine(patient: Patient) -> Iterator[Finding]:
    """Return every finding, secrets masked."""
    for about, check in CHECKS.items():
        for finding in _findings(about, check, patient):
            # What is a secret is known once a check has read the connections.
            masker = Masker(_secrets(patient))
            text, remedy = masker.mask(finding.text), masker.mask(finding.remedy)
            yield replace(finding, text=text, remedy=remedy)


def _findings(about: str, check: str, patient: Patient) -> Iterator[Finding]:
    module, function = check.split(":")
    try:
        yield from getattr(import_module(f"manager.doctor.{module}"), function)(patient)
    except ExpectedError as error:
        yield Finding(FAIL, str(error), about=about)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the other checks go on
        first = explained((str(error).strip().splitlines() or [""])[0])
        yield Finding(
            FAIL,
            _("could not be looked at: {kind}: {first}", kind=type(error).__name__, first=first),
            about=about,
        )


def _secrets(patient: Patient) -> set[str]:
    ends = ("_KEY", "_SECRET")  # as those in var/secrets.env do
    own = {value for key, value in patient.environment.items() if key.endswith(ends)}
    return own | secrets_in({**os.environ, **patient.variables})
