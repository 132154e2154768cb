"""What a pull runs in leaves the process as it was."""

from __future__ import annotations

import asyncio
import gc

import pytest

from include.pulling.clients import run


def test_work_gives_its_result_and_the_collector_is_as_before() -> None:
    """While it runs, the collector leaves alone what was there."""
    before = gc.get_threshold()

    async def work() -> tuple[int, int]:
        await asyncio.sleep(0)
        return gc.get_freeze_count(), gc.get_threshold()[0]

    frozen, objects = run(work())
    assert frozen > 1000
    assert objects > before[0]
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)


def test_an_error_ends_the_run_and_the_collector_is_as_before() -> None:
    """Also then."""
    before = gc.get_threshold()

    async def work() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        run(work())
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)
