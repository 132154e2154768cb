"""Merges refunds into SQLite by dlt; `load.py` starts it with the Python that has dlt.

For each line `CASE COUNT` that it reads it prints the seconds: `first` makes a new database and
lands the rows in it, `again` and `changed` land the same rows once more, as they are or changed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
from refund_rows import refunds

# The types of our table, and what a merge needs to know.
COLUMNS = {
    "refund_amount": {"data_type": "decimal", "precision": 15, "scale": 2},
    "order_amount": {"data_type": "decimal", "precision": 15, "scale": 2},
    "created_time": {"data_type": "timestamp", "timezone": False},
    "updated_time": {"data_type": "timestamp", "timezone": False, "dedup_sort": "desc"},
}


def new_pipeline(folder: Path) -> Any:
    """Make a pipeline whose tables are there: one other shop has landed."""
    # Not its default; without these keys the time of its merge grows with the square of the rows.
    destination = dlt.destinations.sqlalchemy(
        f"sqlite:///{folder}/dlt.db", create_primary_keys=True, create_unique_indexes=True
    )
    pipeline = dlt.pipeline(
        folder.name, pipelines_dir=str(folder), destination=destination, dataset_name="main"
    )
    merge(pipeline, refunds(10, "pdd-1"))
    return pipeline


def merge(pipeline: Any, rows: list[dict[str, Any]]) -> float:
    """Land rows by key, the newest of each; give the seconds."""
    resource = dlt.resource(
        rows,
        name="pdd_refunds",
        primary_key=["shop_id", "refund_id"],
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        columns=COLUMNS,
    )
    began = time.perf_counter()
    pipeline.run(resource)
    return time.perf_counter() - began


def main() -> None:
    """Answer line by line."""
    scratch, pipeline = Path(sys.argv[1]), None
    for number, line in enumerate(sys.stdin):
        case, count = line.split()
        if case == "first":
            folder = scratch / f"dlt_{number}"
            folder.mkdir()
            pipeline = new_pipeline(folder)
        seconds = merge(pipeline, refunds(int(count), "pdd-2", changed=int(case == "changed")))
        with (
            pipeline.sql_client() as client,
            client.execute_query("SELECT COUNT(*) FROM pdd_refunds") as found,
        ):
            landed = found.fetchone()[0]
        assert landed == int(count) + 10, f"dlt landed {landed} rows of {count}"
        print(seconds, flush=True)


main()
