"""Watching: what a round finds wrong, read from files, databases and clocks; imports no Airflow."""
