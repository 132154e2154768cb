"""`test`: hand over to pytest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from manager.commands.options import Command

if TYPE_CHECKING:
    from argparse import Namespace

    from manager.layout import Layout


# Tests of services mostly wait, so there are more workers than cores. More than four would
# wait for each other's services and databases.
WORKERS = min(2 * (os.cpu_count() or 1), 4)
SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "loadgroup", "--no-loadscope-reorder")


def test(layout: Layout, arguments: Namespace) -> NoReturn:
    """Hand over to pytest, on all cores, without the caller's Airflow settings."""
    from manager.handover import become
    from manager.other_airflow import installed, tests_of

    words = arguments.rest
    if words[:1] == ["--airflow"]:
        layout = installed(layout, "".join(words[1:2]))
        words = tests_of(layout, words[2:])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    kept.pop("SCHEDULER_VAR", None)
    become(layout, ["-m", "pytest", *SIDE_BY_SIDE, *words], kept)


COMMAND = Command(
    "run the tests; --campaign adds the long ones, --airflow 3.4 runs those that know Airflow "
    "on that version; other arguments go to pytest",
    test,
    needs="development",
    writes_var=False,
    passes_on="[--airflow VERSION] [--campaign] [PYTEST ARGUMENT ...]",
)
