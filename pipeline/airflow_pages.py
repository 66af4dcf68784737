"""The waves' reports inside Airflow's page: for logged-in users only, read-only, aggregates only.

A mounted application answers without a token unless it checks itself, so every route here depends on Airflow's own
``get_user``. Serves the finished reports and great_expectations' Data Docs, nothing else of a wave.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

from pipeline.settings import settings
from pipeline.store import Store

PREFIX = "/gelombang"
#: Scripts of a report are inline; nothing may be fetched from elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; font-src 'self' data:; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}

app = FastAPI(title="Gelombang", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)])


@app.get("/")
def overview() -> Response:
    """The overview of all waves when there is one, else a list of the reports."""
    store = Store.at(settings().data)
    page = store.root / "waves" / "overview.html"
    if page.is_file():
        return FileResponse(page, headers=HEADERS)
    keys = sorted(path.parent.name for path in (store.root / "waves").glob("wave-*/report.html"))
    items = "".join(f'<li><a href="{PREFIX}/{escape(key)}/report">{escape(key)}</a></li>' for key in keys)
    body = f"<ul>{items}</ul>" if items else "<p>Belum ada gelombang yang selesai. No wave has finished yet.</p>"
    title = "<title>Gelombang</title><meta name=viewport content='width=device-width'>"
    return HTMLResponse(
        f"<!doctype html><html lang=id><head>{title}</head><body><h1>Gelombang</h1>{body}</body></html>",
        headers=HEADERS,
    )


@app.get("/{key}/report")
def report(key: str) -> Response:
    """A wave's report."""
    return _file(Store.at(settings().data).root / "waves", f"{key}/report.html")


@app.get("/{key}/data-docs/{path:path}")
def data_docs(key: str, path: str) -> Response:
    """great_expectations' pages about a wave's inputs and cohort."""
    return _file(Store.at(settings().data).root / "work" / key / "data_docs", path or "index.html")


def _file(folder: Path, name: str) -> Response:
    """A file below a folder, never outside it. Raises HTTPException 404."""
    base, path = folder.resolve(), (folder / name).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise HTTPException(404, "There is no such page.")
    return FileResponse(path, headers=HEADERS)
