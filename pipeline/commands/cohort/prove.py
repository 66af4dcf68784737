"""`gelombang prove`: evidence for one applicant that they were on the list. It can be checked without the data of
others."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say_json
from pipeline.commands.common.options import ApplicationArgument, DataOption, WaveArgument, finished
from pipeline.domain import errors
from pipeline.draw import merkle
from pipeline.runtime.disk import disk_errors
from pipeline.storage import files


def prove(
    wave: WaveArgument,
    registration_id: ApplicationArgument,
    *,
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: the terminal.")] = None,
) -> None:
    """Prove that an application was on the list of the draw: a Merkle proof, as JSON.

    Example: gelombang prove 12 0012-00000042 --out proof.json
    """
    _, _, folder = finished(data, wave)
    with disk_errors("the published list"):
        ids = (folder / "eligible.txt").read_bytes().decode().split("\n")[:-1]
    record = files.read_json(folder / "draw.json")
    form = record.get("form", 1)
    entry = registration_id if form == 1 else _ticket(folder, registration_id)
    try:
        index = ids.index(entry)
    except ValueError as e:
        raise errors.UnknownApplicationError(
            f"{registration_id} is not on the list of wave {wave}.",
            f"Only who passed layers 1 to 3 is on it; `gelombang explain {wave} {registration_id}` says why.",
        ) from e
    proof = {
        "wave": wave,
        **({"registration_id": registration_id} if form == 1 else {"ticket": entry}),
        "list_merkle_sha256": record["list_merkle_sha256"],
        "path": [asdict(step) for step in merkle.proof(ids, index)],
    }
    if out is None:
        say_json(proof, indent=2)
    else:
        files.write_json(proof, out)


def _ticket(folder: Path, registration_id: str) -> str:
    """The ticket of an application of a wave with a beacon; a ticket is its own. Empty: it is not on the list."""
    import pyarrow.compute as pc

    table = files.read_table(folder / "decisions.parquet", ["registration_id", "ticket"])
    mine = pc.field("registration_id") == registration_id
    found = table.filter(mine | (pc.field("ticket") == registration_id))["ticket"].to_pylist()
    return next((ticket for ticket in found if ticket), "")
