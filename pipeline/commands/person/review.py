"""`gelombang review`: the doubtful pairs of a finished wave, one after the other, on a page of this machine."""

from __future__ import annotations

import ipaddress
import socket
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.number_options import whole
from pipeline.commands.common.options import DataOption, LanguageOption, finished, language_of, wave_number
from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import Translate, translator
from pipeline.runtime.terminal import Terminal
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store

if TYPE_CHECKING:
    from pipeline.review.reviewers import Reviewers


def review(
    wave: Annotated[int | None, typer.Argument(parser=wave_number, metavar="WAVE", help="Number of the wave.")] = None,
    *,
    add_reviewer: Annotated[
        str | None, typer.Option(help="Give a reviewer a token, shown once; one that they had before ends.")
    ] = None,
    remove_reviewer: Annotated[str | None, typer.Option(help="Take a reviewer off the list.")] = None,
    data: DataOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; nothing is encrypted.")] = "127.0.0.1",
    port: Annotated[int, whole("Port; 0 takes a free one.", least=0, most=65535)] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in this machine's browser.")] = False,
    language: LanguageOption = None,
) -> None:
    """Decide about the photographs that a person must look at; the next run takes the decisions in.

    Reviewers sign in on the page, each with their own token.

    Example: gelombang review 12
    """
    from pipeline.review.access_gate import AccessGate
    from pipeline.review.app import make_app
    from pipeline.review.cases import read_cases
    from pipeline.review.decisions import Reviewing
    from pipeline.review.objections import objections
    from pipeline.review.reviewers import Reviewers

    spoken = language_of(language)
    t = translator(spoken)
    reviewers = Reviewers(Store.at(data or settings().data).root)
    if add_reviewer is not None or remove_reviewer is not None:
        _change(reviewers, add_reviewer, remove_reviewer, t)
        return
    if wave is None:
        raise typer.BadParameter("Which wave?", param_hint="WAVE")

    store, found, folder = finished(data, wave)
    if store.elsewhere:
        raise BadSettingError(
            f"A review needs the photographs in a folder; {store.address} is none.",
            "Copy the wave's folders to this machine, review there, and copy landing/*/reviews/ back.",
        )
    cases = read_cases(store, found)
    console = Terminal()
    waiting = [one for one in objections(store, found) if one.decided is None]
    if not cases and not waiting:
        console.print(t("reviewing.nobody", wave=str(wave)))
        return
    gate = AccessGate(reviewers, host)
    app = make_app(Reviewing(store, found), cases, read_json(folder / "manifest.json")["selfie_policy"], gate)
    with _listen(host, port) as listening, suppress(KeyboardInterrupt):  # which is how it is ended
        name, bound = listening.getsockname()[:2]
        shown = f"[{name}]" if ":" in name else name
        address = f"http://{shown}:{bound}/?lang={spoken}"
        console.print(t("reviewing.open", n=len(cases), wave=str(wave)))
        if waiting:
            console.print(t("reviewing.objections", n=len(waiting)))
        console.print(address, style="bold", soft_wrap=True, markup=False, highlight=False)
        if reviewers.is_empty():
            console.print(t("reviewing.no_token"), style="yellow")
        if not ipaddress.ip_address(name).is_loopback:
            console.print(t("reviewing.others"), style="yellow")
        console.print(t("reviewing.ends"), style="dim")
        if browser:
            webbrowser.open(address)
        _serve(app, listening)
    console.print(t("reviewing.again", wave=str(wave)))


def _change(reviewers: Reviewers, add: str | None, remove: str | None, t: Translate) -> None:
    """Gives a reviewer a token, or takes one off the list."""
    if remove is not None:
        say(t("reviewing.removed" if reviewers.remove(remove) else "reviewing.not_listed", name=remove))
    if add is not None:
        token, until = reviewers.add(add)
        say(t("reviewing.token", name=add, until=f"{until.astimezone():%Y-%m-%d %H:%M}"))
        say(token)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as e:
        raise BadSettingError(f"Cannot listen on {host}:{port}: {e.strerror}.", "Give another --host or --port.") from e


def _serve(app: object, listening: socket.socket) -> None:
    """Serves until the process ends."""
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)  # type: ignore[arg-type]
    uvicorn.Server(config).run(sockets=[listening])
