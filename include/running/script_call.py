"""How a script is called: its command line, its environment, and for which period it may be.

A script that takes no period brings the day that it works out itself, whatever it was started for.
An older period than the one that ended last can therefore not be pulled again by it: it is neither
run nor landed.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from include import PROJECT_ROOT, VAR
from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import N_, _
from include.registry.dated_scripts import dating_of
from include.running.asked import Asked
from include.running.environment import PRIVATE, ROOT
from include.running.script_process import ScriptProcess
from include.running.script_supervisor import Settings
from include.secrets.values import CONNECTION_PREFIX
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.periods import Period
    from include.registry import Job, Shop
    from include.running.context import Context, Request
    from include.running.locking import UnitLock
    from include.units.unit import Unit

ZONES = "/usr/share/zoneinfo"
# The service's own settings and secrets: none of a script's business.
SERVICE_PREFIXES = ("AIRFLOW__", "AIRFLOW_VAR_", "_AIRFLOW", CONNECTION_PREFIX)
# A script must not fail because of what it prints: what cannot be encoded is shown escaped.
OUTPUT = {
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "PYTHONUNBUFFERED": "1",
}
# What a script may need until it has asked the clock which day it is; of a short tick, a tenth.
START_UP, SHARE_OF_A_TICK = timedelta(seconds=60), 0.1
REMEDY = N_(
    "if the script can bring any period, let it read PERIOD_KEY, put {first_day} into "
    "args, or write 'dated: true' in the entry"
)


def command_of(job: Job, period: Period) -> list[str]:
    """Return the command: what runs a script.

    Python scripts run in the runner's Python, any script in the one that its entry names; all else
    is started directly.

    Raises:
        ConfigurationError: the script is neither Python nor executable, or its Python is not there.
    """
    script = job.script_path
    arguments = job.arguments_for(period)
    if python := job.python_path:
        if not (python.is_file() and os.access(python, os.X_OK)):
            raise ConfigurationError(
                "python {python!r} ({file}:{line}) is no program that can be run: make "
                "that environment again, or correct the path",
                python=job.python,
                file=job.file,
                line=job.line,
            )
        return [str(python), "-u", str(script), *arguments]
    if script.suffix == ".py":
        return [sys.executable, "-u", str(script), *arguments]
    if not os.access(script, os.X_OK):
        raise ConfigurationError("{script} is not executable: run chmod +x {script}", script=script)
    return [str(script), *arguments]


def environment_of(
    job: Job,
    period: Period,
    request: Request,
    shops: Sequence[Shop],
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """Return a script's whole environment.

    Of what the runner has inherited the service's settings and secrets are left out, but for the
    connections that the job names; its `env` is added.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in PRIVATE and not name.startswith(SERVICE_PREFIXES)
    }
    names = [f"{CONNECTION_PREFIX}{name.upper()}" for name in job.connection_ids]
    connections = {name: inherited[name] for name in names if name in inherited}
    asked = Asked(period.key, period.key, tuple(shop.id for shop in shops), request.asked.again)
    python = _python_of(job, kept)
    return {
        **kept,
        **connections,
        "TZ": _tz_of(job.timezone),  # what a script calls yesterday is the job's
        **job.env,
        "JOB_ID": job.id,
        **asked.to_environment(),
        "PERIOD_START": period.start.isoformat(),
        "PERIOD_END": period.end.isoformat(),
        "FIRST_DAY": period.first_day.isoformat(),
        "LAST_DAY": period.last_day.isoformat(),
        "RUN_ID": request.run_id,
        VAR: str(request.var),
        ROOT: str(request.root),
        **OUTPUT,
        **python,
        **({"SHOPS_JSON": _described(shops)} if shops else {}),
    }


def _tz_of(zone: str) -> str:
    """Return the value of TZ for a zone; a system that lacks the zone would take it for UTC."""
    if (Path(os.environ.get("TZDIR") or ZONES) / zone).is_file():
        return zone
    from importlib.resources import files  # noqa: PLC0415 - hardly ever needed

    try:
        path = files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    except ModuleNotFoundError:
        return zone
    return f":{path}" if path.is_file() else zone


def _described(shops: Sequence[Shop]) -> str:
    """Return all that a script must know of each shop, as JSON."""
    described = [
        {
            "id": shop.id,
            "name": shop.name,
            "platform_id": shop.platform_id,
            "connection": f"{CONNECTION_PREFIX}{shop.connection.upper()}",
        }
        for shop in shops
    ]
    return json.dumps(described, ensure_ascii=False)


def _python_of(job: Job, kept: dict[str, str]) -> dict[str, str]:
    """Return what a script finds its packages by; takes out of `kept` what must not lead it astray.

    The service's Python also sees the project. Another one sees nothing of either: their packages
    are made for another version, and what it has itself is meant.
    """
    inherited = kept.pop("PYTHONPATH", "")
    if not job.python_path:
        others = [
            path for path in inherited.split(os.pathsep) if path and path != str(PROJECT_ROOT)
        ]
        return {"PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *others])}
    kept.pop("PYTHONHOME", None)
    kept.pop("VIRTUAL_ENV", None)
    folder = job.python_path.parent
    path = os.pathsep.join([str(folder), *filter(None, [kept.get("PATH")])])
    is_virtual = (folder.parent / "pyvenv.cfg").is_file()
    return {"PATH": path, **({"VIRTUAL_ENV": str(folder.parent)} if is_virtual else {})}


def refuse_past(job: Job, period: Period, now: datetime) -> None:
    """Allow a script that takes no period to begin now (aware) for the one that ended last only.

    Raises:
        ConfigurationError: it would bring another period than that.
    """
    dating = dating_of(job)
    last = period if dating.dated else job.schedule.last_ended(now)
    if last != period:
        raise ConfigurationError(
            "{key} cannot be pulled again: the script takes no period, so that it brings "
            "the one that ended last, {last}, whatever it is run for ({because}); {remedy}",
            key=period.key,
            last=last.key,
            because=dating.because,
            remedy=_(REMEDY),
        )


def check_clock(job: Job) -> None:
    """Check that a script that takes no period goes by its job's clock.

    Raises:
        ConfigurationError: its entry gives it another one.
    """
    dating = dating_of(job)
    clock = job.env.get("TZ", job.timezone)
    if clock != job.timezone and not dating.dated:
        raise ConfigurationError(
            "env sets TZ to {clock!r}, and timezone is {timezone!r}: the script, which "
            "takes no period ({because}), would work out another day: remove TZ from env",
            clock=clock,
            timezone=job.timezone,
            because=dating.because,
        )


def why_not_known(job: Job, period: Period, began: datetime, ended: datetime) -> str:
    """Return why it is unknown which period a script without one has brought; empty if it is known.

    It is the one that had ended last when the script asked the clock, soon after it began (aware).
    """
    following = job.schedule.following(period)
    length = following.end.timestamp() - following.start.timestamp()
    over = following.end.timestamp()
    margin = min(START_UP.total_seconds(), SHARE_OF_A_TICK * length)
    if ended.timestamp() < over or began.timestamp() < over - margin or dating_of(job).dated:
        return ""
    return _(
        "it began just before {following} was over and ended after that: it is unknown whether "
        "it has pulled {key} or {following}; let it run earlier",
        following=following.key,
        key=period.key,
    )


@dataclass(frozen=True)
class ScriptRun:
    """A job's script for some units of one period, whose lock is held."""

    context: Context
    period: Period
    lock: UnitLock
    units: Sequence[Unit]

    def run(self, command: list[str], seconds: float, more: Mapping[str, str]) -> int:
        """Run it to its end, and end it when the time is over; return its exit code.

        Args:
            command: what runs it.
            seconds: how long it may take.
            more: of its environment.
        """
        context, job = self.context, self.context.job
        offset = self.period.end.utcoffset()
        settings = Settings(
            command=command,
            cwd=str(context.request.root / job.cwd),
            grace_seconds=context.time_left.grace,
            life_line=-1,
            lock=self.lock.fd,
            lock_path=str(self.lock.path),
            runner=os.getpid(),
            journal=str(context.journal.path),
            subject=context.subject(self.period),
            utc_offset_seconds=offset.total_seconds() if offset else 0,
        )
        shops = [context.registry.shops[unit.shop_id] for unit in self.units if job.platform]
        environment = environment_of(job, self.period, context.request, shops, os.environ)
        context.output.forget()
        try:
            script = ScriptProcess(settings, {**environment, **more})
        except OSError as error:  # no memory, or too many processes
            context.output.say(
                _("the script cannot be started now: {error}", error=explained(error))
            )
            return ExitCode.TEMPORARY
        context.interruption.watch(seconds, script.end)
        code = script.wait(context.output)
        context.interruption.rest()
        ended_by_us = context.interruption.exit_code()
        return code if ended_by_us is None else ended_by_us
