"""`gelombang explain`: everything about an application, for the person at the helpdesk who answers "why was I
refused?"."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from rich.table import Table

from pipeline.commands.common.console import say_json
from pipeline.commands.common.options import (
    ApplicationArgument,
    DataOption,
    JsonOption,
    LanguageOption,
    WaveArgument,
    WhyOption,
    finished,
    language_of,
)
from pipeline.domain import reasons
from pipeline.domain.short_code import short_code
from pipeline.inspection.explanation import Explanation, mask_number, scores, word
from pipeline.inspection.explanation import explain as explained
from pipeline.record import log
from pipeline.runtime.terminal import Terminal
from pipeline.storage.paths import Store
from pipeline.storage.task_sync import pull_for_reading

_STYLE = {"holds": "red", "clear": "green", "not_asked": "dim"}


def explain(
    wave: WaveArgument,
    registration_id: ApplicationArgument,
    *,
    data: DataOption = None,
    language: LanguageOption = None,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell an application's decision and what its applicant can do; then its whole way: data compared (masked), every
    rule, draw, selfie.

    Example: gelombang explain 12 0012-00000042 --language en
    """
    spoken = language_of(language)
    store, found, _ = finished(data, wave)
    pull_for_reading(store, found)
    explanation = explained(store, wave, registration_id)
    log.note(store, "looked_up", wave, {"registration_id": registration_id, "why": why})
    page = _Page(explanation, store, spoken)
    if as_json:
        say_json(_as_json(explanation, page), indent=1, default=str)
    else:
        page.show()


def _as_json(found: Explanation, page: _Page) -> dict[str, Any]:
    """The explanation for a program; its texts for a person are in one language."""
    fields = asdict(found)
    decision = fields.pop("decision")
    decision["nik"] = mask_number(decision["nik"])
    messages = {code: reasons.message(code, page.language, decision["outcome"]) for code in decision["reasons"]}
    if found.published:
        del fields["published"]["letter"]  # it is what_next
    return {"decision": decision, "messages": messages, "what_next": page.letter(), **fields}


class _Page:
    """An explanation on the terminal, in one language."""

    def __init__(self, found: Explanation, store: Store, language: str) -> None:
        self.found, self.store, self.language = found, store, language
        self.console = Terminal()

    def show(self) -> None:
        """Prints every section."""
        decision, wave = self.found.decision, self.found.wave
        self._heading("title", id=decision["registration_id"], wave=wave.number, code=self._code())
        if decision.get("from_wave"):
            self._say(self._text("came_back", wave=decision["from_wave"]))
        self._decision()
        self._published()
        self._next()
        self._compared()
        self._rules()
        self._draw()
        self._photo()
        self.console.print()

    def _heading(self, key: str, **values: Any) -> None:
        self.console.print()
        self.console.print(word("heading", key, self.language, **values), style="bold", markup=False)

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(f"  {text}", style=style, markup=False, highlight=False)

    def _text(self, key: str, **values: Any) -> str:
        return word("text", key, self.language, **values)

    def _compared(self) -> None:
        from pipeline.reports.language.labels import label
        from pipeline.reports.language.numbers import day

        self._heading("compared")
        days = ", ".join(
            f"{label(f'extract.{name}', self.language)}: {day(date.fromisoformat(asof), self.language)}"
            for name, asof in self.found.extracts.items()
        )
        self._say(self._text("extracts", days=days), "dim")
        if self.found.redelivered:
            names = ", ".join(label(f"extract.{name}", self.language) for name in self.found.redelivered)
            self._say(self._text("redelivered", extracts=names), "yellow")
        if self.found.fields is None:
            self._say(self._text("not_kept"))
            return
        table = Table(*(word("column", c, self.language) for c in ("field", "applied", "registered", "same")))
        for field in self.found.fields:
            same = "" if field.same is None else self._value(field.same)
            style = "red" if field.same is False else ""
            name = word("field", field.name, self.language)
            table.add_row(name, self._value(field.applied), self._value(field.registered), same, style=style)
        self.console.print(table)
        if not self.found.registered:
            self._say(self._text("not_registered"), "red")

    def _rules(self) -> None:
        from pipeline.reports.language.labels import label
        from pipeline.reports.language.numbers import day

        self._heading("rules", day=day(self.found.wave.closing_day, self.language))
        table = Table(*(word("column", c, self.language) for c in ("rule", "layer", "verdict", "source")))
        for rule in self.found.rules:
            table.add_row(
                rule.code,
                label(f"layer.{rule.layer}", self.language),
                word("verdict", rule.verdict, self.language),
                rule.source,
                style=_STYLE[rule.verdict],
            )
        self.console.print(table)

    def _draw(self) -> None:
        from pipeline.reports.language.labels import label
        from pipeline.reports.language.numbers import integer

        decision, wave = self.found.decision, self.found.wave
        self._heading("draw")
        if decision["position"] is None:
            self._say(self._text("not_drawn"))
            return
        counts = {"position": decision["position"], "listed": self.found.listed, "quota": wave.quota}
        shown = {name: integer(value, self.language) for name, value in counts.items()}
        shown |= {"tier": label(f"tier.{decision['tier']}", self.language), "draw": decision["draw"], "seed": wave.seed}
        if ticket := decision.get("ticket"):
            self._say(self._text("ticket", ticket=ticket))
        self._say(self._text("drawn", id=ticket or decision["registration_id"], **shown))
        if decision["rank"] is not None:
            self._say(self._text("ranked", rank=integer(decision["rank"], self.language)))

    def _photo(self) -> None:
        from pipeline.reports.language.labels import label
        from pipeline.reports.language.numbers import decimal

        decision, policy = self.found.decision, self.found.thresholds
        self._heading("photo")
        if not decision["selfie_verified"] or policy is None:
            self._say(self._text("not_verified"))
            return
        result = decision["selfie_decision"]
        shown = label(f"decision.{result}", self.language) if result else self._text("unknown")
        known = decision["similarity"]
        similarity = self._text("unknown") if known is None else decimal(known, self.language, 2)
        self._say(self._text("compared", decision=shown, similarity=similarity))
        points = {key: decimal(policy[key], self.language, 2) for key in ("match", "doubt")}
        self._say(self._text("thresholds", model=policy["model"], **points), "dim")
        self._card(self.found.photo or {}, policy)
        for name, score, point in scores(self.found.photo or {}, policy):
            values = {"score": decimal(score, self.language, 2), "point": decimal(point, self.language, 2)}
            seen = "yellow" if score >= point else "dim"
            self._say(self._text("score", defect=label(f"defect.{name}", self.language), **values), seen)

    def _card(self, photo: dict[str, Any], policy: dict[str, Any]) -> None:
        from pipeline.reports.language.labels import label
        from pipeline.reports.language.numbers import decimal
        from pipeline.selfie.policy import lifting_point

        if card := photo.get("card"):
            self._say(self._text("card", state=label(f"card.{card}", self.language)))
        if (alike := photo.get("card_face")) is not None:
            self._say(self._text("card_face", similarity=decimal(alike, self.language, 3)))
            if (point := lifting_point(policy.get("card_face"), policy["match"])) is not None:
                self._say(self._text("card_lifts", point=decimal(point, self.language, 3)), "dim")

    def _decision(self) -> None:
        from pipeline.reports.language.labels import label

        decision = self.found.decision
        self._heading("decision")
        self._say(label(f"outcome.{decision['outcome']}", self.language), "bold")
        for code in decision["reasons"]:
            self._say(f"{code}: {reasons.message(code, self.language, decision['outcome'])}", "red")
        if self.found.stands:
            self._say(self._text("stands", ids=", ".join(self.found.stands)))
        for code in (code for code in decision["warnings"] if code not in decision["reasons"]):
            noted = self._text("noted")
            self._say(f"{noted} – {code}: {reasons.message(code, self.language)}", "yellow")

    def _published(self) -> None:
        done = self.found.published
        if self.found.decision["outcome"] != "accepted" and not (done and (done.rank or done.withdrawn_from)):
            return
        self._heading("publication")
        if done and done.withdrawn_from:
            before = self._text("withdrawn", before=done.withdrawn_from, revision=done.revision, decree=done.decree)
            self._say(before, "red")
        if done is None:
            self._say(self._text("unpublished"))
        elif done.rank is not None:
            self._say(self._text("published", revision=done.revision, decree=done.decree, rank=done.rank))
        elif self.found.decision["outcome"] == "accepted":
            self._say(self._text("removed", revision=done.revision, decree=done.decree), "red")
            for code in done.removed_for or []:
                self._say(f"{code}: {reasons.message(code, self.language, done.decided)}", "red")

    def _next(self) -> None:
        self._heading("next")
        for line in self.letter().splitlines():
            self._say(line)

    def letter(self) -> str:
        """What the applicant reads: the letter of the newest revision, if it wrote one; else that of the decision."""
        from pipeline.reports.messages.letters import write_letter
        from pipeline.reports.messages.notices import next_wave
        from pipeline.reports.messages.paragraphs import paragraph

        decision, wave, done = self.found.decision, self.found.wave, self.found.published
        if done and done.letter:
            return done.letter[self.language]
        outcome, codes = decision["outcome"], decision["reasons"]
        matched, reviewed = decision["selfie_decision"] == "match", bool(decision.get("reviewed"))
        if done and done.removed_for and done.decided:
            outcome, codes, matched = done.decided, done.removed_for, bool(decision["selfie_verified"])
            reviewed = reviewed if done.reviewed is None else done.reviewed
        elif done and done.rank is not None:
            outcome, codes = "accepted", []
        elif done and outcome == "accepted":  # taken out without a reason
            outcome = "reserve"
        following = next_wave(self.store, wave)
        withdrawn = bool(done and done.withdrawn_from)
        how = {"reviewed": reviewed, "matched": matched, "withdrawn": withdrawn}
        letter = write_letter(wave, outcome, codes, following, **how)
        return f"{letter.email[self.language]}\n{paragraph(wave, 'code', self._code(), self.language)}"

    def _code(self) -> str:
        return short_code(self.found.wave.number, self.found.decision["registration_id"])

    def _value(self, value: Any) -> str:
        from pipeline.reports.language.numbers import moment

        if value is None:
            return ""
        if isinstance(value, bool):
            return self._text("yes" if value else "no")
        if isinstance(value, datetime):
            return moment(value, self.language)
        return value.isoformat() if isinstance(value, date) else str(value)
