"""What the user's registry says: config/tasks/ and config/shops.yaml, read, checked, described."""

from include.registry.checks_schema import Checks
from include.registry.loading import load_registry
from include.registry.paths import SHOPS_FILE, TASKS_FOLDER
from include.registry.problems import Problem
from include.registry.registry import Registry
from include.registry.schema import Job
from include.registry.shops import Shop

__all__ = [
    "SHOPS_FILE",
    "TASKS_FOLDER",
    "Checks",
    "Job",
    "Problem",
    "Registry",
    "Shop",
    "load_registry",
]
