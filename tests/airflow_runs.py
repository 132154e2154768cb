"""As much of Airflow's tables as says which runs wait or work, for SQLite files of tests."""

from __future__ import annotations

from datetime import datetime, timezone

TABLES = """
CREATE TABLE dag (dag_id TEXT, is_paused BOOLEAN, is_stale BOOLEAN);
CREATE TABLE dag_run (
    dag_id TEXT, run_id TEXT, state TEXT, partition_key TEXT, run_after TIMESTAMP, conf JSON,
    backfill_id INTEGER, logical_date TIMESTAMP, queued_at TIMESTAMP, start_date TIMESTAMP
);
CREATE TABLE backfill (id INTEGER, is_paused BOOLEAN, completed_at TIMESTAMP);
CREATE TABLE task_instance (
    dag_id TEXT, run_id TEXT, task_id TEXT, state TEXT, pool TEXT, scheduled_dttm TIMESTAMP,
    end_date TIMESTAMP
);
CREATE TABLE job (job_type TEXT, state TEXT, latest_heartbeat TIMESTAMP, start_date TIMESTAMP);
"""
POOLS = "CREATE TABLE slot_pool (pool TEXT, slots INTEGER);"


def scheduler() -> str:
    """Return the statement by which a scheduler has just begun."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
    return f"INSERT INTO job VALUES ('SchedulerJob', 'running', '{now}', '{now}');"  # noqa: S608
