"""A run that somebody waits for, and how it ended."""

from dataclasses import dataclass, field
from typing import NamedTuple

from include.coverage.runs import Name
from include.language import N_
from include.registry import Job

# Of tasks and runs, as Airflow calls them; `_` translates them.
STATES_OF_AIRFLOW = (
    N_("queued"),
    N_("scheduled"),
    N_("running"),
    N_("success"),
    N_("failed"),
    N_("skipped"),
    N_("deferred"),
    N_("up_for_retry"),
    N_("up_for_reschedule"),
    N_("upstream_failed"),
    N_("restarting"),
    N_("removed"),
)


@dataclass
class Followed:
    """A run that somebody waits for.

    Attributes:
        job: whose run.
        key: the period's.
        run_id: its name.
        shops: those that it is about; none for all.
        new: whether this command made it; else it was there.
        by_schedule: whether the schedule makes a run of the period by itself.
        landed: None while it goes on, then whether everything landed.
        stuck: why it cannot go on; empty while it can.
    """

    job: Job
    key: str
    run_id: str
    shops: tuple[str, ...] = ()
    new: bool = False
    by_schedule: bool = False
    landed: bool | None = None
    stuck: str = ""
    said: str = field(default="", repr=False)

    @property
    def title(self) -> str:
        """Its job and period."""
        return f"{self.job.id} {self.key}"

    @property
    def name(self) -> Name:
        """What tells it from all other runs."""
        return self.job.id, self.run_id


class Outcome(NamedTuple):
    """How a run ended.

    Attributes:
        exit_code: 0: all has landed, by it or before; 99: there was nothing to do, and nothing of
            the period has ever landed; 1: something did not land.
        reason: why it did nothing, or why what it did is provisional; empty otherwise.
    """

    exit_code: int
    reason: str = ""
