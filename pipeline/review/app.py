"""The application of a review: the pages of the cases, their photographs, and the reviewer's answers."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, field_validator

from pipeline.domain.errors import GelombangError
from pipeline.domain.settings import settings
from pipeline.review import case_page
from pipeline.review.access_gate import AccessGate
from pipeline.review.case_desk import CaseDesk, Language, Which
from pipeline.review.cases import Case
from pipeline.review.decisions import Reviewing
from pipeline.review.objection_page import add_objections

_TYPES = {"report.css": "text/css", "review.css": "text/css"}
_TYPES |= {"review.js": "text/javascript", "objections.js": "text/javascript"}


class Answer(BaseModel):
    """A decision as the page sends it: with its reason, and the hashes of the photographs that were looked at."""

    decision: Literal["accept", "reject"]
    note: str = Field(max_length=500)
    selfie: str | None
    reference: str | None
    others: list[str | None] | None = None  # None: the page that was sent did not ask

    @field_validator("note")
    @classmethod
    def _said(cls, note: str) -> str:
        if not note.strip():
            raise ValueError("a reason is needed")
        return note


def make_app(reviewing: Reviewing, cases: list[Case], policy: dict[str, Any] | None, gate: AccessGate) -> FastAPI:
    """The application for one wave and the reviewers who sign in. ``policy`` has the thresholds that the wave was
    judged by."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(gate)
    desk = CaseDesk(reviewing, cases, policy, gate)
    _add_pages(app, desk)
    _add_pictures(app, desk)
    _add_answers(app, desk)
    add_objections(app, reviewing, gate)

    @app.exception_handler(GelombangError)
    def failed(_: Request, error: Exception) -> Response:
        return JSONResponse({"problem": "failed", "message": str(error)}, 500)

    return app


def _add_pages(app: FastAPI, desk: CaseDesk) -> None:
    """The pages: of a case, of the end, and of a search for a case."""

    @app.get("/")
    def start(request: Request, lang: Language | None = None) -> Response:
        spoken: Language = lang or ("en" if settings().language == "en" else "id")
        return desk.page(request, desk.next_open(desk.session(request).case_states(), 0), spoken)

    @app.get("/case/{number}")
    def look_at(request: Request, number: int, lang: Language, saved: int | None = None) -> Response:
        return desk.page(request, desk.case(number), lang, saved=desk.case(saved).number if saved else None)

    @app.get("/end")
    def end(request: Request, lang: Language, saved: int | None = None) -> Response:
        return desk.page(request, None, lang, saved=desk.case(saved).number if saved else None)

    @app.get("/find")
    def find(request: Request, case: str, lang: Language) -> Response:
        """A case by its number or its registration_id."""
        for known in desk.cases:
            if case.strip() in (str(known.number), known.registration_id):
                return RedirectResponse(f"/case/{known.number}?lang={lang}", 303)
        return desk.page(request, None, lang, status=404)


def _add_pictures(app: FastAPI, desk: CaseDesk) -> None:
    """The photographs of a case, and the files of the pages."""

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    @app.get("/photo/{number}/card")
    def photo_of_card(number: int) -> Response:
        return _picture(desk.card(desk.case(number)))

    @app.get("/photo/{number}/{which}")
    def photo(number: int, which: Which) -> Response:
        return _picture(desk.photograph(desk.case(number), which).jpeg)

    @app.get("/photo/{number}/other/{place}")
    def photo_of_other(number: int, place: int) -> Response:
        case = desk.case(number)
        return _picture(desk.other(case, place).jpeg if 0 <= place < len(case.others) else None)

    @app.get("/static/{name}")
    def static(name: Literal["report.css", "review.css", "review.js", "objections.js"]) -> Response:
        return Response(case_page.asset(name), media_type=_TYPES[name])


def _picture(jpeg: bytes | None) -> Response:
    """A JPEG. Raises HTTPException 404 where there is none."""
    if jpeg is None:
        raise HTTPException(404)
    return Response(jpeg, media_type="image/jpeg")


def _add_answers(app: FastAPI, desk: CaseDesk) -> None:
    """The reviewer's decision about a case."""

    @app.post("/case/{number}")
    def decide(request: Request, number: int, answer: Answer, lang: Language) -> Response:
        case, session = desk.case(number), desk.session(request)
        seen: dict[str, Any] = {f"{which}_sha256": desk.photograph(case, which).sha256 for which in desk.roots}
        known: dict[str, Any] = {"selfie_sha256": answer.selfie, "reference_sha256": answer.reference}
        if case.others:
            named = [{key: other[key] for key in ("wave", "registration_id")} for other in case.others]
            seen |= {"others": named, "others_sha256": [shown.sha256 for shown in desk.others(case)]}
            known |= {"others": named, "others_sha256": answer.others or seen["others_sha256"]}
        if seen != known:
            return JSONResponse({"problem": "changed"}, 409)
        session.decide(case.registration_id, answer.decision, answer.note, seen)
        follows = desk.next_open(session.case_states(), number)
        target = f"/case/{follows.number}" if follows else "/end"
        return JSONResponse({"next": f"{target}?lang={lang}&saved={number}"})
