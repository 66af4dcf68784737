"""`gelombang prove`: evidence for one applicant that they were on the list, checkable without seeing anyone else."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.options import ApplicationArgument, DataOption, WaveArgument, finished
from pipeline.domain import errors
from pipeline.draw import merkle
from pipeline.storage import files


def prove(
    wave: WaveArgument,
    registration_id: ApplicationArgument,
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: the terminal.")] = None,
) -> None:
    """Prove that an application was on the list of the draw: a Merkle proof, as JSON."""
    _, _, folder = finished(data, wave)
    with files.disk_errors("the published list"):
        ids = (folder / "eligible.txt").read_bytes().decode().split("\n")[:-1]
    try:
        index = ids.index(registration_id)
    except ValueError as e:
        raise errors.UnknownApplicationError(
            f"{registration_id} is not on the list of wave {wave}.",
            f"Only who passed layers 1 to 3 is on it; `gelombang explain {wave} {registration_id}` says why.",
        ) from e
    record = files.read_json(folder / "draw.json")
    proof = {
        "wave": wave,
        "registration_id": registration_id,
        "list_merkle_sha256": record["list_merkle_sha256"],
        "path": [asdict(step) for step in merkle.proof(ids, index)],
    }
    if out is None:
        typer.echo(json.dumps(proof, ensure_ascii=False, indent=2))
    else:
        files.write_json(proof, out)
