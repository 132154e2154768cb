"""What Airflow loads of the store-data scheduler: timetable, priority, the page *Coverage*."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from include.coverage_page.app import NAME, PREFIX, VIEW, CoverageApp
from include.scheduling.listeners import ParsePreload, RunNotes
from include.scheduling.priority import ScheduleFirst
from include.scheduling.sqlite_write_lock import WritingInTurn
from include.scheduling.timetable import CalendarPartitionTimetable
from include.scheduling.trigger_params import check_periods

# The web server checks what is typed into the form of a run by hand.
check_periods()


class StoreDataPlugin(AirflowPlugin):
    """Registers timetable and priority, which the scheduler makes again from a serialised DAG.

    And the page *Coverage*, which the web server shows in its menu.
    """

    name = "store_data"
    timetables = (CalendarPartitionTimetable,)
    priority_weight_strategies = (ScheduleFirst,)
    listeners: ClassVar[list[Any]] = [RunNotes(), ParsePreload()]
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": CoverageApp(), "url_prefix": PREFIX, "name": NAME},
    ]
    fastapi_root_middlewares: ClassVar[list[Any]] = [
        {"middleware": WritingInTurn, "kwargs": {"apart": PREFIX}, "name": "writing in turn"},
    ]
    external_views: ClassVar[list[Any]] = [VIEW]
