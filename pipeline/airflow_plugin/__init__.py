"""All code that knows Airflow, besides ``dags/``: plugin, timetable, pages, and a run in one process."""
