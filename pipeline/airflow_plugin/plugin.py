"""The extensions of Airflow, found through an entry point: the timetable, the runs' names, the reports' pages."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from pipeline.airflow_plugin.pages import PREFIX, app
from pipeline.airflow_plugin.run_names import WaveInRunName
from pipeline.airflow_plugin.timetable import WaveTimetable

#: The timetable under the import path that it had until 0.2.0. Airflow keeps the path in every DAG version that it has
#: stored, and cannot read such a version when no plugin registers the path. It is removed with 0.4.0.
_STORED = type("WaveTimetable", (WaveTimetable,), {"__module__": "pipeline.timetable"})


class GelombangPlugin(AirflowPlugin):
    """Timetable, runs' names, pages, and the entry in the navigation."""

    name = "gelombang"
    timetables: ClassVar[list[Any]] = [WaveTimetable, _STORED]
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": app, "url_prefix": PREFIX, "name": "Gelombang"}]
    fastapi_root_middlewares: ClassVar[list[dict[str, Any]]] = [
        {"middleware": WaveInRunName, "name": "Gelombang: the wave in a run's name"}
    ]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": name, "href": f"{PREFIX}/{path}", "destination": "nav", "url_route": route, "category": "browse"}
        for name, path, route in (
            ("Gelombang", "", "gelombang"),
            ("Gelombang: Data Docs", "data-docs/", "gelombang-data-docs"),
        )
    ]
