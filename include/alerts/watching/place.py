"""The installation that is watched, and what one round is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Identity
from include.alerts.watching.sight import Sight

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.alerts.configuration import AlertConfiguration

METADATA_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
TASKS_URL = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
WEB_URL = "AIRFLOW__API__BASE_URL"
# Looks at a part of the service; raises what costs that part only.
Look = Callable[[Sight], Iterable[Finding]]


@dataclass(frozen=True)
class Place:
    """An installation.

    Attributes:
        root: the project.
        var: what the service writes to.
        environment: of its components.
        contained: whether these are containers, with commands of their own.
    """

    root: Path
    var: Path
    environment: Mapping[str, str] = field(repr=False)
    contained: bool = False

    @property
    def metadata_url(self) -> str:
        """Airflow's database; empty where the environment does not say."""
        return self.environment.get(METADATA_URL, "")

    @property
    def tasks_url(self) -> str:
        """Where tasks report to; empty where the environment does not say."""
        return self.environment.get(TASKS_URL, "")

    @property
    def web_url(self) -> str:
        """The web UI, as people open it; empty where the environment does not say."""
        return self.environment.get(WEB_URL, "")


@dataclass(frozen=True)
class Asked:
    """What one round is asked.

    Attributes:
        now: the moment; aware.
        configuration: config/alerts.yaml.
        open_now: the alerts that are open.
        connections: ids of those that messages are sent with.
        began: since when the components run, as far as that is known; they may be silent at first.
        started: when the service was started on purpose; none where that is not known.
        looks: further parts of the service, each by its name.
    """

    now: datetime
    configuration: AlertConfiguration
    open_now: tuple[Identity, ...] = ()
    connections: tuple[str, ...] = ()
    began: datetime | None = None
    started: datetime | None = None
    looks: Mapping[str, Look] = field(default_factory=dict)
