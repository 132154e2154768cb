"""The job `pdd_quality` as it is delivered, but for the client's rate limits.

A shop's day takes two minutes within the platform's limits. Tests of what lands put this program in
the place of the delivered one; that one keeps its limits and is run by the long tests.
"""

import sys

from include.gateways.limiter import Limit
from include.platforms.pdd.dialect import Pdd
from include.pulling import pull
from include.registry.platforms import PLATFORMS
from include.scripts.pdd.pdd_quality import SHOPS_AT_ONCE, fetch

if __name__ == "__main__":
    Pdd.limits = (Limit(100_000, 1),)
    sys.exit(pull(Pdd, fetch, lag=PLATFORMS["pdd"].lag, at_once=SHOPS_AT_ONCE))
