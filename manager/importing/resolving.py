"""What the function of a deployment runs, by the programs with flows that were read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from include.language import _
from manager.importing.flow_functions import jobs_of
from manager.importing.old_jobs import Finding, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.importing.old_jobs import Flow, OldJob


def resolved(jobs: Sequence[OldJob], flows: Sequence[Flow]) -> tuple[list[OldJob], list[Finding]]:
    """Return jobs with the scripts of their flows, and the flows that none of the jobs runs.

    Args:
        jobs: of all sources, each once.
        flows: of all programs.
    """
    found: list[OldJob] = []
    scheduled: set[Place] = set()
    for job in jobs:
        flow = flow_of(job, flows)
        if flow is not None:
            scheduled.add(flow.place)
        found += [job] if flow is None or job.script is not None else jobs_of(job, flow)
    left = [flow for flow in flows if flow.place not in scheduled]
    if left and not scheduled:
        files = list(dict.fromkeys(flow.place.file for flow in left))
        text = _("nothing that was read schedules the flows of {files}: name the file with "
                 "TASK_CONFIGS, prefect.yaml, Prefect's database or the address of its API, too",
                 files=files)  # fmt: skip
        return found, [Finding(Place(files[0]), text)]
    return found, [
        Finding(flow.place, _("nothing that was read names flow {flow}: it never ran by schedule",
                              flow=flow.function))
        for flow in left
    ]  # fmt: skip


def flow_of(job: OldJob, flows: Sequence[Flow]) -> Flow | None:
    """Return the flow that `flows/orders.py:orders` names; of files of one name the nearest."""
    file, _colon, function = (job.entrypoint or "").rpartition(":")
    path = re.split(r"[/\\]", file)
    best: tuple[int, Flow | None] = (0, None)
    for flow in flows:
        parts = Path(flow.place.file).absolute().parts
        if flow.function == function and parts[-1] == path[-1]:
            same = sum(parts[-n:] == tuple(path[-n:]) for n in range(1, len(path) + 1))
            best = max(best, (same, flow), key=lambda one: one[0])
    return best[1]
