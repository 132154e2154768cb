"""Airflow's side: the timetable, the operator, and the factory that makes a DAG of an entry."""
