"""When components ended lately, kept in `var/run` so that `status` can tell of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from manager.layout import Layout

SECONDS_KEPT = 3600.0
LATELY_SECONDS = 600.0
OFTEN = 3  # a single end is repaired by the restart; so many lately are a trouble


def remember_death(layout: Layout, name: str, moment: float) -> None:
    """Add that a component ended at `moment` (epoch seconds); only the listener writes."""
    known = _read(_file(layout))
    known[name] = [*known.get(name, []), moment]
    kept = {
        component: [when for when in moments if when > moment - SECONDS_KEPT]
        for component, moments in known.items()
    }
    draft = _file(layout).with_suffix(".draft")
    try:
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(_file(layout))
    except OSError:
        return  # on a full disk there is worse to tell


def deaths_lately(layout: Layout, now: float) -> dict[str, int]:
    """Return how often each component ended within the last ten minutes."""
    return {
        name: sum(when > now - LATELY_SECONDS for when in moments)
        for name, moments in _read(_file(layout)).items()
    }


def _file(layout: Layout) -> Path:
    return layout.run / "deaths.json"


def _read(path: Path) -> dict[str, list[float]]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
