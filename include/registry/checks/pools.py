"""Compares config/pools.json with the jobs: a task whose pool is missing waits for ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from include.registry import Problem
from include.registry.user_files import UnreadableError, check_encoding, place_of, read_bytes
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.registry import Job

POOLS_FILE = "config/pools.json"
UNLIMITED = -1  # as Airflow writes it
EXAMPLE = '{"slots": 1, "description": "what it is for"}'


class Pools(NamedTuple):
    """What config/pools.json says.

    Attributes:
        valid: the pools that can be made, by name.
        named: all that are named there; None when the file cannot be read.
        problems: what is wrong in it.
    """

    valid: dict[str, dict[str, Any]]
    named: frozenset[str] | None
    problems: list[Problem]


def pool_problems(root: Path, jobs: Sequence[Job]) -> Iterator[Problem]:
    """Yield what is wrong in the file, and which enabled jobs have a platform without a pool."""
    wanted = [job for job in jobs if job.enabled and job.platform]
    if not wanted and not (root / POOLS_FILE).exists():
        return
    pools = read_pools(root)
    yield from pools.problems
    for job in wanted:
        if pools.named is not None and job.platform not in pools.named:
            message = (
                f"platform {job.platform!r} has no pool, and its tasks would wait for ever: "
                f'add "{job.platform}": {EXAMPLE} to {POOLS_FILE}'
            )
            yield Problem(job.file, job.line, 1, job.id, message)


def read_pools(root: Path) -> Pools:
    """Read the file; what is wrong with one pool costs that pool alone."""
    try:
        raw = read_bytes(root, POOLS_FILE)
        check_encoding(POOLS_FILE, raw)
        pools = json.loads(raw)
    except UnreadableError as error:
        return Pools({}, None, [error.problem])
    except json.JSONDecodeError as error:
        message = f"is not JSON ({error.msg}): correct it here"
        return Pools({}, None, [Problem(POOLS_FILE, error.lineno, error.colno, None, message)])
    except RecursionError:
        message = f'is nested too deeply: write it like {{"erp": {EXAMPLE}}}'
        return Pools({}, None, [Problem(POOLS_FILE, 1, 1, None, message)])
    if not isinstance(pools, dict):
        message = 'is not a JSON object: begin it with {"erp": …}'
        return Pools({}, None, [Problem(POOLS_FILE, 1, 1, None, message)])
    wrong = {name: problem for name in pools if (problem := _ill(raw, name, pools[name]))}
    valid = {name: pool for name, pool in pools.items() if name not in wrong}
    return Pools(valid, frozenset(pools), list(wrong.values()))


def _ill(raw: bytes, name: str, pool: Any) -> Problem | None:
    fields = pool if isinstance(pool, dict) else {}
    slots: Any = fields.get("slots")
    whole = isinstance(slots, int) and not isinstance(slots, bool)
    if whole and (slots > 0 or slots == UNLIMITED) and isinstance(fields.get("description"), str):
        return None
    written = json.dumps(name, ensure_ascii=False).encode(errors="backslashreplace")
    line, column = place_of(raw, max(0, raw.find(written)))
    message = f"pool {quoted(name)} is {quoted(pool)}: write it like {EXAMPLE}"
    return Problem(POOLS_FILE, line, column, None, message)
