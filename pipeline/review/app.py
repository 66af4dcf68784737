"""The pages of a session: a case, its two photographs, and the reviewer's answer. No path or number of a person is in
any address; cases and photographs are asked for by their place in the list.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, field_validator

from pipeline.domain.errors import GelombangError
from pipeline.domain.settings import settings
from pipeline.review import case_page
from pipeline.review.access_gate import AccessGate
from pipeline.review.card_cut import cut_card
from pipeline.review.cases import Case
from pipeline.review.decisions import CaseState, Reviewing, ReviewSession
from pipeline.review.objection_page import add_objections
from pipeline.review.objections import open_to
from pipeline.review.photos import Shown, show

Language = Literal["id", "en"]
Which = Literal["selfie", "reference"]
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
    store, wave = reviewing.store, reviewing.wave
    roots = {"selfie": store.landing(wave, "selfies"), "reference": store.extract("photos")}

    def mine(request: Request) -> ReviewSession:
        """The session of the reviewer whom the gate let in."""
        return reviewing.of(request.state.reviewer)

    def look(case: Case, which: Which) -> Shown:
        return show(roots[which], getattr(case, which))

    def look_at_card(case: Case) -> bytes | None:
        """The card in the selfie, laid flat; None where the wave saw none."""
        return cut_card(roots["selfie"], case.selfie) if case.card not in (None, "missing") else None

    def look_at_others(case: Case) -> list[Shown]:
        """The selfies of the applications that share a face or a picture with this one, of any wave."""
        return [show(store.selfies_of(other["wave"]), other["selfie"]) for other in case.others]

    def found(number: int) -> Case:
        if not 1 <= number <= len(cases):
            raise HTTPException(404)
        return cases[number - 1]

    def next_open(case_states: dict[str, CaseState], after: int) -> Case | None:
        """The first case this reviewer is asked about, from ``after`` on and then from the start."""
        turned = cases[after:] + cases[:after]
        return next((c for c in turned if case_states.get(c.registration_id, CaseState()).open), None)

    def shown(
        request: Request, case: Case | None, language: Language, *, saved: int | None = None, status: int = 200
    ) -> HTMLResponse:
        """The page of a case, or of the end; ``saved`` is the case just decided, ``status`` 404 for one not found."""
        session = mine(request)
        case_states = session.case_states()
        known = [case_states.get(c.registration_id, CaseState()) for c in cases]
        follows = next_open(case_states, case.number if case else 0)
        values: dict[str, Any] = {
            "wave": wave.number,
            "reviewer": session.reviewer,
            "second": settings().review.second,
            "csrf": gate.csrf(request),
            "count": len(cases),
            "settled": sum(s.counts is not None for s in known),
            "own": sum(s.mine is not None for s in known),
            "saved": saved and (saved, known[saved - 1].mine),
            "follows": follows.number if follows else None,
            "found": status == 200,
            "objections": len(open_to(store, wave, session.reviewer)),
            "case": case,
        }
        if case is not None:
            values |= {
                "state": known[case.number - 1],
                "photographs": {"selfie": look(case, "selfie"), "reference": look(case, "reference")},
                "card": look_at_card(case) is not None,
                "others": list(zip(case.others, look_at_others(case), strict=True)),
                "policy": policy,
                "scores": case_page.scores(case, policy, language),
            }
        return HTMLResponse(case_page.render(language, **values), status)

    @app.get("/")
    def start(request: Request, lang: Language | None = None) -> Response:
        spoken: Language = lang or ("en" if settings().language == "en" else "id")
        return shown(request, next_open(mine(request).case_states(), 0), spoken)

    @app.get("/case/{number}")
    def look_at(request: Request, number: int, lang: Language, saved: int | None = None) -> Response:
        return shown(request, found(number), lang, saved=found(saved).number if saved else None)

    @app.get("/end")
    def end(request: Request, lang: Language, saved: int | None = None) -> Response:
        return shown(request, None, lang, saved=found(saved).number if saved else None)

    @app.get("/find")
    def find(request: Request, case: str, lang: Language) -> Response:
        """A case by its number or its registration_id."""
        wanted = case.strip()
        for known in cases:
            if wanted in (str(known.number), known.registration_id):
                return RedirectResponse(f"/case/{known.number}?lang={lang}", 303)
        return shown(request, None, lang, status=404)

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    @app.get("/photo/{number}/card")
    def photo_of_card(number: int) -> Response:
        picture = look_at_card(found(number))
        if picture is None:
            raise HTTPException(404)
        return Response(picture, media_type="image/jpeg")

    @app.get("/photo/{number}/{which}")
    def photo(number: int, which: Which) -> Response:
        picture = look(found(number), which).jpeg
        if picture is None:
            raise HTTPException(404)
        return Response(picture, media_type="image/jpeg")

    @app.get("/photo/{number}/other/{place}")
    def photo_of_other(number: int, place: int) -> Response:
        others = found(number).others
        picture = None
        if 0 <= place < len(others):
            picture = show(store.selfies_of(others[place]["wave"]), others[place]["selfie"]).jpeg
        if picture is None:
            raise HTTPException(404)
        return Response(picture, media_type="image/jpeg")

    @app.get("/static/{name}")
    def static(name: Literal["report.css", "review.css", "review.js", "objections.js"]) -> Response:
        return Response(case_page.asset(name), media_type=_TYPES[name])

    @app.post("/case/{number}")
    def decide(request: Request, number: int, answer: Answer, lang: Language) -> Response:
        case, session = found(number), mine(request)
        seen: dict[str, Any] = {f"{which}_sha256": look(case, which).sha256 for which in roots}  # type: ignore[arg-type]
        known: dict[str, Any] = {"selfie_sha256": answer.selfie, "reference_sha256": answer.reference}
        if case.others:
            named = [{key: other[key] for key in ("wave", "registration_id")} for other in case.others]
            seen |= {"others": named, "others_sha256": [shown.sha256 for shown in look_at_others(case)]}
            known |= {"others": named, "others_sha256": answer.others or seen["others_sha256"]}
        if seen != known:
            return JSONResponse({"problem": "changed"}, 409)
        session.decide(case.registration_id, answer.decision, answer.note, seen)
        follows = next_open(session.case_states(), number)
        target = f"/case/{follows.number}" if follows else "/end"
        return JSONResponse({"next": f"{target}?lang={lang}&saved={number}"})

    add_objections(app, reviewing, gate)

    @app.exception_handler(GelombangError)
    def failed(_: Request, error: Exception) -> Response:
        return JSONResponse({"problem": "failed", "message": str(error)}, 500)

    return app
