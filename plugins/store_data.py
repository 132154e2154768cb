"""What Airflow loads of the store-data scheduler: the timetable that its DAGs are scheduled by."""

from airflow.plugins_manager import AirflowPlugin

from include.scheduling.timetable import CalendarPartitionTimetable


class StoreDataPlugin(AirflowPlugin):
    """Registers the timetable, so that the scheduler can make it again from a serialised DAG."""

    name = "store_data"
    timetables = (CalendarPartitionTimetable,)
