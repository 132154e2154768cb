"""Airflow as the manager sees it: its REST API and the tables of its database."""
