"""Hand-written DAGs send by the same channels, from callbacks and from deadlines."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.connection import Connection
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference
from airflow.sdk import Connection as TaskConnection
from airflow.triggers.callback import CallbackTrigger

from include.alerts import notifiers
from include.alerts.channels import CHANNELS, Credentials
from tests.alerts.fake_robots import SECRET, TOKEN
from tests.alerts.mail_server import LOGIN, PASSWORD, serve_mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.alerts.fake_robots import FakeRobots
    from tests.alerts.mail_server import Certificate

ROOT = Path(__file__).parents[2]
BY_HTTP = ("dingtalk", "feishu", "lark", "wecom", "webhook")
NOTIFIERS = {
    each.kind: each
    for each in vars(notifiers).values()
    if isinstance(each, type) and hasattr(each, "kind")
}
VARIABLE = "AIRFLOW_CONN_ALERT_IT"


@pytest.fixture
def connect(robots: FakeRobots, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes connection `alert_it` lead to the robot of a kind."""

    def to_robot(kind: str) -> None:
        robots.secret = SECRET if kind in ("dingtalk", "feishu", "lark") else ""
        fields = {"conn_type": "http", "host": robots.address(kind), "password": robots.secret}
        monkeypatch.setenv(VARIABLE, json.dumps(fields))

    return to_robot


def _context() -> Any:
    """Return as much of what Airflow hands to a callback as the templates of these tests use."""
    with DAG("own_report", schedule=None) as dag:
        pass
    return {"dag": dag, "ti": SimpleNamespace(task_id="load"), "exception": RuntimeError("no data")}


def test_each_kind_of_channel_has_a_notifier() -> None:
    """And no other has one."""
    assert set(NOTIFIERS) == set(CHANNELS)


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_callback_sends_what_its_templates_say(
    robots: FakeRobots, connect: Callable[[str], None], kind: str
) -> None:
    """Title, text and keyword are filled from the run."""
    connect(kind)
    callback = NOTIFIERS[kind](
        connection="alert_it",
        title="{{ dag.dag_id }} failed",
        text="{{ ti.task_id }}: {{ exception }}\nlook at it",
        keyword="" if kind == "wecom" else "of {{ dag.dag_id }}",
    )
    callback(_context())
    (body,) = robots.taken
    shown = json.dumps(body).replace("\\\\", "")
    for text in ("own_report failed", "load: no data", "look at it"):
        assert text in shown


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_deadline_calls_back_in_the_triggerer(
    robots: FakeRobots, connect: Callable[[str], None], kind: str
) -> None:
    """The trigger that Airflow makes of the callback awaits it, and says that it went well."""
    connect(kind)
    arguments = {"connection": "alert_it", "title": "{{ dag_run.dag_id }} is late"}
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=1),
        callback=AsyncCallback(NOTIFIERS[kind], kwargs=arguments),
    )
    given = {**alert.callback.kwargs, "context": {"dag_run": {"dag_id": "own_report"}}}
    trigger = CallbackTrigger(alert.callback.path, given)

    async def states() -> list[str]:
        return [event.payload["state"] async for event in trigger.run()]

    assert asyncio.run(states()) == ["running", "success"]
    assert "own_report is late" in json.dumps(robots.taken[0]).replace("\\\\", "")


def test_what_is_not_taken_is_an_error_without_secrets(
    robots: FakeRobots, connect: Callable[[str], None]
) -> None:
    """It says what the robot answered, and what to do."""
    connect("dingtalk")
    robots.secret = "SECanother"
    callback = notifiers.DingTalkNotifier(connection="alert_it", title="x", language="en")
    with pytest.raises(notifiers.NotDeliveredError) as raised:
        callback(_context())
    said = str(raised.value)
    assert said.startswith("dingtalk did not take the message (310000): ")
    assert "into connection alert_it, or remove it" in said
    assert TOKEN not in said
    assert SECRET not in said


def test_an_e_mail_is_sent(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fields of Airflow's own connection type SMTP."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    with serve_mail(certificate, implicit=True) as server:
        fields = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port}
        monkeypatch.setenv(VARIABLE, json.dumps({**fields, "login": LOGIN, "password": PASSWORD}))
        callback = notifiers.EmailNotifier(
            connection="alert_it", to=["{{ ti.task_id }}@example.com"], title="x", text="y"
        )
        callback(_context())
        assert server.envelopes == [(LOGIN, ["load@example.com"])]


def test_an_address_keeps_its_letters_in_every_form_of_a_connection() -> None:
    """Airflow writes connections as URIs, too; a host's letters count where a token is in it."""
    host = "https://oapi.dingtalk.com/robot/send?access_token=AbCdEfGhIjKlMnOp"
    made = Connection(conn_id="alert_it", conn_type="http", host=host, password=SECRET)
    for text in (made.as_json(), made.get_uri()):
        read = Credentials.from_env("alert_it", {VARIABLE: text})
        assert (read.url(), read.text("password")) == (host, SECRET)
    assert TaskConnection.from_uri(made.get_uri(), conn_id="alert_it").host == host


@pytest.mark.campaign
def test_a_task_that_fails_in_airflow_says_so(
    robots: FakeRobots, connect: Callable[[str], None], tmp_path: Path
) -> None:
    """A whole run of a DAG, by Airflow's own task runner."""
    connect("dingtalk")
    (tmp_path / "dags").mkdir()
    program = shutil.copy(Path(__file__).parent / "callback_dag.py", tmp_path / "dags")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT),
    }
    for name in [name for name in environment if name.startswith("AIRFLOW__DATABASE__")]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert robots.taken, done.stdout + done.stderr
    text = robots.taken[0]["markdown"]["text"].replace("\\", "")
    assert text == "**tested_callback failed**  \nfail: no data"
    assert TOKEN not in done.stdout + done.stderr
