"""The environment the components get."""

import json
import re
import stat
from pathlib import Path

import pytest

from include import PROJECT_ROOT, SETTINGS_FILE
from include.errors import ConfigurationError
from manager.layout import Layout
from manager.lifecycle.ports import Ports
from manager.lifecycle.settings import (
    FERNET,
    SESSIONS,
    component_environment,
    keep_secrets,
    write_secrets,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return an installation with the delivered settings and an empty `var/`."""
    layout = Layout(root=PROJECT_ROOT, var=tmp_path / "var")
    layout.make_var()
    return layout


def own_settings(tmp_path: Path, text: str) -> Layout:
    """Return an installation whose config/airflow.env is `text`."""
    (tmp_path / "config").mkdir()
    (tmp_path / SETTINGS_FILE).write_text(text, "utf-8")
    return Layout(root=tmp_path, var=tmp_path / "var")


def test_every_url_follows_the_port(layout: Layout) -> None:
    """Moving the base port moves the UI, the tasks' API, the log servers and the sandbox."""
    environment = component_environment(layout, Ports(19000))
    assert environment["AIRFLOW__API__PORT"] == "19000"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:19000"
    execution = environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert execution == "http://127.0.0.1:19000/execution/"
    assert environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] == "19001"
    assert environment["AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"] == "19002"
    assert environment["SCHEDULER_SANDBOX_PORT"] == "19003"
    assert "8080" not in json.dumps({k: v for k, v in environment.items() if k[:3] == "AIR"})


def test_what_depends_on_the_host_follows_it(layout: Layout) -> None:
    """The UI listens there, tasks and `no_proxy` reach it there, and the sandbox stays here."""
    environment = component_environment(layout, Ports(19000, "192.168.1.5"))
    assert environment["AIRFLOW__API__HOST"] == "192.168.1.5"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://192.168.1.5:19000"
    execution = environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert execution == "http://192.168.1.5:19000/execution/"
    assert environment["no_proxy"].endswith("127.0.0.1,localhost,192.168.1.5")


def test_everything_written_goes_to_var(layout: Layout) -> None:
    """No path that Airflow writes to lies outside `var/`."""
    environment = component_environment(layout, Ports())
    paths = {key: value for key, value in environment.items() if "/" in value and key[:3] == "AIR"}
    read = {"AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"}
    outside = {key for key in paths if str(layout.var) not in paths[key]} - read
    assert outside == {
        "AIRFLOW__API__BASE_URL",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    }


def test_stray_settings_do_not_win(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell left behind about Airflow is not seen; all else of the user's is."""
    monkeypatch.setenv("AIRFLOW__API__PORT", "1")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "sqlite:///elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__UNKNOWN", "1")
    monkeypatch.setenv("SCHEDULER_SERVICE", "/another")
    monkeypatch.setenv("THEIR_OWN", "kept")
    environment = component_environment(layout, Ports())
    assert environment["AIRFLOW__API__PORT"] == "8080"
    assert environment["THEIR_OWN"] == "kept"
    gone = {"AIRFLOW_CONN_WAREHOUSE", "AIRFLOW__CORE__UNKNOWN", "SCHEDULER_SERVICE"}
    assert not gone & set(environment)


def test_a_proxy_is_never_asked_for_this_machine(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's proxy exceptions are kept, and this machine is added."""
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    environment = component_environment(layout, Ports())
    assert environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    assert "127.0.0.1" in environment["no_proxy"]


def test_python_is_the_one_with_the_packages(layout: Layout) -> None:
    """A task's `python` is `.venv`'s."""
    assert component_environment(layout, Ports())["PATH"].startswith(f"{layout.venv}/bin:")


def test_secrets_are_private_and_made_once(layout: Layout) -> None:
    """Keys and passwords have mode 0600, reach the components and never change."""
    environment = component_environment(layout, Ports())
    write_secrets(layout, environment)
    written = layout.secrets.read_text(), layout.passwords.read_text()
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.passwords.stat().st_mode) == 0o600
    assert len(environment["AIRFLOW__CORE__FERNET_KEY"]) == 44

    again = component_environment(layout, Ports())
    write_secrets(layout, again)
    assert (layout.secrets.read_text(), layout.passwords.read_text()) == written
    assert again == environment


def test_a_key_that_was_taken_out_is_made_again(layout: Layout) -> None:
    """Alone: the others, and what somebody else wrote into the file, stay as they are."""
    write_secrets(layout, component_environment(layout, Ports()))
    own = "# ours\nAIRFLOW_CONN_OURS=http://u:p$$w@h\n"
    layout.secrets.write_text(layout.secrets.read_text() + own)
    before = component_environment(layout, Ports())
    keep_secrets(layout, dict.fromkeys(SESSIONS))
    after = component_environment(layout, Ports())
    write_secrets(layout, after)
    assert {key for key in before if before[key] != after[key]} == set(SESSIONS)
    assert own in layout.secrets.read_text()
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600


def test_the_key_of_what_is_stored_is_never_made_again(layout: Layout) -> None:
    """A new one could read none of the connections: who lost it is told what to do."""
    (layout.airflow_home / "airflow.db").touch()
    with pytest.raises(ConfigurationError, match=f"lacks {FERNET}, .* put it back, or bring a"):
        write_secrets(layout, component_environment(layout, Ports()))
    assert not layout.secrets.exists()


def test_secrets_that_became_readable_are_closed(layout: Layout) -> None:
    """A file that a copy or an editor opened to all is closed at the next start."""
    environment = component_environment(layout, Ports())
    write_secrets(layout, environment)
    layout.secrets.chmod(0o644)
    layout.passwords.chmod(0o644)
    write_secrets(layout, environment)
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.passwords.stat().st_mode) == 0o600


def test_a_new_user_gets_a_password_and_the_others_keep_theirs(layout: Layout) -> None:
    """Every web user has a password before Airflow could print one to its log."""
    environment = component_environment(layout, Ports())
    write_secrets(layout, environment)
    admin = json.loads(layout.passwords.read_text())["admin"]
    users = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin, lin:viewer"}
    write_secrets(layout, environment | users)
    passwords = json.loads(layout.passwords.read_text())
    assert passwords["admin"] == admin
    assert len(passwords["lin"]) >= 12


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("AIRFLOW__API__PORT", "config/airflow.env:2: 'AIRFLOW__API__PORT' is not a setting"),
        ("=8080", "'=8080' is not a setting"),
        ("A=${SCHEDULER_PROT}", "config/airflow.env:2: placeholder ${SCHEDULER_PROT} is unknown"),
        ("A=5$", "config/airflow.env:2: '5$' has a stray $: write $$"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    """A line that cannot be read is an error with its place and its repair."""
    layout = own_settings(tmp_path, f"# a comment\n{line}\n")
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        component_environment(layout, Ports())


def test_docker_compose_reads_the_same_settings() -> None:
    """The file has nothing that docker-compose's env_file would read another way."""
    lines = (PROJECT_ROOT / SETTINGS_FILE).read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[A-Za-z_0-9]+=[^'\"#\s]([^'\"#]*[^'\"#\s])?", line), line


def test_every_setting_of_airflow_exists() -> None:
    """No setting is misspelt: Airflow knows each section and key."""
    import yaml  # noqa: PLC0415 -- beside the file it reads
    from airflow import config_templates  # noqa: PLC0415 -- the same

    folder = Path(str(config_templates.__path__[0]))
    known = yaml.safe_load((folder / "config.yml").read_text("utf-8"))
    for line in (PROJECT_ROOT / SETTINGS_FILE).read_text("utf-8").splitlines():
        if line.startswith("AIRFLOW__"):
            _, section, key = line.partition("=")[0].lower().split("__")
            assert key in known[section]["options"], line


def test_settings_in_another_encoding_are_named(tmp_path: Path) -> None:
    """With file and line; a mark before the text, as Windows writes it, does not matter."""
    layout = own_settings(tmp_path, "\ufeff# 中文\nA=1\n")
    assert component_environment(layout, Ports())["A"] == "1"
    (tmp_path / SETTINGS_FILE).write_bytes("A=1\n# 中文\n".encode("gbk"))
    with pytest.raises(ConfigurationError, match=r"airflow.env:2: holds byte 0xd6, which is"):
        component_environment(layout, Ports())
