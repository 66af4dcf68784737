"""Plausible outputs of a wave from a seed, without running one: what the tests of reports read.

Shares follow the real first wave; every reason, outcome and selfie decision occurs once there are enough rows.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.domain import contracts, reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.calendar_tables import SelfieMode
from pipeline.domain.reasons import DEFECTS
from pipeline.storage.files import read_text, write_json, write_table
from pipeline.storage.paths import Store, project_data

#: Probability of each reason of the layers before the draw, given that the application came so far.
RATES = {
    "shared_nik": 0.0,
    "outside_wave": 0.004, "duplicate_application": 0.02, "email_unverified": 0.25, "phone_unverified": 0.05,
    "nik_malformed": 0.02, "nik_unknown": 0.05, "identity_mismatch": 0.16, "deceased": 0.002, "not_citizen": 0.001,
    "under_18": 0.03, "in_education": 0.13, "bansos_recipient": 0.19, "bsu_recipient": 0.03,
    "excluded_occupation": 0.02, "already_accepted": 0.02, "blacklisted": 0.002, "kk_limit": 0.004,
}  # fmt: skip
UNKNOWABLE = ("nik_malformed", "nik_unknown")
DEFECT_RATE = 0.07
#: Numbered from the most applications to the fewest, which is as good an order as any.
PROVINCES = [row.split(",")[0] for row in read_text(project_data() / "reference" / "provinces.csv").splitlines()[1:]]


def wave(number: int = 12, quota: int = 600, selfie: SelfieMode = "after_draw", **more: Any) -> Wave:
    """A wave with a seed."""
    opens, closes = datetime(2021, 2, 23), datetime(2021, 2, 26, 23, 59, 59)
    return Wave(number, opens, closes, quota, f"benih-{number}", "Harga penutupan IHSG", selfie, **more)


def make(root: Path, made: Wave, n: int = 20_000, seed: int = 1, truth: bool = False, labelled: float = 1) -> Store:
    """Writes ``work/wave-NNNN``: ``out/decisions.parquet``, plan, draw, ingest; with ``truth`` what was planted."""
    root.mkdir(parents=True, exist_ok=True)
    store = Store(root)
    table = decisions(made, n, np.random.default_rng(seed))
    work = store.work(made)
    write_table(table, work / "out" / "decisions.parquet", contracts.DECISIONS)
    _side_files(store, made, table)
    if truth:
        _truth(store, made, table, np.random.default_rng(seed + 1), labelled)
    return store


def decisions(made: Wave, n: int, rng: np.random.Generator) -> pa.Table:
    """One row per application; outcomes as docs/reference/contract.md has them for the selfie mode (without refill)."""
    failed = {code: rng.random(n) < rate for code, rate in RATES.items()}
    for code in (
        reasons.codes("identity") + reasons.codes("education") + reasons.codes("bansos") + reasons.codes("exclusion")
    ):
        if code not in UNKNOWABLE:
            failed[code] &= ~(failed["nik_malformed"] | failed["nik_unknown"])
    failed["nik_unknown"] &= ~failed["nik_malformed"]
    eligible = ~np.any(list(failed.values()), axis=0)
    priority = rng.random(n) < 0.3
    draw = np.array([rng.bytes(8).hex() for _ in range(n)])
    order = np.lexsort((draw, ~priority, ~eligible))
    position = np.empty(n, dtype=np.int64)
    position[order] = np.arange(1, n + 1)
    verified = eligible & {
        "after_draw": position <= made.quota, "before_draw": np.ones(n, bool), "off": np.zeros(n, bool)
    }[made.selfie]  # fmt: skip
    decision = np.where(rng.random(n) < 0.86, "match", np.where(rng.random(n) < 0.5, "doubt", "mismatch")).astype(
        object
    )
    decision[rng.random(n) < 0.02] = "unusable"
    defects = {code: rng.random(n) < DEFECT_RATE for code in reasons.DEFECTS}
    any_defect = np.any(list(defects.values()), axis=0)
    rejected = verified & ((decision == "unusable") | (decision == "mismatch") | ((decision == "doubt") & any_defect))
    review = verified & (decision == "doubt") & ~any_defect
    standing = eligible & ~rejected & ~review
    if made.selfie == "after_draw":
        accepted = standing & (position <= made.quota)
    else:
        accepted = np.zeros(n, bool)
        accepted[order[standing[order]][: made.quota]] = True
    outcome = np.where(accepted, "accepted", np.where(review, "review", np.where(standing, "reserve", "rejected")))
    rank = np.full(n, -1)
    placed = order[accepted[order]]
    rank[placed] = np.arange(1, len(placed) + 1)
    codes, warnings = [], []
    unusable = rng.choice(["selfie_missing", "selfie_unreadable", "no_face", "several_faces"], n)
    warned = rng.choice(
        ["", "nik_region", "nik_birth_date", "name_near_miss", "shared_nik"], n, p=[0.94, 0.02, 0.02, 0.01, 0.01]
    )
    for i in range(n):
        seen = [code for code in reasons.DEFECTS if defects[code][i]] if verified[i] else []
        own = [code for code in RATES if failed[code][i]]
        if rejected[i]:
            own = (
                [str(unusable[i])]
                if decision[i] == "unusable"
                else seen + ["face_mismatch"] * (decision[i] == "mismatch")
            )
        codes.append(reasons.ordered(own))
        warnings.append([w for w in [str(warned[i])] if w] + (seen if accepted[i] and decision[i] == "match" else []))
    weight = 1 / np.arange(1, len(PROVINCES) + 1) ** 1.1
    province = rng.choice(PROVINCES, n, p=weight / weight.sum())
    age = np.where(
        failed["under_18"], rng.integers(15, 18, n), np.clip(18 + rng.gamma(2.2, 5.5, n), 18, 84).astype(int)
    )
    ids = [f"R{made.number:04d}-{i:08d}" for i in range(n)]
    unknown = failed["nik_malformed"] | failed["nik_unknown"]
    return pa.table(
        {
            "registration_id": ids,
            "nik": [f"{p}01{i:012d}" for i, p in enumerate(province)],
            "outcome": outcome,
            "layer": [
                reasons.first_layer(own) if o != "review" else "selfie" for own, o in zip(codes, outcome, strict=True)
            ],
            "reasons": codes,
            "warnings": warnings,
            "retry": [
                reasons.retry_of(own) if o == "rejected" else "none" for own, o in zip(codes, outcome, strict=True)
            ],
            "tier": np.where(priority, "priority", "public"),
            "draw": draw,
            "position": pa.array(position, mask=~eligible),
            "rank": pa.array(rank, mask=rank < 0),
            "similarity": pa.array(rng.random(n), mask=~verified),
            "province_code": province,
            "sex": np.where(rng.random(n) < 0.52, "L", "P"),
            "age": pa.array(age, pa.int16(), mask=unknown),
            "selfie_verified": verified,
            "selfie_decision": pa.array(decision, pa.string(), mask=~verified),
            "reviewed": rejected & (decision == "mismatch") & ~any_defect & (rng.random(n) < 0.2),
            "from_wave": pa.nulls(n, pa.int32()),
        }
    )


def _side_files(store: Store, made: Wave, table: pa.Table) -> None:
    """``plan.json``, ``draw.json`` and ``ingest.json`` as the rooms before write them."""
    fields = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(made).items()}
    asof = {"population": "2021-02-22", "education": "2021-02-20", "bansos": "2020-11-30", "priority": "2021-02-25"}
    plan = {
        "wave": fields,
        "extracts": {name: {"name": name, "asof": day, "rows": 1_000_000, "files": []} for name, day in asof.items()},
        "shards": 8, "started": "2021-02-27T01:00:00+07:00", "version": "0.2.0",
    }  # fmt: skip
    write_json(plan, store.work(made) / "plan.json")
    write_json({"list_sha256": "ab" * 32, "seed": made.seed}, store.work(made) / "draw.json")
    write_json({"taken_in": table.num_rows, "set_aside": 7}, store.work(made) / "ingest.json")


def _truth(store: Store, made: Wave, table: pa.Table, rng: np.random.Generator, labelled: float) -> None:
    """What a simulator would have planted: the screening's reasons exactly, the selfies' with some noise; ``labelled``
    is the share of source faces whose own defects are known."""
    found, seen = table["reasons"].to_pylist(), table["warnings"].to_pylist()
    expected = [[c for c in own if reasons.catalogue()[c].layer != "selfie"] for own in found]
    planted_selfie = []
    for own, warned in zip(found, seen, strict=True):
        codes = [c for c in [*own, *warned] if c in reasons.codes("selfie")]
        planted_selfie.append(reasons.ordered([c for c in codes if rng.random() < 0.9]))
    n = table.num_rows
    shows = [[c for c in DEFECTS if rng.random() < 0.1] if rng.random() < labelled else None for _ in range(n)]
    faces = {"reference_group": ("asian", "other"), "reference_sex": ("L", "P")}
    faces |= {"selfie_group": ("asian", "other"), "selfie_sex": ("L", "P")}
    columns = {
        "registration_id": table["registration_id"],
        "nik": table["nik"],
        "planted": [reasons.ordered({*e, *s}) for e, s in zip(expected, planted_selfie, strict=True)],
        "expected": expected,
        "selfie_planted": planted_selfie,
        "hijab": [None] * n,
        "selfie_shows": shows,
        **{name: [str(value) for value in rng.choice(values, n)] for name, values in faces.items()},
    }
    texts = pa.list_(pa.string())
    schema = pa.schema(
        [("registration_id", pa.string()), ("nik", pa.string()), ("planted", texts), ("expected", texts),
         ("selfie_planted", texts), ("hijab", pa.bool_()), ("selfie_shows", texts),
         *((name, pa.string()) for name in faces)]
    )  # fmt: skip
    write_table(pa.table(columns, schema=schema), store.landing(made, "truth.parquet"), schema)
