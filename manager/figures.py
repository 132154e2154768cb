"""The figures of an installation for monitoring: whether its service runs or not."""

from datetime import datetime, timezone

from include.coverage import Coverage
from include.metrics.figures import Installation, figures_of
from include.registry import load_registry
from manager.coverage_reader import coverage_reader
from manager.layout import Layout


def figures(layout: Layout) -> str:
    """Return them in Prometheus's text format."""

    def read(since: datetime) -> Coverage:
        """Read coverage; raises ExpectedError where the warehouse is away, or not there yet."""
        with coverage_reader(layout) as reader:
            return reader.read(since)

    registry = load_registry(layout.root)
    of = Installation(layout.root, layout.var, registry, read)
    return figures_of(of, registry.jobs, datetime.now(timezone.utc))
