"""One Airflow DAG per contract (config/contracts.yaml), whose runs tell Airflow what is complete.

A file of its own: what is wrong with a contract must not cost a job.
"""

from airflow.sdk import get_parsing_context

from include.scheduling.contract_dags import build_contract_dags

for dag in build_contract_dags(only=get_parsing_context().dag_id):
    globals()[dag.dag_id] = dag
