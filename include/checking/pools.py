"""Holds config/pools.json against the jobs: a task whose pool is not there waits for ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.registry import Problem
from include.registry.files import UnreadableError, check_encoding, place_of, read_bytes
from include.registry.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.registry import Job

POOLS_FILE = "config/pools.json"
UNLIMITED = -1  # as Airflow writes it
EXAMPLE = '{"slots": 1, "description": "what it is for"}'


def pool_problems(root: Path, jobs: Sequence[Job]) -> Iterator[Problem]:
    """Say what is wrong in the file, and which enabled jobs have a platform without a pool."""
    wanted = [job for job in jobs if job.enabled and job.platform]
    if not wanted and not (root / POOLS_FILE).exists():
        return
    try:
        raw = read_bytes(root, POOLS_FILE)
        check_encoding(POOLS_FILE, raw)
        pools = json.loads(raw)
    except UnreadableError as error:
        yield error.problem
        return
    except json.JSONDecodeError as error:
        message = f"is not JSON ({error.msg}): correct it here"
        yield Problem(POOLS_FILE, error.lineno, error.colno, None, message)
        return
    if not isinstance(pools, dict):
        yield Problem(POOLS_FILE, 1, 1, None, 'is not a JSON object: begin it with {"erp": …}')
        return
    yield from (problem for name in pools if (problem := _ill(raw, name, pools[name])))
    for job in wanted:
        if job.platform not in pools:
            message = (
                f"platform {job.platform!r} has no pool, and its tasks would wait for ever: "
                f'add "{job.platform}": {EXAMPLE} to {POOLS_FILE}'
            )
            yield Problem(job.file, job.line, 1, job.id, message)


def _ill(raw: bytes, name: str, pool: Any) -> Problem | None:
    fields = pool if isinstance(pool, dict) else {}
    slots: Any = fields.get("slots")
    whole = isinstance(slots, int) and not isinstance(slots, bool)
    if whole and (slots > 0 or slots == UNLIMITED) and isinstance(fields.get("description"), str):
        return None
    line, column = place_of(raw, max(0, raw.find(json.dumps(name, ensure_ascii=False).encode())))
    message = f"pool {quoted(name)} is {quoted(pool)}: write it like {EXAMPLE}"
    return Problem(POOLS_FILE, line, column, None, message)
