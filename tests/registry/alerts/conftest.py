"""The project folder of the registry's tests, here as well."""

from tests.registry.conftest import ProjectFolder, project

__all__ = ["ProjectFolder", "project"]
