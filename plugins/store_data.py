"""What Airflow loads of the store-data scheduler: its timetable, and the page *Coverage*."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from include.coverage_page.app import NAME, PREFIX, VIEW, CoverageApp
from include.scheduling.timetable import CalendarPartitionTimetable


class StoreDataPlugin(AirflowPlugin):
    """Registers the timetable, so that the scheduler can make it again from a serialised DAG.

    And the page *Coverage*, which the web server shows in its menu.
    """

    name = "store_data"
    timetables = (CalendarPartitionTimetable,)
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": CoverageApp(), "url_prefix": PREFIX, "name": NAME},
    ]
    external_views: ClassVar[list[Any]] = [VIEW]
