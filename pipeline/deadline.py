"""The import path that deadlines stored by Airflow until 0.2.0 have for their callback. It goes with 0.4.0."""

from pipeline.airflow_plugin.callbacks import wave_is_late as wave_is_late
