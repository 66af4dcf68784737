"""What Gelombang adds to Airflow, found through an entry point: the timetable and the reports' pages.

With ``timetable.py``, ``airflow_pages.py`` and ``airflow_run.py`` the only modules that know Airflow.
"""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from pipeline.airflow_pages import PREFIX, app
from pipeline.timetable import WaveTimetable


class GelombangPlugin(AirflowPlugin):
    """Timetable, pages, and the entry in the navigation."""

    name = "gelombang"
    timetables: ClassVar[list[Any]] = [WaveTimetable]
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": app, "url_prefix": PREFIX, "name": "Gelombang"}]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": name, "href": f"{PREFIX}/{path}", "destination": "nav", "url_route": route, "category": "browse"}
        for name, path, route in (
            ("Gelombang", "", "gelombang"),
            ("Gelombang: Data Docs", "data-docs/", "gelombang-data-docs"),
        )
    ]
