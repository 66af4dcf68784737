"""All that knows Airflow, besides ``dags/``: plugin, timetable, pages, callbacks, and a run in one process."""
