"""The page on which a second person decides objections: the evidence and the applicant's words, but not the first
decision.

Shows a reviewer the open objections of cases that they did not work on. Nothing of an applicant is in any address.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from pipeline.domain.calendar import WIB
from pipeline.review import case_page, objections
from pipeline.review.access_gate import AccessGate
from pipeline.review.decisions import Reviewing
from pipeline.review.objections import Objection
from pipeline.review.photos import show

#: Characters of a text that are shown.
_LETTERS = 4000


class ObjectionAnswer(BaseModel):
    """A decision about an objection as the page sends it; the applicant reads the note."""

    decision: Literal["accept", "reject"]
    note: str = Field(max_length=500)


def add_objections(app: FastAPI, reviewing: Reviewing, gate: AccessGate) -> None:
    """Adds the page to a review of one wave."""
    store, wave = reviewing.store, reviewing.wave

    def mine(request: Request) -> list[Objection]:
        """The open objections that the reviewer whom the gate let in may decide."""
        return objections.open_to(store, wave, request.state.reviewer)

    def found(request: Request, number: int) -> Objection:
        one = next((one for one in mine(request) if one.number == number), None)
        if one is None:
            raise HTTPException(404)
        return one

    @app.get("/objections")
    def listed(request: Request, lang: Literal["id", "en"]) -> Response:
        today = datetime.now(WIB).date()
        rows: list[dict[str, Any]] = []
        for one in mine(request):
            said = one.evidence.endswith(".txt")
            text = objections.evidence_of(store, one).decode("utf-8", "replace")[:_LETTERS] if said else None
            picture = PurePosixPath(one.evidence).suffix in objections.PICTURES
            rows.append({"one": one, "late": one.late(today), "text": text, "picture": picture})
        values = {"wave": wave.number, "reviewer": request.state.reviewer, "csrf": gate.csrf(request), "rows": rows}
        return HTMLResponse(case_page.render(lang, "objections.html.j2", **values))

    @app.get("/objection/{number}/evidence")
    def evidence(request: Request, number: int) -> Response:
        picture = show(store.root, found(request, number).evidence).jpeg
        if picture is None:
            raise HTTPException(404)
        return Response(picture, media_type="image/jpeg")

    @app.post("/objection/{number}")
    def decided(request: Request, number: int, answer: ObjectionAnswer, lang: Literal["id", "en"]) -> Response:
        one, now, accept = found(request, number), datetime.now(WIB), answer.decision == "accept"
        into = objections.wave_to_come_back_in(store, one, now) if accept else None
        by, note = request.state.reviewer, answer.note
        objections.decide(store, wave, one.registration_id, accept=accept, note=note, by=by, now=now, into=into)
        return JSONResponse({"next": f"/objections?lang={lang}"})
