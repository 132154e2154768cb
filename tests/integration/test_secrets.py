"""No secret is where it does not belong: grep everything, with jobs that do their worst."""

from __future__ import annotations

import base64
import html
import json
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from include.registry.airflow_objects import connections
from manager.lifecycle.processes import service_processes
from tests.integration.installation import VIEWER, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.installation import Service

PASSWORD = 'kenn"wört\\e/9f+8&7 %d4c1'
TOKEN = "tok.3f0b/55aa+77=ü'e9d2"
# Each ends in another way, after it has shown its secrets in every form that people come upon.
JOBS = {"leaks_refused": 77, "leaks_raised": 1}
SCRIPT = """
import base64, json, os, sys, time
from pathlib import Path
from urllib.parse import quote, quote_plus

raw = os.environ["AIRFLOW_CONN_LEAKY"]
connection = json.loads(raw)
print(raw, os.environ, sep="\\n")
for secret in (connection["password"], connection["extra"]["access_token"]):
    print(secret, repr(secret), ascii(secret), secret.encode(), sep="\\n")
    print(json.dumps(secret), json.dumps([json.dumps({"k": secret})]), quote(secret), sep="\\n")
    print(quote_plus(secret), base64.b64encode(f"login:{secret}".encode()).decode(), sep="\\n")
    for part in (secret[:4], secret[4:9], secret[9:] + "\\n"):
        sys.stdout.write(part)
        sys.stdout.flush()
        time.sleep(0.1)
waiting, go = (Path(os.environ["HERE"]) / name for name in (os.environ["JOB_ID"], "go"))
waiting.touch()
deadline = time.monotonic() + 60
while not go.exists() and time.monotonic() < deadline:
    time.sleep(0.1)
if sys.argv[1] == "77":
    print(f"token {connection['extra']['access_token']} was refused", file=sys.stderr)
    sys.exit(77)
raise RuntimeError(f"cannot log in with {connection['password']}: {connection}")
"""
TOKEN_OF_A_SESSION = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}")
COMMANDS = (("status",), ("status", "--json"), ("check",), ("doctor",), ("logs",))


def _shown(secret: str) -> set[bytes]:
    """Return the forms to look for, reckoned without the code that masks them."""
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    escaped |= {repr(secret)[1:-1], html.escape(secret)}
    escaped |= {json.dumps(one)[1:-1] for one in escaped} | {repr(one)[1:-1] for one in escaped}
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *escaped}
    inside = {base64.b64encode(before + secret.encode())[4:-4] for before in (b"abc", b"ab", b"a")}
    return {text.encode() for text in texts} | inside


@pytest.fixture(scope="module")
def secrets(quiet: Service) -> dict[str, str]:
    """Return every secret that this installation uses, by what it is for."""
    lines = quiet.layout.secrets.read_text("utf-8").splitlines()
    found = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    passwords = json.loads(quiet.layout.passwords.read_text("utf-8"))
    found |= {f"the password of {user}": password for user, password in passwords.items()}
    for name, fields in connections(quiet.ports.sandbox_url).items():
        found[f"the password of {name}"] = fields["password"]
        extra = json.loads(fields["extra"])
        found |= {f"{key} of {name}": extra[key] for key in extra if key.endswith("token")}
    return found | {"the password of leaky": PASSWORD, "access_token of leaky": TOKEN}


@pytest.fixture(scope="module")
def leaking(quiet: Service) -> Iterator[dict[str, str]]:
    """Return the runs of the jobs that show their secrets; each waits until `go` is there."""
    folder = quiet.var / "leaking"
    folder.mkdir(mode=0o700)
    with quiet.client("admin") as admin:
        extra = json.dumps({"access_token": TOKEN})
        made = {"connection_id": "leaky", "conn_type": "http", "password": PASSWORD, "extra": extra}
        assert admin.post("/api/v2/connections", json=made).status_code == 201
    (quiet.root / "include/scripts/leaks.py").write_text(SCRIPT, "utf-8")
    entries = "".join(
        f"  - {{id: {job}, name: 泄漏, cron: '0 6 * * *', recover: 0d, dated: true, retries: 0"
        f", args: ['{code}'], script: leaks.py, connections: [leaky], env: {{HERE: '{folder}'}}}}\n"
        for job, code in JOBS.items()
    )
    (quiet.root / "config/tasks/leaks.yaml").write_text(f"tasks:\n{entries}", "utf-8")
    until(lambda: set(JOBS) <= set(quiet.api.dags()))
    yield {job: quiet.api.trigger(job, "2025-10-02") for job in JOBS}
    (folder / "go").touch(0o600)


def _found(text: bytes, secrets: dict[str, str]) -> list[str]:
    """Name the secrets that are in a text, in whatever form."""
    names = [name for name, one in secrets.items() if any(form in text for form in _shown(one))]
    return [*names, *(["a session"] if TOKEN_OF_A_SESSION.search(text) else [])]


def test_no_command_line_has_a_secret(
    quiet: Service, leaking: dict[str, str], secrets: dict[str, str]
) -> None:
    """Of no process of the service, while scripts run that are given secrets."""
    folder = quiet.var / "leaking"
    until(lambda: all((folder / job).exists() for job in leaking))
    seen = {}
    for process in service_processes(quiet.layout):
        entry = Path("/proc", str(process.pid))
        seen[process.pid] = (entry / "cmdline").read_bytes()
        assert stat.S_IMODE((entry / "environ").stat().st_mode) == 0o400
    assert sum(b"leaks.py" in line for line in seen.values()) >= len(leaking)
    assert {line: found for line in seen.values() if (found := _found(line, secrets))} == {}
    (folder / "go").touch(0o600)
    states = quiet.api.run_state
    until(lambda: all(states(*run) == "failed" for run in leaking.items()))


def test_no_answer_of_the_web_server_has_a_secret(
    quiet: Service, leaking: dict[str, str], secrets: dict[str, str]
) -> None:
    """Logs, rendered fields, import errors, connections, the audit log: asked as admin."""
    asked = ["/api/v2/connections?limit=100", "/api/v2/variables", "/api/v2/config", "/ui/config"]
    asked += ["/api/v2/importErrors", "/api/v2/eventLogs?limit=100&order_by=-id", "/api/v2/plugins"]
    asked += [f"/api/v2/connections/{name}" for name in ("leaky", "erp", "jd_1", "pdd_feed")]
    for job, run_id in leaking.items():
        run = f"/api/v2/dags/{job}/dagRuns/{run_id}"
        task = f"{run}/taskInstances/run"
        asked += [f"/api/v2/dags/{job}/details", f"/api/v2/dagSources/{job}", run, task]
        asked += [f"/api/v2/dags/{job}/tasks", f"/ui/grid/runs/{job}", f"{task}/logs/1"]
        asked += [f"{task}/xcomEntries", f"{task}/tries", f"{task}/links"]
    for user in ("admin", VIEWER):
        with quiet.client(user) as client:
            answers = {path: client.get(path) for path in asked}
        bad = {
            path: found for path, one in answers.items() if (found := _found(one.content, secrets))
        }
        assert bad == {}
        logs = "".join(one.text for path, one in answers.items() if path.endswith("/logs/1"))
        assert "was refused" in logs
        assert logs.count("***") > 20
    with quiet.client("admin") as admin:
        leaky = admin.get("/api/v2/connections/leaky").json()
    assert (leaky["password"], json.loads(leaky["extra"])) == ("***", {"access_token": "***"})


@pytest.mark.usefixtures("leaking")
def test_no_command_prints_a_secret(quiet: Service, secrets: dict[str, str]) -> None:
    """Those that tell how the service is, and `run` of a script that shows what it is given."""
    commands = [*COMMANDS, ("logs", "leaks_raised"), ("run", "leaks_raised", "--again")]
    said = {command: quiet.manager(*command) for command in commands}
    assert "***" in said[commands[-1]].stdout
    texts = {command: (done.stdout + done.stderr).encode() for command, done in said.items()}
    assert all(texts.values())
    assert {
        command: found for command, text in texts.items() if (found := _found(text, secrets))
    } == {}


@pytest.mark.usefixtures("leaking")
def test_no_file_has_a_secret_that_is_not_encrypted(
    quiet: Service, secrets: dict[str, str]
) -> None:
    """All that was written, but the two files that keep the secrets."""
    kept = (quiet.layout.secrets, quiet.layout.passwords)
    files = [path for path in quiet.var.rglob("*") if path.is_file() and path not in kept]
    texts = {str(path.relative_to(quiet.var)): path.read_bytes() for path in files}
    for name in ("warehouse.db", "airflow/airflow.db", "logs/scheduler.log"):
        # What a database was told last is in a file beside it.
        assert any(b"leaks_raised" in texts[one] for one in texts if one.startswith(name))
    assert b"***" in texts["logs/scheduler.log"]
    assert {name: found for name, text in texts.items() if (found := _found(text, secrets))} == {}


def test_nothing_that_was_written_is_for_others(quiet: Service) -> None:
    """Neither files nor folders nor sockets: not even a name can be seen from outside."""
    open_ones = {
        str(path.relative_to(quiet.var)): oct(mode)
        for path in [quiet.var, *quiet.var.rglob("*")]
        if not path.is_symlink() and (mode := stat.S_IMODE(path.lstat().st_mode)) & 0o077
    }
    assert open_ones == {}
    assert any(path.is_socket() for path in quiet.layout.socket.parent.iterdir())
