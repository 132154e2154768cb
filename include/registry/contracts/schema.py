"""What a contract may say: every key, its default and its check."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from include import cron as crons
from include.language import _
from include.periods import Schedule
from include.registry import fields
from include.registry.entry_files import FileEntry
from include.registry.fields import Checked
from include.registry.paths import CONTRACTS_FILE
from include.registry.quantities import PERCENT, count, percent
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.periods import Period
    from include.registry.schema import Job

# The periods of jobs that make up the period of a contract.
PARTS = {"day": ("day",), "week": ("day", "week"), "month": ("day", "month")}
ALL = "all"
DAG_PREFIX = "contract."
# Names and windows of days, weeks and months do not depend on it.
NO_CRON = "0 0 * * *"


def min_shops(value: Any) -> float:
    """Take all, a number of shops or a share of them; a share, and all, as a fraction."""
    try:
        if isinstance(value, str):
            return 1.0 if value == ALL else percent(value)
        if count(value):
            return int(value)
    except ValueError:
        pass
    told = _("{value} is not how many: write all, a number like 20, or 95%", value=quoted(value))
    raise ValueError(told)


FORMS = [
    {"const": ALL},
    {"type": "integer", "minimum": 1},
    {"type": "string", "pattern": f"^{PERCENT}$"},
]
ContractPeriod = Annotated[str, fields.word(PARTS)]
MinShops = Annotated[float, Checked(min_shops, type=None, anyOf=FORMS)]


class Contract(FileEntry):
    """One entry: jobs whose rows of a period are complete together."""

    file = CONTRACTS_FILE

    id: fields.JobId = Field(
        description="what commands, the view and other programs call it; unique",
        examples=["store_day"],
    )
    name: fields.Line = Field(
        description="what people call it; any language", examples=["门店日报数据齐备"]
    )
    jobs: list[fields.JobId] = Field(
        description="the jobs of which everything that is expected of a period must have landed",
        examples=[["erp_store", "jd_store"]],
        json_schema_extra={"minItems": 1, "uniqueItems": True},
    )
    period: ContractPeriod = Field(
        default="day",
        description="the periods it is about: a day of daily jobs; a week of weekly and daily "
        "ones; a month of monthly and daily ones",
        examples=["day"],
    )
    timezone: fields.Zone = Field(
        default="Asia/Shanghai",
        description="IANA name of the zone whose clock it follows, as its jobs do",
        examples=["Asia/Shanghai"],
    )
    week_start: fields.Weekday = Field(
        default="saturday",
        description="the first day of a week, as its weekly jobs have it",
        examples=["monday"],
    )
    deadline: fields.TimeOfDay | None = Field(
        default=None,
        description="the time of day by which it should be complete, on the day on which the last "
        "of its jobs runs; the latest deadline of its jobs unless given",
        examples=["09:30"],
    )
    min_shops: MinShops = Field(
        default=ALL,
        validate_default=True,
        description="how many of the shops that are expected of each job must have landed: all, "
        "a number, or a share of them",
        examples=["95%"],
    )

    @field_validator("jobs")
    @classmethod
    def _are_some(cls, jobs: list[str]) -> list[str]:
        if not jobs:
            told = _("is empty: name the jobs that it waits for, as in jobs: [erp_store]")
            raise ValueError(told)
        if twice := next((job for job in jobs if jobs.count(job) > 1), None):
            raise ValueError(_("{job!r} is there twice: remove one", job=twice))
        return jobs

    @property
    def dag_id(self) -> str:
        """The DAG whose runs tell Airflow of its periods; no job's id has a dot."""
        return f"{DAG_PREFIX}{self.id}"

    @property
    def calendar(self) -> Schedule:
        """Its periods: their names and windows."""
        return Schedule(NO_CRON, self.period, self.timezone, self.week_start)

    def jobs_of(self, known: Mapping[str, Job]) -> list[Job]:
        """Return those of its jobs that are known, which others are not while they are broken."""
        return [known[job_id] for job_id in self.jobs if job_id in known]

    def last_start(self, jobs: Collection[Job], period: Period) -> tuple[datetime, Job]:
        """Return when the last run of some jobs that it needs for a period starts, and whose."""
        starts = {job.id: job.schedule.fire_for(job.schedule.within(period)[-1]) for job in jobs}
        job = max(jobs, key=lambda one: starts[one.id].timestamp())
        return starts[job.id], job

    def deadline_of(self, jobs: Collection[Job], period: Period) -> datetime:
        """Return by when a period should be complete, with some jobs, on the contract's clock."""
        if self.deadline is None:
            latest = [job.deadline_of(job.schedule.within(period)[-1]) for job in jobs]
            return max(latest, key=datetime.timestamp)
        return self.at(self.last_start(jobs, period)[0], self.deadline)

    def at(self, start: datetime, clock: time) -> datetime:
        """Return the moment at which its clock shows a time, on the day of a start."""
        zone = self.calendar.zone
        return crons.instant(datetime.combine(start.astimezone(zone).date(), clock), zone)

    def needed(self, expected: int) -> int:
        """Return how many of the units that are expected of a job's period must have landed."""
        if isinstance(self.min_shops, int):
            return min(self.min_shops, expected)
        # In whole percent: a binary fraction may come out just above a whole number.
        return -(-expected * round(self.min_shops * 100) // 100)
