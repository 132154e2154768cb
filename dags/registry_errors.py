"""Shows what is wrong in config/ as an import error of Airflow; it makes no DAG itself.

A file of its own: an exception takes down all DAGs of its file, and this one has none.
"""

from include.scheduling.problems import raise_problems

raise_problems()
