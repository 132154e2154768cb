"""One Airflow DAG per job of the registry (config/tasks/), made by include/scheduling/."""

from airflow.sdk import get_parsing_context

from include.scheduling.factory import build_dags

for dag in build_dags(only=get_parsing_context().dag_id):
    globals()[dag.dag_id] = dag
