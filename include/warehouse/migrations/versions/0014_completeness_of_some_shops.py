"""Make the view `completeness` again, so that asking for some shops reads only what is theirs."""

# ruff: noqa: S608 - what is put into the statement is its own parts

from alembic import op

from include.warehouse.steps import make_view

revision = "0014"
down_revision = "0013"

# What the chain of a job and shop is, 0007 says. Databases carry the condition of a query into
# what is grouped by its columns, and no further: so the end of each chain is found within that
# group, and what is in a chain by subqueries of each row. Each walks `ix_ledger_chain`.
# A chain may have ends of one kind only: NOWHERE is after all, EVER before all.
NOWHERE = "'9999-12-31 00:00:00'"
EVER = "'1970-01-01 00:00:00'"
NOT_FOLLOWED = """
    AND NOT EXISTS (
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
"""
LANDED_END = f"""
    SELECT MIN(closed.period_end) FROM ledger closed
    WHERE closed.job_id = units.job_id AND closed.shop_id = units.shop_id
      AND closed.state IN ('ok', 'empty')
      AND closed.period_end > COALESCE(jobs_seen.expected_from, {EVER}) {NOT_FOLLOWED}
"""
WAIVED_END = f"""
    SELECT MIN(closed.period_end) FROM waivers closed
    WHERE closed.job_id = units.job_id AND closed.shop_id = units.shop_id {NOT_FOLLOWED}
"""
IN_CHAIN = """
    FROM ledger
    WHERE ledger.job_id = chains.job_id AND ledger.shop_id = chains.shop_id
      AND ledger.state IN ('ok', 'empty')
      AND ledger.period_end > chains.expected_from AND ledger.period_end <= chains.chain_end
"""
COMPLETENESS = f"""
CREATE VIEW completeness AS
SELECT table_name, job_id, shop_id, complete_from, complete_until
FROM (
    SELECT job_id, shop_id,
           (SELECT MAX(ledger.table_name) {IN_CHAIN}) AS table_name,
           (SELECT MIN(ledger.period_start) {IN_CHAIN}) AS complete_from,
           (SELECT MAX(COALESCE(ledger.covered_until, ledger.period_end)) {IN_CHAIN})
               AS complete_until
    FROM (
        SELECT units.job_id, units.shop_id,
               COALESCE(jobs_seen.expected_from, {EVER}) AS expected_from,
               {{least}}(
                   COALESCE(({LANDED_END}), {NOWHERE}), COALESCE(({WAIVED_END}), {NOWHERE})
               ) AS chain_end
        FROM ledger units LEFT JOIN jobs_seen ON jobs_seen.job_id = units.job_id
        GROUP BY units.job_id, units.shop_id, jobs_seen.expected_from
    ) chains
) marks
WHERE table_name IS NOT NULL
"""


def upgrade() -> None:
    """Make the view again."""
    least = "MIN" if op.get_bind().dialect.name == "sqlite" else "LEAST"
    make_view("completeness", COMPLETENESS.format(least=least))
