"""Ports, disk, file modes, packages."""

import os
import socket
import subprocess
import sys

import pytest

from manager.doctor import machine
from manager.doctor.findings import FAIL, WARN, Patient
from manager.doctor.jobs import check_heartbeats
from manager.doctor.packages import check_packages, check_python, differences, pinned
from manager.lifecycle.supervisor_client import MARKER

# Until its standard input ends.
LISTEN = (
    "import socket, sys; listening = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
    "print('up', flush=True); sys.stdin.read()"
)


def test_a_well_machine_has_nothing_to_repair(patient: Patient) -> None:
    """Python, packages, ports, disk and modes."""
    checks = (check_python, check_packages, machine.check_ports, machine.check_modes)
    lines = [str(finding) for check in checks for finding in check(patient)]
    assert [line for line in lines if not line.startswith("ok")] == []
    base = patient.ports.base
    assert f"ok    ports: {base}, {base + 3} are free" in lines


def test_a_taken_port_is_named_with_its_holder(patient: Patient) -> None:
    """And the command that moves the service."""
    with socket.create_server(("127.0.0.1", patient.ports.sandbox)):
        (finding,) = machine.check_ports(patient)
    assert finding.level == FAIL
    assert (
        f"port {patient.ports.sandbox}, which the sandbox needs, is taken by process"
        in finding.text
    )
    assert "start --port" in finding.text


def test_what_is_left_of_the_service_is_repaired_by_a_start(patient: Patient) -> None:
    """Once supervisord was killed, its own components are no strangers to stop or to evade."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(patient.ports.api)],
        env={**os.environ, MARKER: str(patient.layout.var)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as left:
        assert left.stdout is not None
        assert left.stdout.readline() == "up\n"
        findings = [*machine.check_ports(patient), *check_heartbeats(patient)]
    remedy = "`python3 scheduler_manager.py start` ends that and starts the service"
    assert [str(finding) for finding in findings] == [
        (
            f"fail  ports: {patient.ports.api}: held by what is left of the service, "
            f"whose supervisord has ended; {remedy}"
        ),
        (
            "fail  service: supervisord does not answer, and processes of the service are left "
            f"(pids {left.pid}); {remedy}"
        ),
    ]


@pytest.mark.parametrize(("limit", "level"), [("LITTLE_BYTES", WARN), ("TOO_LITTLE_BYTES", FAIL)])
def test_little_room_is_told(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, limit: str, level: str
) -> None:
    """Below a gigabyte as a warning, below a tenth of it as what is to be repaired."""
    monkeypatch.setattr(machine, "LITTLE_BYTES", 2**62)
    monkeypatch.setattr(machine, "TOO_LITTLE_BYTES", 0)
    monkeypatch.setattr(machine, limit, 2**62)
    (finding,) = machine.check_disk(patient)
    assert (finding.level, "HOUSEKEEPING_" in finding.remedy) == (level, True)


def test_what_others_can_read_is_told(patient: Patient) -> None:
    """With the command that closes it; also what is missing."""
    patient.layout.secrets.chmod(0o644)
    patient.layout.var.chmod(0o755)
    patient.layout.passwords.unlink()
    found = [str(finding) for finding in machine.check_modes(patient)]
    assert found == [
        "fail  file modes: var has mode 0755: other users can reach it; run `chmod 700 var`",
        (
            "fail  file modes: var/secrets.env has mode 0644: other users can reach it; "
            "run `chmod 600 var/secrets.env`"
        ),
        (
            "fail  file modes: var/passwords.json is not there; "
            "`python3 scheduler_manager.py start` makes it, `restore` brings one back"
        ),
    ]


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022])
def test_what_others_can_change_is_told(patient: Patient, umask: int) -> None:
    """Who can write what runs here, runs it as this user: a clone with umask 000, say."""
    root = patient.layout.root
    patient.layout.venv.mkdir()
    for path in (patient.layout.venv, root / "config", root / "config/shops.yaml"):
        path.chmod((0o666 if path.is_file() else 0o777) & ~umask)
    found = [str(finding) for finding in machine.check_modes(patient)]
    assert found == [
        (
            "fail  file modes: any user can write .venv, config, config/shops.yaml, and so run "
            "programs as you; run `chmod -R o-w .venv config`"
        )
        if umask == 0
        else (
            "ok    file modes: keys, passwords and data are their owner's only; no one else can "
            "write what runs"
        )
    ]


def test_packages_are_held_against_the_lock(patient: Patient) -> None:
    """What is missing or of another version is named, and what brings it in order."""
    lock = patient.layout.root / "requirements.txt"
    text = lock.read_text() + "nowhere==1.0 \\\n    --hash=sha256:0\n"
    lock.write_text(text.replace("\nhttpx==", "\nhttpx==0."))
    (finding,) = check_packages(patient)
    assert finding.level == FAIL
    assert "nowhere is missing (1.0)" in finding.text
    assert ", httpx is " in finding.text or ": httpx is " in finding.text
    assert "remove .venv" in finding.remedy


def test_what_the_lock_pins_for_other_systems_is_not_missed() -> None:
    """Markers count, and extras do not matter."""
    lock = (
        "a[b]==1.0 \\\n    --hash=sha256:0\n"
        "c==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
        "d==3.0 ; python_full_version >= '3.10' \\\n    --hash=sha256:0\n"
    )
    assert pinned(lock) == {"a": "1.0", "d": "3.0"}
    (different,) = differences({"pytest": "0.1"})
    assert different.endswith(" (0.1)")
