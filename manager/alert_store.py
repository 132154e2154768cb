"""What is kept of alerts, for the commands that look at it: whether the service runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from include.alerts.store import FILE, Store
from include.errors import ExpectedError
from manager.layout import Layout


@contextmanager
def alert_store(layout: Layout) -> Iterator[Store]:
    """Open what an installation keeps of alerts; raises ExpectedError before the first start."""
    if not layout.secrets.exists():  # which the first start makes before anything else
        raise ExpectedError("nothing is watched yet: `{manager} start` begins to")
    store = Store(layout.var / FILE)
    try:
        yield store
    finally:
        store.close()
