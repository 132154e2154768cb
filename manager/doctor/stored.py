"""The connections as scripts get them, read once."""

from collections.abc import Mapping

from include.registry import Job
from include.registry.checks import Checked, check_project
from manager.connections import script_variables
from manager.doctor.findings import Patient


def ids_of_gateways(found: Checked) -> set[str]:
    """Return the connections that enabled shops and feeds name."""
    shops = {shop.connection for shop in found.registry.shops.values() if shop.enabled}
    return shops | {feed.connection for feed in found.feeds.by_id.values()}


def ids_in_use(found: Checked) -> set[str]:
    """Return these, and the connections that enabled jobs name; one without shops uses none."""
    idle = jobs_without_shops(found)
    jobs = [job for job in found.registry.jobs.values() if job.enabled and job not in idle]
    return ids_of_gateways(found) | {name for job in jobs for name in job.connection_ids}


def jobs_without_shops(found: Checked) -> list[Job]:
    """Return the enabled jobs of platforms on which no shop is enabled, so that they do nothing."""
    jobs = [job for job in found.registry.jobs.values() if job.enabled and job.platform]
    return [job for job in jobs if not found.registry.shops_of(job)]


def variables_of(patient: Patient) -> Mapping[str, str]:
    """Return `AIRFLOW_CONN_*` of the connections in use, as far as they exist, and the warehouse.

    Raises:
        ConfigurationError: the connection `warehouse` is missing, or cannot be used.
    """
    if not patient.variables:
        ids = ids_in_use(check_project(patient.layout.root))
        patient.variables.update(script_variables(sorted(ids), of_shops=True))
    return patient.variables
