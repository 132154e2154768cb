"""Add the view `completeness`: per table and shop, up to which instant every change is in."""

from include.warehouse.steps import make_index, make_view

revision = "0007"
down_revision = "0006"

# The chain of a job and shop begins with its oldest unit that landed and is expected (what somebody
# has pulled of the time before is no part of it), and ends with the first one that no other
# follows: one that ends later and begins no later than this one has ended. A waived gap does not
# break it, and adds nothing. What landed before `covered_until` was kept had been asked for up to
# the end of its period.
COMPLETENESS = """
CREATE VIEW completeness AS
WITH closed AS (
    SELECT landed.job_id, landed.shop_id, landed.period_end
    FROM ledger landed LEFT JOIN jobs_seen ON jobs_seen.job_id = landed.job_id
    WHERE landed.state IN ('ok', 'empty')
      AND (jobs_seen.expected_from IS NULL OR landed.period_end > jobs_seen.expected_from)
    UNION ALL
    SELECT job_id, shop_id, period_end FROM waivers
),
chains AS (
    SELECT job_id, shop_id, MIN(period_end) AS chain_end FROM closed
    WHERE NOT EXISTS (
        SELECT 1 FROM ledger following
        WHERE following.job_id = closed.job_id AND following.shop_id = closed.shop_id
          AND following.period_end > closed.period_end
          AND following.period_start <= closed.period_end
          AND following.state IN ('ok', 'empty')
    ) AND NOT EXISTS (
        SELECT 1 FROM waivers following
        WHERE following.job_id = closed.job_id AND following.shop_id = closed.shop_id
          AND following.period_end > closed.period_end
          AND following.period_start <= closed.period_end
    )
    GROUP BY job_id, shop_id
)
SELECT MAX(ledger.table_name) AS table_name, ledger.job_id AS job_id, ledger.shop_id AS shop_id,
       MIN(ledger.period_start) AS complete_from,
       MAX(COALESCE(ledger.covered_until, ledger.period_end)) AS complete_until
FROM ledger JOIN chains ON chains.job_id = ledger.job_id AND chains.shop_id = ledger.shop_id
LEFT JOIN jobs_seen ON jobs_seen.job_id = ledger.job_id
WHERE ledger.state IN ('ok', 'empty') AND ledger.period_end <= chains.chain_end
  AND (jobs_seen.expected_from IS NULL OR ledger.period_end > jobs_seen.expected_from)
GROUP BY ledger.job_id, ledger.shop_id
HAVING MAX(ledger.table_name) IS NOT NULL
"""


def upgrade() -> None:
    """Make the index that finds a unit's follower, and the view."""
    columns = ["job_id", "shop_id", "period_end", "period_start", "state"]
    make_index("ix_ledger_chain", "ledger", columns)
    make_view("completeness", COMPLETENESS)
