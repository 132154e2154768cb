"""The platforms' gateways: one client for all, one dialect module for each. Imports no Airflow."""
