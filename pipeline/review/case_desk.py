"""The cases of one wave under review, and what the pages show of each.

Cases and photographs are asked for by their place in the list: no path and no number of a person is in any address.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from pipeline.domain.settings import settings
from pipeline.review import case_page
from pipeline.review.access_gate import AccessGate
from pipeline.review.card_cut import cut_card
from pipeline.review.cases import Case
from pipeline.review.decisions import CaseState, Reviewing, ReviewSession
from pipeline.review.objections import open_to
from pipeline.review.photos import Shown, show
from pipeline.selfie.policy import lifting_point

Language = Literal["id", "en"]
Which = Literal["selfie", "reference"]


@dataclass(frozen=True)
class CaseDesk:
    """The cases, in order. ``policy`` has the thresholds that the wave was judged by."""

    reviewing: Reviewing
    cases: list[Case]
    policy: dict[str, Any] | None
    gate: AccessGate

    @property
    def roots(self) -> dict[Which, Path]:
        """The folders of both photographs of a case."""
        store = self.reviewing.store
        return {"selfie": store.landing(self.reviewing.wave, "selfies"), "reference": store.extract("photos")}

    def session(self, request: Request) -> ReviewSession:
        """The session of the reviewer whom the gate let in."""
        return self.reviewing.of(request.state.reviewer)

    def case(self, number: int) -> Case:
        """The case of a number. Raises HTTPException 404."""
        if not 1 <= number <= len(self.cases):
            raise HTTPException(404)
        return self.cases[number - 1]

    def photograph(self, case: Case, which: Which) -> Shown:
        """One of the two photographs of a case."""
        return show(self.roots[which], getattr(case, which))

    def card(self, case: Case) -> bytes | None:
        """The card in the selfie, laid flat; None where the wave saw none."""
        return cut_card(self.roots["selfie"], case.selfie) if case.card not in (None, "missing") else None

    def others(self, case: Case) -> list[Shown]:
        """The selfies of the applications that share a face or a picture with this one, of any wave."""
        return [self.other(case, place) for place in range(len(case.others))]

    def other(self, case: Case, place: int) -> Shown:
        """One of these selfies."""
        other = case.others[place]
        return show(self.reviewing.store.selfies_of(other["wave"]), other["selfie"])

    def next_open(self, states: dict[str, CaseState], after: int) -> Case | None:
        """The first case this reviewer is asked about, from ``after`` on and then from the start."""
        turned = self.cases[after:] + self.cases[:after]
        return next((c for c in turned if states.get(c.registration_id, CaseState()).open), None)

    def page(
        self, request: Request, case: Case | None, language: Language, *, saved: int | None = None, status: int = 200
    ) -> HTMLResponse:
        """The page of a case, or of the end; ``saved`` is the case just decided, ``status`` 404 for one not found."""
        session = self.session(request)
        states = session.case_states()
        known = [states.get(c.registration_id, CaseState()) for c in self.cases]
        follows = self.next_open(states, case.number if case else 0)
        values: dict[str, Any] = {
            "wave": self.reviewing.wave.number,
            "reviewer": session.reviewer,
            "second": settings().review.second,
            "csrf": self.gate.csrf(request),
            "count": len(self.cases),
            "settled": sum(s.counts is not None for s in known),
            "own": sum(s.mine is not None for s in known),
            "saved": saved and (saved, known[saved - 1].mine),
            "follows": follows.number if follows else None,
            "found": status == 200,
            "objections": len(open_to(self.reviewing.store, self.reviewing.wave, session.reviewer)),
            "case": case,
        }
        if case is not None:
            values |= {"state": known[case.number - 1], **self._content(case, language)}
        return HTMLResponse(case_page.render(language, **values), status)

    def _content(self, case: Case, language: Language) -> dict[str, Any]:
        """The part of a page that is about its case."""
        return {
            "photographs": {which: self.photograph(case, which) for which in self.roots},
            "card": self.card(case) is not None,
            "others": list(zip(case.others, self.others(case), strict=True)),
            "policy": self.policy,
            "lifting_point": lifting_point(self.policy.get("card_face"), self.policy["match"]) if self.policy else None,
            "scores": case_page.scores(case, self.policy, language),
        }
