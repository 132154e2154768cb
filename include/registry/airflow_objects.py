"""What a new Airflow is given: the pools of config/pools.json, the connections of connections.json.

As delivered the connections lead to the sandbox instead of the platforms, so that all jobs run at
once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import _
from include.registry.paths import CONNECTIONS_FILE, POOLS_FILE
from include.registry.problems import Problem
from include.registry.user_files import UnreadableError, check_encoding, place_of, read_bytes
from include.text import quoted

if TYPE_CHECKING:
    from pathlib import Path

# Where the file's connections lead; it stands for the sandbox, wherever that listens.
SANDBOX_URL = "http://127.0.0.1:8083"
UNLIMITED = -1  # as Airflow writes it
POOL_EXAMPLE = '{"slots": 1, "description": "what it is for"}'
EXAMPLE = '{"my_feed": {"conn_type": "http", "host": "https://…", "extra": {}}}'


class Pools(NamedTuple):
    """What config/pools.json says."""

    valid: dict[str, dict[str, Any]]  # the pools that can be made, by name
    named: frozenset[str] | None  # all that are named there; None when the file cannot be read
    problems: list[Problem]  # what is wrong in it


def read_pools(root: Path) -> Pools:
    """Read the file; what is wrong with one pool costs that pool alone."""
    line, column = 1, 1
    try:
        raw = read_bytes(root, POOLS_FILE)
        check_encoding(POOLS_FILE, raw)
        pools = json.loads(raw)
    except UnreadableError as error:
        return Pools({}, None, [error.problem])
    except json.JSONDecodeError as error:
        message = _("is not JSON ({reason}): correct it here", reason=_(error.msg))
        line, column = error.lineno, error.colno
    except RecursionError:
        example = f'{{"erp": {POOL_EXAMPLE}}}'
        message = _("is nested too deeply: write it like {example}", example=example)
    else:
        if isinstance(pools, dict):
            wrong = {name: one for name in pools if (one := _wrong(raw, name, pools[name]))}
            valid = {name: pool for name, pool in pools.items() if name not in wrong}
            return Pools(valid, frozenset(pools), list(wrong.values()))
        message = _("is not a JSON object: begin it with {example}", example='{"erp": …}')
    return Pools({}, None, [Problem(POOLS_FILE, line, column, None, message)])


def _wrong(raw: bytes, name: str, pool: Any) -> Problem | None:
    fields = pool if isinstance(pool, dict) else {}
    slots: Any = fields.get("slots")
    whole = isinstance(slots, int) and not isinstance(slots, bool)
    if whole and (slots > 0 or slots == UNLIMITED) and isinstance(fields.get("description"), str):
        return None
    written = json.dumps(name, ensure_ascii=False).encode(errors="backslashreplace")
    line, column = place_of(raw, max(0, raw.find(written)))
    message = _(
        "pool {name} is {pool}: write it like {example}",
        name=quoted(name), pool=quoted(pool), example=POOL_EXAMPLE,
    )  # fmt: skip
    return Problem(POOLS_FILE, line, column, None, message)


def connections(sandbox_url: str, root: Path = PROJECT_ROOT) -> dict[str, dict[str, str]]:
    """Return the fields of each connection (as Airflow's `Connection` takes them) by its id.

    Args:
        sandbox_url: where the sandbox listens.
        root: the project's folder.

    Raises:
        ConfigurationError: the file is missing, or is not a mapping of connections in JSON.
    """
    try:
        text = (root / CONNECTIONS_FILE).read_text("utf-8")
        found = json.loads(text.replace(SANDBOX_URL, sandbox_url))
        return {
            conn_id: {**fields, "extra": json.dumps(fields["extra"])}
            for conn_id, fields in found.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(
            "{file} cannot be used ({error}): write JSON like {example}",
            file=CONNECTIONS_FILE, error=explained(error), example=EXAMPLE,
        ) from error  # fmt: skip
