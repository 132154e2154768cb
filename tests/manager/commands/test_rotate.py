"""New keys in place of the old ones."""

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import create_engine, text

from include import METADATA_URL
from include.errors import ConfigurationError
from manager.commands.rotate import rotate
from manager.layout import Layout
from manager.lifecycle.ports import Ports
from manager.lifecycle.settings import (
    FERNET,
    SESSIONS,
    component_environment,
    keep_secrets,
    service_environment,
)
from tests.manager.backup.conftest import make


def test_where_nothing_is_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    """Neither a key nor a folder is made."""
    layout = make(tmp_path).layout
    layout.secrets.unlink()
    with pytest.raises(ConfigurationError, match="there is nothing to rotate"):
        rotate(layout, Namespace(kind="sessions"))
    assert not layout.secrets.exists()


def test_new_passwords_end_the_old_sessions(tmp_path: Path) -> None:
    """What encrypts the connections stays."""
    layout = make(tmp_path).layout
    keep_secrets(layout, {FERNET: Fernet.generate_key().decode()})
    before = service_environment(layout, Ports())
    password = json.loads(layout.passwords.read_text())["admin"]
    rotate(layout, Namespace(kind="passwords"))
    after = component_environment(layout, Ports())
    assert {key for key in before if before[key] != after[key]} == set(SESSIONS)
    assert json.loads(layout.passwords.read_text())["admin"] != password


def _stored(layout: Layout) -> list[str]:
    """Return what is stored of the connections' passwords."""
    engine = create_engine(component_environment(layout, Ports())[METADATA_URL])
    with engine.connect() as connection:
        query = text("SELECT password FROM connection WHERE password IS NOT NULL")
        found = [str(password) for (password,) in connection.execute(query)]
    engine.dispose()
    return found


def test_what_is_stored_is_read_with_the_new_key_alone(
    prepared: Callable[[], Layout], capfd: pytest.CaptureFixture[str]
) -> None:
    """The old one reads nothing any more; neither is printed."""
    layout = prepared()
    old = component_environment(layout, Ports())[FERNET]
    rotate(layout, Namespace(kind="fernet"))
    new = component_environment(layout, Ports())[FERNET]
    stored = _stored(layout)
    assert len(stored) > 5
    for token in stored:
        assert Fernet(new).decrypt(token.encode())
        with pytest.raises(InvalidToken):
            Fernet(old).decrypt(token.encode())
    said = "".join(capfd.readouterr())
    assert "encrypted with a new key" in said
    assert not [key for key in (old, new) if key in said]
