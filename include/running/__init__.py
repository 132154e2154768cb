"""The runner: starts one job's script for one period and accounts for how it ended.

`python -m include.running JOB_ID` is the entrance. Imports no Airflow.
"""
