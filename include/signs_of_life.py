"""How often whoever runs a unit shows that it is alive, and when it counts as lost."""

from __future__ import annotations

from datetime import timedelta

HEARTBEAT_SECONDS = 15
# When so many are missing, a unit may be taken over.
BEATS_UNTIL_LOST = 4
PATIENCE = timedelta(seconds=BEATS_UNTIL_LOST * HEARTBEAT_SECONDS)
