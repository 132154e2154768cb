"""A DAG whose task fails, and tells so by a notifier; as a program it runs once, with no service.

It wants a database that is empty, in an AIRFLOW_HOME that has this file alone in `dags/`.
"""

from __future__ import annotations

from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.sdk import DAG, task
from airflow.settings import engine
from airflow.utils.db import synchronize_log_template

from include.alerts.notifiers import DingTalkNotifier

with DAG("tested_callback", schedule=None) as dag:

    @task(
        retries=0,
        on_failure_callback=DingTalkNotifier(
            connection="alert_it",
            title="{{ dag.dag_id }} failed",
            text="{{ ti.task_id }}: {{ exception }}",
        ),
    )
    def fail() -> None:
        """Fail."""
        raise RuntimeError("no data")

    fail()

if __name__ == "__main__":
    import_all_models()
    Base.metadata.create_all(engine)
    synchronize_log_template()
    dag.test()
