"""Asking for a connection's fields, keeping them encrypted, and asking the platform at once."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.registry.airflow_objects import connections
from include.registry.checks import check_project
from manager.commands.connect import use_of
from tests.integration.installation import system_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.layout import Layout
    from tests.conftest import Sandbox

SECONDS = 600
WITHOUT_VAR = {name: value for name, value in os.environ.items() if name != "SCHEDULER_VAR"}


@pytest.fixture(scope="module")
def layout(prepared: Callable[[], Layout]) -> Layout:
    """Return an installation as delivered, that was never started."""
    return prepared()


def answers(base_url: str, conn_id: str) -> list[str]:
    """Return what somebody types for a connection of a platform: the sandbox's own credentials."""
    fields = connections(base_url)[conn_id]
    extra = json.loads(fields["extra"])
    keys = [fields["login"], fields["password"], extra["access_token"], extra["refresh_token"]]
    return [base_url, *keys]


def connect(
    layout: Layout, conn_id: str, *lines: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Call it with the answers on standard input."""
    return subprocess.run(
        [system_python(), layout.root / "scheduler_manager.py", "connect", conn_id],
        cwd=layout.root,
        env=WITHOUT_VAR | environment,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def typed(layout: Layout, conn_id: str, lines: list[str]) -> tuple[int, str]:
    """Type the answers into a terminal, each when it is asked for; give all that was shown."""
    terminal, other_end = pty.openpty()
    process = subprocess.Popen(
        [system_python(), layout.root / "scheduler_manager.py", "connect", conn_id],
        cwd=layout.root,
        env=WITHOUT_VAR,
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    )
    os.close(other_end)
    shown, waiting = b"", [*lines]
    with suppress(OSError):  # the program has ended, and its terminal with it
        while select.select([terminal], [], [], SECONDS)[0]:
            shown += os.read(terminal, 4096)
            while waiting and len(lines) - len(waiting) < shown.count(b": "):
                os.write(terminal, waiting.pop(0).encode() + b"\n")
    os.close(terminal)
    return process.wait(SECONDS), shown.decode()


def row(layout: Layout, conn_id: str) -> tuple[object, ...]:
    """Return a connection as it stands in Airflow's database."""
    query = "SELECT host, login, password, extra, description FROM connection WHERE conn_id = ?"
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        found: tuple[object, ...] = database.execute(query, (conn_id,)).fetchone()
    return found


def test_secrets_that_are_typed_are_neither_shown_nor_stored_in_plain(
    layout: Layout, sandbox: Sandbox
) -> None:
    """The platform answers at once; the terminal shows address and key, and no secret."""
    given = answers(sandbox.base_url, "jd_1")
    code, shown = typed(layout, "jd_1", given)
    assert code == 0, shown
    assert "ok    connection jd_1 (jd-1): answers as 30001" in shown
    assert "address [https://api.jd.com]: " in shown
    host, login, *_, description = row(layout, "jd_1")
    assert (host, login, description) == (sandbox.base_url, given[1], None)
    stored = (layout.airflow_home / "airflow.db").read_bytes()
    for secret in given[2:]:
        assert secret not in shown
        assert secret.encode() not in stored


def test_what_is_refused_says_what_to_repair_and_the_rest_is_kept(
    layout: Layout, sandbox: Sandbox
) -> None:
    """The second time, Enter keeps what is there; only the wrong answer is given again."""
    address, login, password, *tokens = answers(sandbox.base_url, "pdd_1")
    refused = connect(layout, "pdd_1", address, login, "not-the-secret", *tokens)
    assert refused.returncode == 1
    assert "check the password (client_secret) of connection pdd_1" in refused.stdout
    assert "connection pdd_1 is stored as filled in, in place of what it held" in refused.stderr
    assert "`python3 scheduler_manager.py connect pdd_1` again" in refused.stderr
    assert row(layout, "pdd_1")[:2] == (address, login)
    accepted = connect(layout, "pdd_1", "", "", password, "", "")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert "answers as 20001" in accepted.stdout
    assert not [secret for secret in (password, *tokens) if secret in accepted.stdout]


def test_a_refusal_of_what_is_stored_says_so_in_chinese_and_no_log_stands_before_it(
    layout: Layout, sandbox: Sandbox
) -> None:
    """Airflow warns of secrets that are too short to be masked in its logs."""
    address, *_ = answers(sandbox.base_url, "jd_1")
    refused = connect(layout, "jd_1", address, "key", "abc", "at", "rt", LANGUAGE="zh")
    assert refused.returncode == 1
    assert row(layout, "jd_1")[1] == "key"
    assert "连接 jd_1 已按刚才填写的内容保存，替换了原来的值" in refused.stderr
    shown = refused.stdout + refused.stderr
    assert "masking" not in shown
    assert "warning" not in shown


def test_a_feed_is_asked_for_its_token_and_how_it_is_sent(layout: Layout, sandbox: Sandbox) -> None:
    """Each feed that an enabled job reads is asked for a page."""
    token = connections(sandbox.base_url)["pdd_feed"]["password"]
    done = connect(layout, "pdd_feed", sandbox.base_url, "bearer", token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rows on its first page") == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["ftp://x/y"], "that is not an address: write one like https://gw-api.pinduoduo.com,"),
        (["不是地址"], "that is not an address: write one like https://gw-api.pinduoduo.com,"),
        (["not an address"], "that is not an address"),
        (["gateway"], "that is not an address"),
        (["", "key", ""], "client_secret is empty"),
        (["", "key"], "standard input ended before 'client_secret'"),
    ],
)
def test_an_answer_that_cannot_be_is_not_written(
    layout: Layout, lines: list[str], said: str
) -> None:
    """The connection stays as it was."""
    host, login, *_ = row(layout, "pdd_2")
    done = connect(layout, "pdd_2", *lines)
    assert done.returncode == 78
    assert said in done.stderr
    # Its secrets may have been encrypted again, as the first command of an installation does.
    assert row(layout, "pdd_2")[:2] == (host, login)


def test_only_what_shops_and_feeds_name_can_be_asked_for() -> None:
    """Another name is refused with the nearest one."""
    found = check_project()
    assert use_of("erp", found).platform == "erp"
    assert use_of("pdd_feed", found).platform == "feed"
    with pytest.raises(ConfigurationError, match=r"did you mean 'pdd_1'\?"):
        use_of("pdd1", found)
