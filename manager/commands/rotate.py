"""`rotate`: new keys and passwords in place of the old ones, while the service is stopped."""

import subprocess
from argparse import Namespace

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from manager.layout import Layout, log_end
from manager.lifecycle.health import running
from manager.lifecycle.ports import remembered
from manager.lifecycle.preparing import prepare
from manager.lifecycle.settings import (
    FERNET,
    SESSIONS,
    keep_secrets,
    new_fernet_key,
    service_environment,
)


def rotate(layout: Layout, arguments: Namespace) -> int:
    """Make new ones of a kind; Airflow's own settings say who needs a password.

    Raises:
        ConfigurationError: the service runs, or was never started.
        ExpectedError: what is stored could not be encrypted again.
    """
    if not layout.secrets.exists():
        raise ConfigurationError(
            "there is nothing to rotate: {secrets} is not there; the first `{manager} "
            "start` makes keys and passwords",
            secrets=layout.shown(layout.secrets),
        )
    with layout.lock():
        if running(layout):
            raise ConfigurationError(
                "the service runs with the old ones: run `{manager} stop` first"
            )
        KINDS[arguments.kind](layout)
    return 0


def _fernet(layout: Layout) -> None:
    """Encrypt what is stored with a new key.

    Until that is done both keys are kept, new before old, which can read everything: wherever this
    is interrupted, nothing is lost, and the same command goes on.
    """
    environment = service_environment(layout, remembered(layout))
    if "," not in environment[FERNET]:
        keep_secrets(layout, {FERNET: f"{new_fernet_key()},{environment[FERNET]}"})
        environment = service_environment(layout, remembered(layout))
    prepare(layout, environment)
    done = subprocess.run(
        [layout.python, "-m", "airflow", "rotate-fernet-key"],
        cwd=layout.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    if done.returncode != 0:
        raise ExpectedError(
            "{log}what is stored could not be encrypted again; the lines above say why. Both keys "
            "are kept and the service can start; the same command goes on from here",
            log=log_end(done.stderr),
        )
    keep_secrets(layout, {FERNET: environment[FERNET].split(",")[0]})
    print(_("stored connections and variables are encrypted with a new key; the old one is gone"))


def _sessions(layout: Layout) -> None:
    keep_secrets(layout, dict.fromkeys(SESSIONS))
    service_environment(layout, remembered(layout))
    print(_("whoever was logged in must log in again"))


def _passwords(layout: Layout) -> None:
    """Make new passwords, and end the sessions that the old ones opened."""
    layout.passwords.unlink(missing_ok=True)
    _sessions(layout)
    print(_("the new passwords are in {passwords}", passwords=layout.shown(layout.passwords)))


KINDS = {"fernet": _fernet, "sessions": _sessions, "passwords": _passwords}
