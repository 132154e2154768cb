"""Asks the old scheduler's own library when schedules fire: in the Python that has it."""

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from include.errors import ConfigurationError
from include.language import _
from manager.importing.fire_times import UnknownFiresError
from manager.importing.old_jobs import OldSchedule

ANSWER_SECONDS = 120.0
# For a Python that has Prefect, and nothing of ours. `get_dates` looks no further than 1000 dates.
PROGRAM = """
import asyncio, json, sys
from datetime import datetime, timedelta, timezone
import prefect
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
KINDS = {"cron": CronSchedule, "interval": IntervalSchedule, "rrule": RRuleSchedule}
asked = json.loads(sys.stdin.read())
first, last = (datetime.fromisoformat(asked[key]) for key in ("first", "last"))
async def dates_of(said):
    kind = next(name for name in KINDS if name in said)
    schedule = KINDS[kind](**said)
    found, start = [], first
    while start < last:
        page = [d.astimezone(timezone.utc) for d in await schedule.get_dates(1000, start, last)]
        found += [moment for moment in page if moment < last]
        if len(page) < 1000:
            break
        start = datetime.fromtimestamp(page[-1].timestamp() + 1, timezone.utc)
    return [datetime.fromtimestamp(d.timestamp(), timezone.utc).isoformat() for d in found]
def answer(said):
    try:
        return asyncio.run(dates_of(said))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
fires = [answer(one) for one in asked["schedules"]]
print(json.dumps({"version": prefect.__version__, "fires": fires}))
"""


class Library(NamedTuple):
    """What the library says.

    Attributes:
        version: of the library, as `3.9.1`.
        fires: of each schedule that was asked about, in UTC; a text says why it is unknown.
    """

    version: str
    fires: dict[OldSchedule, list[datetime] | str]

    def between(self, schedule: OldSchedule, first: datetime, last: datetime) -> list[datetime]:
        """Return when a schedule fires, from one moment up to before another.

        Raises:
            UnknownFiresError: Prefect refuses it.
        """
        said = self.fires[schedule]
        if isinstance(said, str):
            why = " ".join(said.split())
            raise UnknownFiresError("Prefect itself refuses this schedule: {why}", why=why)
        return [moment for moment in said if first <= moment < last]


def ask_prefect(
    python: str, schedules: Sequence[OldSchedule], first: datetime, last: datetime
) -> Library:
    """Return when schedules of Prefect fire, from one moment up to before another.

    Args:
        python: the path of a Python that has Prefect.
        schedules: what to ask about.
        first: aware.
        last: aware.

    Raises:
        ConfigurationError: it does not run, has no Prefect, or does not answer.
    """
    asked = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "schedules": [_as_prefect(one) for one in schedules],
    }
    try:
        answer = _answer(python, json.dumps(asked))
    except subprocess.TimeoutExpired:
        answer = _("no answer within {seconds:.0f} s", seconds=ANSWER_SECONDS)
    except (OSError, ValueError, IndexError) as error:
        answer = str(error)
    if isinstance(answer, str):
        raise ConfigurationError(
            "--prefect-python {python} does not answer ({why}): name the Python in whose "
            "environment `prefect version` works", python=python, why=answer
        )  # fmt: skip
    fires = [
        one if isinstance(one, str) else [datetime.fromisoformat(each) for each in one]
        for one in answer["fires"]
    ]
    return Library(answer["version"], dict(zip(schedules, fires, strict=True)))


def _answer(python: str, asked: str) -> dict[str, Any] | str:
    """Return what the program prints; a text says why it does not."""
    # Nothing of this service's Python may stand in the way of another, nor a server be asked.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    quiet = {"PREFECT_LOGGING_LEVEL": "CRITICAL", "DO_NOT_TRACK": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [python, "-c", PROGRAM],
        input=asked,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**kept, **quiet},
        timeout=ANSWER_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return lines[-1] if lines else _("exit code {code}", code=done.returncode)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _as_prefect(schedule: OldSchedule) -> dict[str, Any]:
    """Return a schedule as Prefect's own classes take it."""
    if schedule.cron is not None:
        return {"cron": schedule.cron, "timezone": schedule.timezone, "day_or": schedule.day_or}
    if schedule.interval is not None:
        said = {"interval": schedule.interval.total_seconds(), "timezone": schedule.timezone}
        anchor = {"anchor_date": schedule.anchor.isoformat()} if schedule.anchor else {}
        return {**said, **anchor}
    return {"rrule": schedule.rrule, "timezone": schedule.timezone or "UTC"}
