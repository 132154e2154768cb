"""Checks all that a user edits in config/ together: the registry, the shops, the feeds, the pools.

Behind `scheduler_manager.py check`, the pre-commit hook and the errors that the UI shows.
"""

from include.registry.checks.project import Checked, check_project
from include.registry.checks.reporting import report

__all__ = ["Checked", "check_project", "report"]
