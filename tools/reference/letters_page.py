"""The page of docs/reference that shows every letter for reading; ``tools/reference_pages.py`` writes it."""

from __future__ import annotations

from datetime import datetime

from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from pipeline.domain.short_code import short_code
from pipeline.reports.messages.letters import SMS_LENGTH, Letter, texts, write_letter
from pipeline.reports.messages.paragraphs import paragraph
from pipeline.reports.messages.telling import SUPERSEDED, letter_items, table
from tools.reference import markdown

_WAVES = [
    Wave(n, datetime(2021, 2, day), datetime(2021, 2, day + 3, 23, 59, 59), 600, "seed", "")
    for n, day in ((12, 16), (13, 23))
]
_ID = "0012-00000001"
_HEAD = """# Every letter

What an applicant of wave 12 is sent; the next wave is 13. An SMS has at most {length} characters of GSM 03.38, so it
is one message. With several reasons the e-mail has a paragraph for each, and the SMS as many as fit, then how many
more there are. The words are in `pipeline/reports/messages/notices.toml` and `pipeline/domain/reasons.toml`.

## What a letter says

How much a letter tells depends on how sure it is that the reader is the person
(`pipeline/reports/messages/telling.toml`):

| contact confirmed | name, birth date, KK agree | selfie matched | the letter tells |
|---|---|---|---|
| any | no | any | what the applicant wrote; of the registers only that it does not agree |
| yes | yes | yes | every reason |
| any | yes | no or not looked at | every reason without a group; else the group, and how to prove oneself |
| no | yes | any | the same |

The letter about an application that another one of the same person replaces says only that. Groups come last, so that
their place reveals nothing; letters with the same words have one number in `notices.csv`.

"""


def _whole(title: str, letter: Letter, *, closing: bool = True) -> str:
    """One letter in both languages."""
    lines = [f"### {title}\n"]
    for language, name in (("id", "Indonesian"), ("en", "English")):
        email = letter.email[language]
        if closing:
            code = paragraph(_WAVES[0], "code", short_code(12, _ID), language)
            email = f"{email}\n\n{code}"
        else:  # the last paragraphs are the same in every letter
            email = "\n\n".join(email.split("\n\n")[:-3])
        quoted = "\n".join(f"> {line}".rstrip() for line in email.splitlines())
        lines += [f"{name}. SMS: {letter.sms[language]}\n", f"> **{letter.subject[language]}**\n>\n{quoted}\n"]
    return "\n".join(lines) + "\n"


def letters_page() -> str:
    """Every letter of one outcome or reason, as it is sent."""
    wave, following = _WAVES

    def refused(*codes: str, matched: bool = False) -> Letter:
        return write_letter(wave, "rejected", codes, following, matched=matched)

    rows = [
        [f"`{code}`", "the replaced letter" if code == SUPERSEDED else group or "itself", "yes" if mend else "–"]
        for code, group, mend in table()
    ]
    parts = [_HEAD.format(length=SMS_LENGTH), markdown.table(["reason", "given as", "something to correct"], rows)]
    parts.append("\n## Whole letters\n")
    parts += [_whole(outcome, write_letter(wave, outcome, [], following)) for outcome in ("accepted", "reserve")]
    parts.append(_whole("review", write_letter(wave, "review", [], following)))
    taken_back = write_letter(wave, "reserve", [], following, withdrawn=True)
    parts.append(_whole("a place that a revision takes back", taken_back))
    parts.append(_whole("replaced by another application", refused(SUPERSEDED)))
    parts.append(_whole("`email_unverified` and group records", refused("email_unverified", "deceased")))
    parts.append(_whole("`glasses` and `dark`, with a photo retry", refused("glasses", "dark")))
    parts.append("\n## Groups\n\nFrom here on without the closing paragraphs.\n")
    for group in texts()["group"]:
        member = next(code for code, name, _ in table() if name == group)
        parts.append(_whole(f"group {group}", refused(member), closing=False))
    parts.append("\n## Reasons\n")
    for code, group, _ in table():
        if [item.name for item in letter_items([code], matched=True)] == [code] != [SUPERSEDED]:
            note = f"`{code}`" + (" (to a person who has shown who they are)" if group else "")
            parts.append(_whole(note, refused(code, matched=bool(group)), closing=False))
    return "\n".join(part.strip("\n") + "\n" for part in parts).replace(settings().contact, "www.prakerja.go.id")
