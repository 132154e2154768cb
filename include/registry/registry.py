"""What a project's config/ says of jobs and shops, as one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.registry.problems import Problem
    from include.registry.schema import Job
    from include.registry.shops import Shop


@dataclass
class Registry:
    """What a project's config/ says."""

    # The valid ones by id, in the order of files and entries
    jobs: dict[str, Job] = field(default_factory=dict)
    # Everything that is wrong, by file and line
    problems: list[Problem] = field(default_factory=list)
    # The valid ones by id, the disabled ones too
    shops: dict[str, Shop] = field(default_factory=dict)

    def shops_of(self, job: Job) -> list[Shop]:
        """Return the enabled shops of a job's platform; none for a job without a platform.

        Those that are open in a period: `include.units.JobUnits`.
        """
        shops = self.shops.values()
        return [shop for shop in shops if shop.enabled and shop.platform == job.platform]
