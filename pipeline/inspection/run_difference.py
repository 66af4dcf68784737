"""Two runs of a wave, or two waves: what came out differently, and what went in differently.

Reads the outputs of both (decisions and manifest); writes nothing. A difference in what came out without one in what
went in is what reproducibility forbids, and is said as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.contracts import OUTCOMES
from pipeline.domain.wave_keys import wave_key
from pipeline.storage import duckdb_sql, files

Row = dict[str, Any]
#: What a wave was run with, in the order in which a reader asks.
_SETTINGS = (
    "opens",
    "closes",
    "quota",
    "seed",
    "beacon",
    "round",
    "selfie",
    "policy",
    "refill",
    "priority_share",
    "second_reviewer",
)
#: Of two waves: an application that counts, of a person whose NIK can be read.
_ONE_A_PERSON = "regexp_full_match(nik, '[0-9]{16}') AND NOT list_contains(reasons, 'duplicate_application')"
_REASONS = """
    SELECT code, count_if(NOT list_contains(reasons_before, code)), count_if(NOT list_contains(reasons_after, code))
    FROM (
        SELECT *, unnest(list_distinct(reasons_before || reasons_after)) AS code
        FROM pairs WHERE before <> 'absent' AND after <> 'absent'
    )
    WHERE list_contains(reasons_before, code) <> list_contains(reasons_after, code)
    GROUP BY code ORDER BY code"""


@dataclass(frozen=True)
class Content:
    """What is in a file: its hash, and its rows where it has some."""

    sha256: str
    rows: int | None


#: What went in, as a comparison shows it.
InputValue = str | bool | Content | None


@dataclass(frozen=True)
class Cause:
    """Something that went in differently: ``kind`` is setting, rule, extract, input, selfie or software.

    Of a rule ``before`` and ``after`` say whether it was in force; of an input what was in it, None where it was not
    there; of everything else they are the value as text.
    """

    kind: str
    what: str
    before: InputValue
    after: InputValue


@dataclass(frozen=True)
class Diff:
    """Both runs side by side. ``changes`` are (before, after, count) of those whose outcome is another;
    ``reasons`` (code, gained, lost); ``moved`` counts those accepted in both with another rank."""

    same_wave: bool
    causes: list[Cause]
    compared: int
    outcomes: list[tuple[str, int, int]]
    changes: list[tuple[str, str, int]]
    reasons: list[tuple[str, int, int]]
    tiers: int
    moved: int

    @property
    def same(self) -> bool:
        """Whether every application has the same decision, reasons and place."""
        return not (self.changes or self.reasons or self.tiers or self.moved)


def diff(a: Path, b: Path, work: Path, out: Path | None = None) -> Diff:
    """Compares two folders of outputs; ``work`` is where DuckDB may spill. ``out`` names a CSV for every difference."""
    before, after = files.read_json(a / "manifest.json"), files.read_json(b / "manifest.json")
    same_wave = before["wave"] == after["wave"]
    with duckdb_sql.connect(work) as db:
        holes = {
            "{key}": "registration_id" if same_wave else "nik",
            "{counted}": "true" if same_wave else _ONE_A_PERSON,
            "$a": duckdb_sql.named(a / "decisions.parquet"),
            "$b": duckdb_sql.named(b / "decisions.parquet"),
        }
        duckdb_sql.run(db, "pipeline.inspection", "sql/run_difference", holes)
        [(compared, tiers, moved)] = db.execute(
            """SELECT count(*) FILTER (before <> 'absent' AND after <> 'absent'),
                      count(*) FILTER (tier_before <> tier_after), count(*) FILTER (rank_before <> rank_after)
               FROM pairs"""
        ).fetchall()
        changes = db.execute(
            "SELECT before, after, count(*) FROM pairs WHERE before <> after GROUP BY ALL ORDER BY 3 DESC, 1, 2"
        ).fetchall()
        codes = db.execute(_REASONS).fetchall()
        if out is not None and same_wave:
            _write(db, out)
        outcomes = _outcomes(db, a, b)
    return Diff(same_wave, causes(before, after), compared, outcomes, changes, codes, tiers, moved)


def causes(before: Row, after: Row) -> list[Cause]:
    """What two manifests say went in differently."""
    settings = [(key, before.get(key), after.get(key)) for key in _SETTINGS]  # an old manifest has not all of them
    found = [Cause("setting", key, str(x), str(y)) for key, x, y in settings if x != y]
    if "settings" in before and "settings" in after:
        one, other = ({k: v for k, v in m["settings"].items() if k not in _SETTINGS} for m in (before, after))
        found += _tables("setting", one, other)
    old, new = ({rule["code"] for rule in m["rules"]} for m in (before, after))
    found += [Cause("rule", code, code in old, code in new) for code in sorted(old ^ new)]
    found += _tables("extract", before["extracts"], after["extracts"])
    found += _inputs(before, after)
    found += _tables("selfie", _flat(before["selfie_policy"]), _flat(after["selfie_policy"]))
    found += _tables("software", before["software"], after["software"])
    return found + _tables("software", before.get("weights", {}), after.get("weights", {}))


def _tables(kind: str, before: Row, after: Row) -> list[Cause]:
    return [
        Cause(kind, key, str(before.get(key, "–")), str(after.get(key, "–")))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _flat(policy: Row | None) -> Row:
    """Model and thresholds; the digest says the same a second time."""
    found: Row = {}
    for key, value in (policy or {}).items():
        if isinstance(value, dict):
            found |= {f"{key}.{inner}": v for inner, v in value.items()}
        elif key not in ("digest", "source"):
            found[key] = value
    return found


def _inputs(before: Row, after: Row) -> list[Cause]:
    """Files by name where both have it, by rows where the content is another. A wave's own folder name is left out."""

    def listed(manifest: Row) -> dict[str, Content]:
        key = wave_key(manifest["wave"])
        return {e["file"].replace(key, "wave"): Content(e["sha256"], e["rows"]) for e in manifest["inputs"]}

    old, new = listed(before), listed(after)
    return [
        Cause("input", name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _outcomes(db: Any, a: Path, b: Path) -> list[tuple[str, int, int]]:
    """Every application of either run by outcome."""
    query = "SELECT outcome, count(*) FROM '{}' GROUP BY outcome"
    before, after = (
        dict(db.execute(query.format(duckdb_sql.quoted(p / "decisions.parquet"))).fetchall()) for p in (a, b)
    )
    return [(name, before.get(name, 0), after.get(name, 0)) for name in OUTCOMES]


def _write(db: Any, out: Path) -> None:
    """Every application that differs, without NIK or name."""
    query = """SELECT id AS registration_id, before, after, array_to_string(reasons_before, ' ') AS reasons_before,
                   array_to_string(reasons_after, ' ') AS reasons_after,
                   tier_before, tier_after, rank_before, rank_after
               FROM pairs
               WHERE before <> after OR reasons_before <> reasons_after OR tier_before IS DISTINCT FROM tier_after
                   OR rank_before IS DISTINCT FROM rank_after
               ORDER BY registration_id"""
    duckdb_sql.copy_csv(db, query, out)
