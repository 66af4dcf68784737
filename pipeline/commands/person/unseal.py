"""`gelombang unseal`: a plain copy of a sealed file, for a receiver that needs it, such as an SMS gateway."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption
from pipeline.domain.errors import StoreError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import wave_number
from pipeline.record import log
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import open_to_read


def unseal(
    file: Annotated[Path, typer.Argument(help="A file below the data root.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Argument(help="Plain copy to write; its owner's alone. Delete it once it is used.")],
    *,
    why: Annotated[str, typer.Option(help="What the plain copy is for; the record keeps it with who made it.")],
    data: DataOption = None,
) -> None:
    """Write a plain copy of a sealed file. The record keeps who made it, and why.

    gelombang unseal data/waves/wave-0012/notices.csv messages.csv --why "messages of wave 12"
    """
    store, path = Store.at(data or settings().data), file.absolute()
    if not path.is_relative_to(store.root):
        raise StoreError(f"{file} does not lie below {store.address}.", "Name a file of the data root, or --data.")
    inside = path.relative_to(store.root).parts
    wave = next((number for part in inside if (number := wave_number(part)) is not None), None)
    with open_to_read(path) as source:
        log.note(store, "looked_up", wave, {"registration_id": f"unseal {store.key(path)}", "why": why})
        with files.atomic(out.absolute()) as part, part.open("wb") as plain:
            shutil.copyfileobj(source, plain)
    say(f"{store.key(path)}: {out}")
