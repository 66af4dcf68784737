"""The manifest of a wave: what went in, what came out, and under which rules, so that anyone can check it.

Reads the plan and the finished outputs; writes ``manifest.json``, the last file of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.domain.errors import UnreadableFileError
from pipeline.draw.beacon import landing_key
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.screening.rulebook import rules_in_force
from pipeline.storage import files
from pipeline.wave_run import evidence
from pipeline.wave_run.plan import Plan

#: What the manifest cannot list: itself, and its signature. An earlier try of the task may have left them.
OWN = ("manifest.json", evidence.SIGNATURE)


def write(run: Plan) -> Path:
    """Writes ``out/manifest.json`` and its signature. Only ``times`` and ``work`` (which has the run's plan with its
    time, and a table in no order) differ between two runs on the same inputs."""
    out, wave = run.work / "out", run.wave
    drawn = files.read_json(run.work / "draw.json")
    manifest = files.write_json(
        {
            "wave": wave.number,
            "opens": wave.opens.isoformat(),
            "closes": wave.closes.isoformat(),
            "calendar_version": wave.version,
            "quota": wave.quota,
            "seed": wave.seed,
            "seed_source": wave.seed_source,
            "given": run.given,
            **(
                {"beacon": wave.beacon, "beacon_after": wave.beacon_after, "round": drawn["round"]}
                if wave.beacon
                else {}
            ),
            "list_sha256": drawn["list_sha256"],
            "selfie": wave.selfie,
            "policy": wave.policy,
            "refill": wave.refill,
            "priority_share": wave.priority_share,
            **({"areas": [list(area) for area in wave.areas]} if wave.areas else {}),
            "rules": [{"code": rule.code, "source": rule.source} for rule in rules_in_force(wave)],
            "extracts": {name: str(x.asof) for name, x in run.extracts.items()},
            "second_reviewer": run.settings.second_reviewer,
            "settings": run.settings.flat(),
            "selfie_policy": None if wave.selfie == "off" else _policy(run),
            "same_person": _same_person(run),
            **({"card": wave.card} if wave.card != "off" else {}),
            "software": {"gelombang": __version__},
            "weights": evidence.weights(run),
            "inputs": [_entry(path, run.store.root, _rows_if_whole) for path in inputs(run)],
            "work": [_entry(path, run.work) for path in evidence.work_files(run)],
            "outputs": [_entry(path, out) for path in _outputs(out)],
            "times": {"started": run.started.isoformat(), "finished": datetime.now().astimezone().isoformat()},
        },
        out / "manifest.json",
    )
    evidence.sign(run.store, manifest)
    return manifest


def inputs(run: Plan) -> list[Path]:
    """Every file except photographs that the run read, in a fixed order; files of earlier waves only where somebody
    came back to it.
    """
    here = landed(run)
    calendar = [p for p in [run.store.root / "calendar.toml"] if p.is_file()]
    back = any(path.parent.name == "reuploads" for path in here)
    outputs = [path for name in ("decisions", "retries") for path in run.store.outputs(f"{name}.parquet") if back]
    earlier = [path for path in outputs if path.parent.name < run.wave.key]
    policy = [run.store.root / run.wave.selfie_policy] if run.wave.selfie_policy and run.wave.selfie != "off" else []
    return [*calendar, *policy, *here, *extracted(run), *run.store.earlier_cohorts(run.wave), *earlier]


def _outputs(out: Path) -> list[Path]:
    return sorted(path for path in out.rglob("*") if path.is_file() and path.name not in OWN)


def landed(run: Plan) -> list[Path]:
    """Every file except photographs that was delivered for the wave, in a fixed order."""
    found = landed_below(run, "registrations", "reuploads", "reviews")
    beacon = [p for p in [run.store.root / landing_key(run.wave)] if run.wave.beacon and p.is_file()]
    return [*found, *beacon]


def landed_below(run: Plan, *kinds: str) -> list[Path]:
    """The files that were delivered for the wave below these folders of its landing, in a fixed order."""
    return [
        path
        for kind in kinds
        for path in sorted(run.store.landing(run.wave, kind).glob("*"))
        if path.is_file() and not path.name.startswith(".")  # a review may be being written
    ]


def extracted(run: Plan) -> list[Path]:
    """Every file of the extracts that the run uses, in a fixed order."""
    return [path for _, x in sorted(run.extracts.items()) for path in sorted(x.files)]


def _same_person(run: Plan) -> dict[str, Any] | None:
    """What was compared one against all, with which earlier waves; None where no selfie was looked at."""
    record = (run.work / SAME_PERSON).with_suffix(".json")
    return dict(files.read_json(record)) if run.wave.selfie != "off" and record.is_file() else None


def _policy(run: Plan) -> dict[str, Any]:
    policy = run.selfie_policy()
    return {**policy.model_dump(mode="json"), "digest": policy.digest()}


def _rows_if_whole(path: Path) -> int | None:
    """As ``files.rows``; None of a delivery that is damaged: it was set aside whole, and stops no wave."""
    try:
        return files.rows(path)
    except UnreadableFileError:
        return None


def _entry(path: Path, base: Path, rows: Callable[[Path], int | None] = files.rows) -> dict[str, Any]:
    return {"file": path.relative_to(base).as_posix(), "sha256": files.sha256(path), "rows": rows(path)}
