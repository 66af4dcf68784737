"""One typed settings object; any value can be set by a variable (``GELOMBANG_SELFIE__MODEL=ArcFace``).

What belongs to one wave (quota, seed, policy) is in the calendar, not here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from pipeline.domain.errors import BadSettingError


@dataclass(frozen=True)
class PhotoLimits:
    """What decides whether a photograph is read, and in which size a face is looked for."""

    max_pixels: int
    max_full_pixels: int
    max_bytes: int
    detect_side: int


class SelfieSettings(BaseModel):
    """How selfies are verified; what follows from a verdict is the wave's policy."""

    model: str = Field("GelombangSFace", description="DeepFace model name of the recogniser")
    policy_file: Path | None = Field(None, description="thresholds written by `gelombang calibrate`; None: built in")
    weights_sha256: dict[str, str] = Field(
        {},
        description="SHA-256 of each weight file of a model of DeepFace's own, by the file's name, in JSON; a file "
        "that is not named is refused",
    )
    batch: int = Field(16, ge=1, le=512, description="pairs of photographs per batch")
    shard_at_least: int = Field(
        500,
        ge=1,
        description="fewest photographs of a shard, unless a run names its number of shards",
    )
    shards_at_once: int = Field(1, ge=1, description="selfie tasks of a wave that Airflow runs side by side")
    workers: int = Field(0, ge=0, description="worker processes per shard; 0: one per core")
    max_pixels: int = Field(120_000_000, description="a larger picture is refused unread (decompression bomb)")
    max_full_pixels: int = Field(
        50_000_000, ge=1, description="the same for what is not JPEG and can only be decoded in full"
    )
    max_bytes: int = Field(40_000_000, description="a larger file is refused unread")
    keep_descriptors_days: int = Field(
        365,
        ge=0,
        description="days for which descriptors of accepted people are kept, sealed, to compare later waves with; "
        "0: none, a face is compared within its wave only",
    )
    detect_side: int = Field(640, ge=128, description="long side, in pixels, at which a face is looked for")

    def limits(self) -> PhotoLimits:
        """The settings that decide what is seen of a photograph."""
        return PhotoLimits(self.max_pixels, self.max_full_pixels, self.max_bytes, self.detect_side)


class CheckSettings(BaseModel):
    """Limits that great_expectations judges the inputs by."""

    few_rows: int = Field(
        20, ge=0, description="bad rows of a delivery that are never an accident, whatever their share"
    )
    many_rows: int = Field(
        10_000,
        ge=1,
        description="rows from which an extract must hold what every large register holds: somebody active, soldiers, "
        "more than one birth date",
    )
    min_rows_vs_previous: float = Field(0.9, ge=0, le=1, description="rows of an extract against its previous asof")
    max_lost_rows: int = Field(5_000_000, ge=0, description="the same in rows: how many fewer; both must hold")
    max_null_share: float = Field(
        0.02, ge=0, le=1, description="missing, future or unknown values allowed in a required column of an extract"
    )
    max_null_rows: int = Field(100_000, ge=0, description="the same in rows; both must hold")
    max_duplicate_nik_share: float = Field(0.001, ge=0, le=1, description="NIKs that stand twice in the register")
    max_duplicate_nik_rows: int = Field(50_000, ge=0, description="the same in rows; both must hold")
    max_repeated_share: float = Field(
        0.1, ge=0, le=1, description="rows of education or bansos that repeat another row whole"
    )
    max_repeated_rows: int = Field(1_000_000, ge=0, description="the same in rows; both must hold")
    max_unlikely_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="rows that may be right one by one and not all together: dead, foreign, born on one day, an "
        "occupation or a programme that no list has",
    )
    max_unlikely_rows: int = Field(50_000_000, ge=0, description="the same in rows; both must hold")
    max_set_aside_share: float = Field(
        0.2, ge=0, le=1, description="hostile registration rows before a wave is stopped"
    )
    max_set_aside_rows: int = Field(100_000, ge=0, description="the same in rows; both must hold")
    max_malformed_nik_share: float = Field(
        0.01, ge=0, le=1, description="NIKs (and KK) of an extract that are not sixteen digits"
    )
    max_malformed_nik_rows: int = Field(50_000, ge=0, description="the same in rows; both must hold")
    max_duplicate_id_share: float = Field(
        0.05, ge=0, le=1, description="rows that share a registration_id before a wave is stopped"
    )
    max_duplicate_id_rows: int = Field(20_000, ge=0, description="the same in rows; both must hold")
    min_province_share: float = Field(0.2, ge=0, le=1, description="a province's share against the previous asof")
    max_province_lost_rows: int = Field(
        2_000_000, ge=0, description="the same in rows: how many fewer in one province; both must hold"
    )


class IngestSettings(BaseModel):
    """Limits of the files that strangers deliver: beyond them a file or a row is set aside, and counted."""

    max_file_bytes: int = Field(16_000_000_000, ge=1, description="text of one file, decompressed")
    max_rows: int = Field(20_000_000, ge=1, description="rows of one file, and blank rows of one file")
    max_record_bytes: int = Field(
        16_000_000, ge=1, description="a file with a longer line or quoted text is set aside whole"
    )
    max_line_bytes: int = Field(1_000_000, ge=1, description="a longer row is set aside")
    max_value_chars: int = Field(4_000, ge=1, description="a row with a longer value is set aside")
    max_value_bytes: int = Field(1_000_000, ge=1, description="a Parquet file with a longer value is set aside whole")
    listed: int = Field(100, ge=0, description="rows of a file that are named for each problem; all are counted")


class ScreeningSettings(BaseModel):
    """What DuckDB may use."""

    memory_limit: str = Field("2000MB", description="DuckDB's memory limit; it spills beyond")
    threads: int = Field(0, ge=0, description="DuckDB's threads; 0: one per core")


class ReviewSettings(BaseModel):
    """How reviewers' decisions about doubtful photographs count."""

    second: bool = Field(default=False, description="a review counts only when two different reviewers agree")
    recorded_only: bool = Field(
        default=False,
        description="a review counts only when the review page recorded it; a wave on which the page was used needs no "
        "setting for that",
    )
    token_days: int = Field(30, ge=1, description="days for which a reviewer's token holds")
    objection_days: int = Field(14, ge=1, description="days within which an objection is decided and answered")


class PublicationSettings(BaseModel):
    """How far a published cohort may be from the approved one without another question."""

    max_removed_share: float = Field(
        0.02, ge=0, le=1, description="people of an approved cohort whom the last screening may take out unasked"
    )
    max_removed_rows: int = Field(10, ge=0, description="so many are never too many, whatever their share")


class RetentionSettings(BaseModel):
    """Days for which data is kept after its wave closed, or as said; `gelombang purge` deletes what is older."""

    photographs_days: int = Field(365, ge=1, description="selfies that were sent in, of waves that are published")
    work_days: int = Field(
        180, ge=1, description="what passed between the tasks of a wave that is published: applications, scores"
    )
    letters_days: int = Field(
        730, ge=1, description="letters to applicants, and what they applied with where only a new photograph is needed"
    )
    logs_days: int = Field(180, ge=1, description="logs and costs of runs")
    objections_days: int = Field(
        730, ge=1, description="what applicants sent in with objections, counted from the decision about each"
    )


class EncryptionSettings(BaseModel):
    """Whether the tables about people are sealed on the disk, and what their keys are wrapped under."""

    at_rest: bool = Field(
        default=False,
        description="seal every table about people below `work/`, `waves/` and `published/` when it is written",
    )
    master_key: SecretStr = Field(
        SecretStr(""), description="the master key, 32 bytes in base64; empty: the file `master.key` below `secrets`"
    )
    next_master_key: SecretStr = Field(
        SecretStr(""),
        description="the master key to come, as `master_key`: `gelombang rotate-key` wraps the waves' keys under it",
    )
    key_service: str = Field(
        "", description="`package.module:Class` of a key service that wraps the waves' keys instead of a master key"
    )


class AlertSettings(BaseModel):
    """Who gets an alert when a task fails for good or a wave is late."""

    webhook: str = Field("", pattern="^(https?://.*)?$", description="address that gets a POST of JSON with a `text`")
    mail: list[str] = Field([], description="addresses that get a mail, by Airflow's connection `smtp_default`")
    mail_from: str = Field("", description="sender of these mails; empty: what the connection says")


class Settings(BaseSettings):
    """All settings of a deployment."""

    model_config = SettingsConfigDict(env_prefix="GELOMBANG_", env_nested_delimiter="__", extra="ignore")

    data: str = Field("data", description="the data root: a folder or an fsspec URL")
    mirror: Path = Field(
        Path("~/.cache/gelombang"), description="folder for this machine's copies of a data root elsewhere"
    )
    secrets: Path = Field(
        Path("~/.config/gelombang"),
        description="folder of this installation's keys, outside the data root; the same keys on every machine",
    )
    state: Path | None = Field(
        None,
        description="folder of what this machine keeps between runs (Airflow's home), outside the data root and its "
        "user's alone; None: $XDG_STATE_HOME/gelombang, else ~/.local/state/gelombang",
    )
    language: str = Field("id", pattern="^(id|en)$", description="language of reports and messages")
    contact: str = Field(
        "www.prakerja.go.id", min_length=1, max_length=80, description="where letters send whoever has a question"
    )
    shards: int = Field(8, ge=1, le=1024, description="selfie shards of a wave, at most")
    approvers: list[str] = Field(
        [],
        description="user names that may approve a cohort, in Airflow and at the prompt; none named: whoever may edit",
    )
    one_person: bool = Field(
        default=False, description="whoever started a run may approve it too; its publication then says so"
    )
    wait_hours: int = Field(168, ge=1, description="how long a wave waits for the one before it to be published")
    wait_seconds: int = Field(60, ge=10, description="how often a waiting wave looks")
    deadline_hours: int = Field(
        24, ge=0, description="a wave held by a run for longer is reported late by the DAG `late_waves`; 0: never"
    )
    task_retries: int = Field(2, ge=0, description="how often Airflow tries a failed task again")
    selfie: SelfieSettings = SelfieSettings()
    checks: CheckSettings = CheckSettings()
    ingest: IngestSettings = IngestSettings()
    screening: ScreeningSettings = ScreeningSettings()
    review: ReviewSettings = ReviewSettings()
    publication: PublicationSettings = PublicationSettings()
    retention: RetentionSettings = RetentionSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    alert: AlertSettings = AlertSettings()

    def state_folder(self) -> Path:
        """The folder of this machine's state."""
        default = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "gelombang"
        return (self.state or default).expanduser().absolute()

    def approving_users(self) -> list[dict[str, str]] | None:
        """The approvers as Airflow's form wants them."""
        return [{"id": name, "name": name} for name in self.approvers] or None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once; ``settings.cache_clear()`` reads them again. Raises BadSettingError."""
    try:
        return Settings()
    except (ValidationError, SettingsError) as e:
        raise BadSettingError(_message(e), "docs/reference/settings.md lists every variable.") from e


def _message(error: Exception) -> str:
    """Which variable is wrong, and why."""
    if not isinstance(error, ValidationError):
        return f"{error}."
    problem = error.errors()[0]
    name = "GELOMBANG_" + "__".join(str(part).upper() for part in problem["loc"])
    return f"{name}: {problem['msg']} (given: {problem['input']!r})."
