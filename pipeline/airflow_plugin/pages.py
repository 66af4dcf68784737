"""The waves' reports inside Airflow's page: for users who may read the waves' DAG; read-only, aggregates only.

A mounted application answers without a token unless it checks itself, so every route here depends on Airflow's own
check of a logged-in user and of the right to read the DAG. Serves the finished reports and great_expectations' Data
Docs, nothing else of a wave.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from pipeline.domain.errors import GelombangError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import wave_key, wave_number
from pipeline.reports import page
from pipeline.reports.language.browser import language_of
from pipeline.reports.language.labels import LANGUAGES
from pipeline.storage import files
from pipeline.storage.paths import Store, revision_number

#: The pages of each wave: the label and the address of a link.
Waves = dict[int | None, list[tuple[str, str]]]
PREFIX = "/gelombang"
#: A user who may not read this DAG may read none of its reports.
DAG = "wave_cohort"
#: The pages have one inline style and no script; nothing may be fetched, from here or elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
#: Which of its two languages a page opens in. A file from a folder opens in Indonesian: no script asks the browser.
_OPENS_IN = '<html lang="{}">'
#: The pages that a wave may have: the label of a link, the file, the address below the wave's own.
_SHOWN = (
    ("pages.report", "waves/{key}/report.html", "report.html"),
    ("pages.inputs", "work/{key}/data_docs/inputs/index.html", "data-docs/inputs/index.html"),
    ("pages.cohort", "work/{key}/data_docs/cohort/index.html", "data-docs/cohort/index.html"),
)

#: The files of a wave's outputs that are fetched. No table about people comes to the web server.
_REPORT = ("report.html", "manifest.json")
_PUBLISHED = ("report.html", "publication.json")

app = FastAPI(
    title="Gelombang",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag("GET", param_dag_id=DAG))],
)


@app.get("/")
def overview(request: Request) -> Response:
    """The overview of all waves when there is one, else a list of the waves."""
    path = _root("waves/overview.html") / "waves" / "overview.html"
    return _page(request, path.read_text(encoding="utf-8")) if path.is_file() else _list(request, _keys(), "./")


@app.get("/data-docs/")
def contents(request: Request) -> Response:
    """Every wave with its report and its Data Docs."""
    return _list(request, _keys(), "../")


@app.get("/{key}/report")
@app.get("/{key}/report.html")  # as the overview, which is read from a folder too, links to it
def report(request: Request, key: str) -> Response:
    """A wave's report: that of the publication, which is not provisional, when its newest run is published."""
    folder = _root(f"waves/{_wave(key)}/", only=_REPORT) / "waves" / key
    _root(f"published/{key}/", only=_PUBLISHED)
    path = _below(_revision_of(folder) or folder, "report.html")
    return _page(request, path.read_text(encoding="utf-8"))


@app.get("/{key}/data-docs/")
def data_docs_of(request: Request, key: str) -> Response:
    """The results of the checks of one wave: of its inputs and its cohort."""
    _root(f"work/{_wave(key)}/data_docs/")
    root = _root(f"waves/{key}/", only=_REPORT)
    if not any((root / file.format(key=key)).is_file() for _, file, _ in _SHOWN):
        raise HTTPException(404, "Nothing of this wave is here.")
    return _list(request, [key], "../../")


@app.get("/{key}/data-docs/{path:path}")
def data_docs(key: str, path: str) -> Response:
    """great_expectations' pages about a wave's inputs and cohort."""
    folder = _root(f"work/{_wave(key)}/data_docs/") / "work" / key / "data_docs"
    return FileResponse(_below(folder, path), headers=HEADERS)


@app.exception_handler(GelombangError)
def say_what_is_wrong(_: Request, error: GelombangError) -> Response:
    """For example, a data root that does not exist."""
    return PlainTextResponse(str(error), 503, headers=HEADERS)


@app.exception_handler(404)
def say_what_is_there(request: Request, _: Exception) -> Response:
    """A page that is not there, with the way to those that are."""
    found = _links(request, {}, f"{request.scope.get('root_path', '')}/", missing=True)
    found.status_code = 404
    return found


def _root(*prefixes: str, only: tuple[str, ...] = ()) -> Path:
    """The data root; of a root elsewhere, this machine's copy of what is asked for (``only``: files of these names)."""
    store = Store.at(settings().data)
    store.pull(*prefixes, only=only, keep=True)
    return store.root


def _keys() -> list[str]:
    """The waves that may have pages, the newest first."""
    Store.at(settings().data).pull("waves/", "work/", only=("manifest.json", "report.html", "index.html"), keep=True)
    store = Store.at(settings().data)
    found = store.wave_folders("waves").keys() | store.wave_folders("work").keys()
    return [wave_key(number) for number in sorted(found, reverse=True)]


def _wave(key: str) -> str:
    """The key, checked to be the name of a wave. Raises HTTPException 404."""
    if wave_number(key) is None:
        raise HTTPException(404, "There is no such wave.")
    return key


def _revision_of(folder: Path) -> Path | None:
    """The newest revision of a wave, if it published the present content of ``folder`` and has a report."""
    said = list(Store.at(settings().data).published(folder.name).glob("rev-*/publication.json"))
    manifest = folder / "manifest.json"
    if not said or not manifest.is_file():
        return None
    newest = max((path.parent for path in said), key=revision_number)
    of_this = files.read_json(newest / "publication.json").get("manifest_sha256") == files.sha256(manifest)
    return newest if of_this and (newest / "report.html").is_file() else None


def _list(request: Request, keys: list[str], home: str) -> Response:
    """The pages of each wave as links; ``home`` leads from the list to the overview."""
    root = _root()
    waves: Waves = {}
    for key in keys:
        here = [(label, address) for label, file, address in _SHOWN if (root / file.format(key=key)).is_file()]
        if here:
            waves[wave_number(key)] = [(label, f"{home}{key}/{address}") for label, address in here]
    return _links(request, waves, home)


def _links(request: Request, waves: Waves, home: str, *, missing: bool = False) -> Response:
    edition: dict[str, Any] = {"waves": waves, "home": home, "missing": missing}
    return _page(request, page.render("contents.html.j2", dict.fromkeys(LANGUAGES, edition)))


def _page(request: Request, text: str) -> Response:
    """A page in both languages that opens in the reader's language."""
    spoken = language_of(request.headers.get("accept-language"))
    return HTMLResponse(text.replace(_OPENS_IN.format("id"), _OPENS_IN.format(spoken), 1), headers=HEADERS)


def _below(folder: Path, name: str) -> Path:
    """A file below a folder, never outside it. Raises HTTPException 404."""
    base, path = folder.resolve(), (folder / name).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise HTTPException(404, "There is no such page.")
    return path
