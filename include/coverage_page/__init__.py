"""The page that shows coverage in Airflow's web UI, and repairs it with a click.

Airflow's side of `include.coverage`: it knows who asks and who may do what.
"""
