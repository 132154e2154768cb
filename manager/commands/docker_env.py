"""`docker-env`: write the `.env` of docker-compose.yaml, with fresh secrets.

Standard library only: a machine that has Docker needs no Airflow.
"""

import re
import secrets
from argparse import Namespace

from include.errors import ConfigurationError
from include.language import _
from manager.layout import Layout
from manager.lifecycle.settings import new_fernet_key, write_private

EXAMPLE, NAME = ".env.example", ".env"
FERNET_KEY = "FERNET_KEY"
SETTING = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.MULTILINE)
# Of a signing key as long as the hash that it is used with (SHA-512).
SECRET_BYTES = 32


def write(layout: Layout, _arguments: Namespace) -> int:
    """Write `.env` unless there is one; raises ConfigurationError when that lacks something."""
    example = (layout.root / EXAMPLE).read_text("utf-8")
    path = layout.root / NAME
    if path.exists():
        _check(path.read_text("utf-8", errors="replace"), example)
        path.chmod(0o600)
        print(_("{name} is there already and was left as it is", name=NAME))
        return 0
    write_private(path, _filled(example))
    print(
        _(
            "wrote {name} with fresh secrets, readable to you only: keep a copy in a safe place",
            name=NAME,
        )
    )
    print(_("next: docker compose up --build --detach --wait"))
    print(_("then log in as admin; the password is ADMIN_PASSWORD in .env"))
    return 0


def _filled(example: str) -> str:
    """Put a secret into every empty place."""

    def fill(match: re.Match[str]) -> str:
        name, value = match.groups()
        fresh = new_fernet_key() if name == FERNET_KEY else secrets.token_hex(SECRET_BYTES)
        return f"{name}={value or fresh}"

    return SETTING.sub(fill, example)


def _check(text: str, example: str) -> None:
    """Raise ConfigurationError when a line is missing or empty, as after an update."""
    known = dict(SETTING.findall(text))
    # Without a line for an image, docker-compose.yaml has the one that was tried.
    needed = [name for name, _ in SETTING.findall(example) if not name.endswith("_IMAGE")]
    missing = [name for name in needed if not known.get(name, "").strip()]
    if missing:
        raise ConfigurationError(
            "{name} lacks {missing}: add a line for each, as {example} explains; a good "
            "secret is what `openssl rand -hex {size}` prints",
            name=NAME,
            missing=missing,
            example=EXAMPLE,
            size=SECRET_BYTES,
        )
