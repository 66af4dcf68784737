"""`gelombang rotate-key`: a new master key takes the place of the one that the waves' keys are wrapped under."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.common.console import say, say_json
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import translator
from pipeline.storage import key_ring
from pipeline.storage.paths import Store


def rotate_key(
    *,
    data: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many keys there are.")] = False,
    destroy_older: Annotated[
        bool,
        typer.Option("--destroy-older", help="Destroy master.key's older files: no data root needs them any more."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the master key: wrap every wave's key under a new one. The old one opens nothing there any more.

    Example: gelombang rotate-key --dry-run
    """
    from pipeline.publication import key_rotation

    t, store = translator(language_of(language)), Store.at(data or settings().data)
    if destroy_older:
        if not yes:
            typer.confirm(t("rotate.older_sure"), abort=True)
        gone = key_rotation.destroy_older(store)
        say_json({"destroyed": gone}) if as_json else say(t("rotate.older_done", n=len(gone)))
        return
    found = key_rotation.keys_of(store)
    if as_json:
        say_json({"keys": len(found.every), "todo": len(found.todo)})
    elif found.every:
        say(t("rotate.keys", keys=len(found.every), todo=len(found.todo)))
    if not found.every or dry_run:
        say(t("rotate.would" if found.every else "rotate.nothing"), err=as_json)
        return
    if not yes:
        typer.confirm(t("rotate.sure"), abort=True)
    _, new = key_rotation.rotate(store)
    say(t("rotate.done", new=new), err=as_json)
    if older := key_ring.older():
        say(t("rotate.older", files=", ".join(f"{name}.key" for name in older)), err=as_json)
    if settings().encryption.next_master_key.get_secret_value():
        say(t("rotate.variable"), err=as_json)
