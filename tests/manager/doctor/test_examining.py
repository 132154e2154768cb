"""All checks in turn."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from include import PROJECT_ROOT
from manager.doctor import examining
from manager.doctor.examining import CHECKS, examine
from manager.doctor.findings import Finding, Patient


def test_every_check_says_something_and_no_secret(online: Patient) -> None:
    """What they found of a well installation is nothing to repair."""
    found = list(examine(online))
    abouts = {finding.about.split(" ")[0] for finding in found}
    assert {about.split(" ")[0] for about in CHECKS} - {"connections"} <= abouts
    assert "connection" in abouts
    assert [str(finding) for finding in found if finding.level == "fail"] == []
    said = "\n".join(map(str, found))
    assert f"clock: agrees with {json.loads(online.variables['AIRFLOW_CONN_ERP'])['host']}" in said
    for text in online.variables.values():
        if text.startswith("{"):
            fields = json.loads(text)
            extra = json.loads(fields.get("extra", "{}"))
            assert "extra" not in fields or fields["password"] not in said
            assert extra.get("access_token", "nothing") not in said


def test_a_check_that_fails_itself_stops_no_other(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a finding; a secret in it is masked."""
    monkeypatch.setattr(
        examining, "CHECKS", {"a": "nowhere:check", "python": "packages:check_python"}
    )
    one, other = examine(patient)
    assert (one.level, other.level) == ("fail", "ok")
    assert "looked at: ModuleNotFoundError: a Python package is missing: No module" in one.text

    def leak(_about: str, _check: str, _patient: Patient) -> Iterator[Finding]:
        yield Finding("fail", "the password is s3cret-42", "do not say s3cret-42")

    monkeypatch.setattr(examining, "_findings", leak)
    ill = replace(patient, variables={"AIRFLOW_CONN_X": '{"password": "s3cret-42"}'})
    assert "s3cret" not in "".join(map(str, examine(ill)))


NOISY = """
import logging, sys, types
from argparse import Namespace
from pathlib import Path
from manager.doctor import examining
from manager.doctor.findings import OK, Finding
from manager.layout import Layout

def check(_):
    logging.getLogger("airflow.models.crypto").warning("empty cryptography key")
    yield Finding(OK, "is kept out", about="noise")

noisy = types.ModuleType("manager.doctor.noisy")
noisy.check = check
sys.modules[noisy.__name__] = noisy
examining.CHECKS = {"noise": "noisy:check"}
root = Path(sys.argv[1])
examining.doctor(Layout(root=root, var=root / "var"), Namespace(json=False))
"""


def test_what_libraries_log_is_no_finding(patient: Patient) -> None:
    """Only findings are printed: a line of another form would have no remedy."""
    root = patient.layout.root
    done = subprocess.run(
        [sys.executable, "-c", NOISY, root],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ok    noise: is kept out\nnothing to repair\n"
    assert done.stderr == ""
