"""The entry point of environments that were installed from 0.2.0. It goes with 0.3.0: install the project again."""

from pipeline.airflow_plugin.plugin import GelombangPlugin as GelombangPlugin
