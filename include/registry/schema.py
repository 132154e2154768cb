"""What an entry of the registry may say: every key, its default and its check."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from include.errors import ConfigurationError
from include.language import N_, _
from include.periods import Period, Schedule, check_fit
from include.registry import fields  # noqa: TC001 - pydantic reads the annotations
from include.registry.checks_schema import Checks  # noqa: TC001 - the same
from include.registry.deadlines import Startable, check_deadline, check_start, deadline_of
from include.registry.environment import filled
from include.registry.paths import FEED_SCRIPTS, NOWHERE, SCRIPTS, Place, Project
from include.registry.problems import SentenceError
from include.registry.quantities import check_repull
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from datetime import datetime, time
    from pathlib import Path


class Job(Startable):
    """One entry of the registry, which is one DAG."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["cron"]}, {"required": ["after"]}]},
    )

    id: fields.JobId = Field(
        description="the job's and its DAG's id, unique over all files", examples=["pdd_quality"]
    )
    name: fields.Line = Field(
        description="what the UI calls it; any language", examples=["PDD质量数据"]
    )
    description: fields.Text = Field(
        default="", description="one sentence for the UI", examples=["每天拉取前一天的售后数据"]
    )
    cron: fields.Cron = Field(
        default="",
        description="when it runs: minute hour day month weekday (Sunday is 0 or 7)",
        examples=["0 8 * * *"],
    )
    after: fields.ContractId | None = Field(
        default=None,
        validate_default=True,
        description="in place of the cron, a contract of config/contracts.yaml: it runs once for "
        "each period that is complete",
        examples=["store_day"],
    )
    restate: fields.Flag = Field(
        default=False,
        description="true: with `after`, it runs again for a period whose rows have changed since",
        examples=[True],
    )
    timezone: fields.Zone = Field(
        default="Asia/Shanghai",
        description="IANA name of the zone whose clock the cron and the periods follow",
        examples=["Asia/Shanghai"],
    )
    period: fields.PeriodKind = Field(
        default="day",
        validate_default=True,
        description="the window that a run covers: the day, week or month that ended last, or "
        "the tick since the run before; it must fit the cron",
        examples=["day"],
    )
    week_start: fields.Weekday = Field(
        default="saturday", description="the first day of a week", examples=["monday"]
    )
    script: fields.Line = Field(
        description=f"the script, a path below {SCRIPTS}", examples=["pdd/pdd_quality.py"]
    )
    args: list[fields.Argument] = Field(
        default=[],
        description="arguments for the script; {key} {start} {end} {first_day} {last_day} are "
        "filled in, other braces are doubled",
        examples=[["--day", "{first_day}"]],
    )
    env: dict[fields.Variable, fields.Text] = Field(
        default={},
        description="environment variables for the script; no secrets, those go in connections",
        examples=[{"REPORT_LANGUAGE": "zh"}],
    )
    cwd: fields.Line = Field(default=".", description="the folder it runs in", examples=["config"])
    python: fields.Interpreter | None = Field(
        default=None,
        description="the Python that runs it, absolute or below the project; else the service's",
        examples=["venvs/report/bin/python"],
    )
    dated: fields.Flag | None = Field(
        default=None,
        description="false: it only brings the period that ended last; else its text decides",
        examples=[False],
    )
    platform: fields.Platform | None = Field(
        default=None,
        description="the platform it pulls from: one unit per shop of it, and its pool; none for "
        "a job without shops",
        examples=["pdd"],
    )
    data: fields.Flag = Field(
        default=True,
        description="false: it lands no data of its own, as task generation and housekeeping do; "
        "it is shown apart, and not counted with the data",
        examples=[False],
    )
    connections: list[fields.ConnectionId] | None = Field(
        default=None,
        description="the Airflow connections that the script may see; those of the platform's "
        "shops unless given",
        examples=[["erp"]],
    )
    tags: list[fields.Tag] = Field(
        default=[], description="what the UI can be filtered by", examples=[["PDD", "质量"]]
    )
    owner: fields.Text = Field(
        default="", description="who answers for it, as the UI shows it", examples=["数据组"]
    )
    doc: fields.Text = Field(
        default="",
        description="Markdown for the UI: what lands, when a red run may wait, how to repair",
        examples=["What lands, when a red run may wait, how to repair."],
    )
    enabled: fields.Flag = Field(
        default=True,
        description="false: it can be triggered by hand, but has no schedule",
        examples=[False],
    )
    retries: fields.Retries = Field(
        default=2, description="how often a failed run is tried again", examples=[2]
    )
    retry_delay: fields.Duration = Field(
        default=timedelta(minutes=5), description="the wait before a retry", examples=["5m"]
    )
    timeout: fields.PositiveDuration = Field(
        default=timedelta(hours=1), description="a run that takes longer is ended", examples=["1h"]
    )
    recover: fields.Duration = Field(
        default=timedelta(days=7),
        description="after an outage, missed periods up to this old run by themselves; 0d: none",
        examples=["7d"],
    )
    repull: list[fields.RepullAge] = Field(
        default=[],
        description="how long after its end a period is pulled again, as its source restates it; "
        "only of jobs that read a feed",
        examples=[["1d", "3d", "7d"]],
    )
    start: fields.StartDay | None = Field(
        default=None,
        description="the first business day that is expected to land; unless given, that of the "
        "period that ended last when this installation first saw the job",
        examples=["2025-01-01"],
    )
    deadline: fields.TimeOfDay | None = Field(
        default=None,
        description="the time of day, after the cron's, by which the period must have landed, else "
        "an alert; two hours after the cron unless given",
        examples=["10:00"],
    )
    alert: fields.AlertChoice = Field(
        default="route",
        description="none: no alert when it is late, rejected, paused or never repaired; else the "
        "routes of config/alerts.yaml decide",
        examples=["none"],
    )
    checks: Checks | None = Field(
        default=None,
        description="what must hold of the rows that land",
        examples=[{"min_rows": 1, "max_drop": "60%"}],
    )
    _place: Place = PrivateAttr()  # without a default, which pydantic would copy for every job

    @field_validator("after")
    @classmethod
    def _is_one_of_two(cls, after: str | None, info: ValidationInfo) -> str | None:
        if "cron" in info.data:
            check_start(info.data["cron"], after)
        return after

    @field_validator("restate")
    @classmethod
    def _is_of_a_contract(cls, restate: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if restate and "after" in info.data and info.data["after"] is None:
            raise ValueError(_("is for a job that runs after a contract: remove it"))
        return restate

    @field_validator("period")
    @classmethod
    def _fits_the_cron(cls, period: str, info: ValidationInfo) -> str:
        if info.data.get("cron"):
            try:
                check_fit(info.data["cron"], period)
            except ConfigurationError as error:
                raise SentenceError(str(error)) from error
        return period

    @field_validator("script")
    @classmethod
    def _is_a_script(cls, script: str, info: ValidationInfo) -> str:
        return _project(info).folders.check_script(script)

    @field_validator("cwd")
    @classmethod
    def _is_a_folder(cls, cwd: str, info: ValidationInfo) -> str:
        return _project(info).folders.check_folder(cwd)

    @field_validator("platform")
    @classmethod
    def _is_known(cls, platform: str | None, info: ValidationInfo) -> str | None:
        known = _project(info).platforms
        if platform is not None and known is not None and platform not in known:
            told = _(
                "{platform} is not known: {near} (config/shops.yaml can add one)",
                platform=quoted(platform), near=suggestion(platform, sorted(known)),
            )  # fmt: skip
            raise ValueError(told)
        return platform

    @field_validator("data")
    @classmethod
    def _is_of_no_platform(cls, data: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if not data and info.data.get("platform") is not None:
            told = N_("false, and the job pulls shops on {platform}: remove one of the two")
            raise ValueError(_(told, platform=info.data["platform"]))
        return data

    @field_validator("repull")
    @classmethod
    def _is_of_a_feed(cls, repull: list[timedelta], info: ValidationInfo) -> list[timedelta]:
        check_repull(repull, info.data.get("script", FEED_SCRIPTS[0]))
        return repull

    @field_validator("deadline")
    @classmethod
    def _is_after_the_cron(cls, deadline: time | None, info: ValidationInfo) -> time | None:
        if deadline is not None and info.data.get("cron") and "period" in info.data:
            check_deadline(info.data["cron"], info.data["period"], deadline)
        return deadline

    def model_post_init(self, context: Any) -> None:
        """Remember where the entry stands."""
        self._place = context or NOWHERE

    @property
    def file(self) -> str:
        """The file its entry is in, relative to the project root."""
        return self._place.file

    @property
    def line(self) -> int:
        """The line its entry begins at."""
        return self._place.line

    @property
    def script_path(self) -> Path:
        """The script as an absolute path."""
        return self._place.project.folders.root / SCRIPTS / self.script

    @property
    def python_path(self) -> Path | None:
        """The Python that the entry names, as an absolute path; links are left as they are."""
        return self._place.project.folders.root / self.python if self.python else None

    @property
    def schedule(self) -> Schedule:
        """When it runs and what a run covers; of a job after a contract, when that is due."""
        return Schedule(self.cron, self.period, self.timezone, self.week_start)

    def deadline_of(self, period: Period) -> datetime:
        """Return by when a period must have landed, else it is late; in the job's time zone."""
        return deadline_of(self.schedule, self.deadline, period)

    @property
    def connection_ids(self) -> list[str]:
        """The Airflow connections that its script may see."""
        if self.connections is not None:
            return self.connections
        if self.platform is None:
            return []
        return self._place.project.connections.get(self.platform, [self.platform])

    def arguments_for(self, period: Period) -> list[str]:
        """Return the script's arguments, with a period filled in."""
        return filled(self.args, period)


def _project(info: ValidationInfo) -> Project:
    place: Place = info.context or NOWHERE
    return place.project
