"""The public page on which anybody draws a wave again: a real Chromium, from a file, right and tampered folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pipeline.draw import merkle
from tests.browser.test_pages import show
from tests.public_folder import ROUNDS, Wave, write, write_json

FILES = ("commitment.json", "draw.json", "eligible.txt", "priority.txt", "outcomes.csv")
WAVES = {
    "after_draw": Wave(),
    "refill": Wave(refill=True, seed=2),
    "before_draw": Wave(selfie="before_draw", quota=25, seed=3),
    "off": Wave(selfie="off", quota=30, seed=4),
    "few listed": Wave(listed=0.05, refill=True, priority_share=1, seed=5),
    "few in public": Wave(listed=0.95, quota=40, priority_share=0.29, seed=6),
    "more places than people": Wave(quota=500, refill=True, seed=7),
    "one person": Wave(n=1, quota=1, seed=8, beyond_kk=0),
    "nobody": Wave(n=0, quota=5, seed=9),
    "no places": Wave(quota=0, seed=10),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "public", WAVES["after_draw"])


def opened(browser: Browser, folder: Path, language: str = "en", **options) -> Page:
    """The page with its folder chosen and checked; nothing was fetched, and the console is silent."""
    page, trouble = show(browser, folder / "verify.html", **options)
    if language == "en":
        page.click("text=English")
    page.set_input_files("#files", [folder / name for name in FILES])
    page.locator("#result").wait_for(timeout=20_000)
    assert trouble == []
    return page


def states(page: Page) -> list[str]:
    return [item.get_attribute("class") or "" for item in page.locator("#checks > li").all()]


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES.keys())
def test_a_right_folder_is_the_same(wave: Wave, browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, write(tmp_path / "public", wave))
    assert page.locator("#verdict").inner_text().startswith("The same. Wave 12:"), page.locator("#checks").inner_text()
    assert states(page) == ["same"] * 9


def swap_ranks(folder: Path) -> None:
    """The first two accepted change their ranks."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    one, other = [n for n, line in enumerate(lines) if ",accepted," in line][:2]
    first, second = lines[one].rsplit(",", 1), lines[other].rsplit(",", 1)
    lines[one], lines[other] = f"{first[0]},{second[1]}", f"{second[0]},{first[1]}"
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def swap_outcomes(folder: Path) -> None:
    """The last of the reserve takes the place of the last accepted, rank and all."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    out = [n for n, line in enumerate(lines) if ",accepted," in line][-1]
    in_ = [n for n, line in enumerate(lines) if ",reserve," in line][-1]
    rank = lines[out].rsplit(",", 1)[1]
    lines[out] = ",".join([*lines[out].split(",")[:3], "reserve", ""])
    lines[in_] = ",".join([*lines[in_].split(",")[:3], "accepted", rank])
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def swap_rows(folder: Path) -> None:
    """Two tickets change places in the order."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    one, other = lines[3].split(","), lines[4].split(",")
    one[1], other[1] = other[1], one[1]
    lines[3:5] = [",".join(one), ",".join(other)]
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def drop_row(folder: Path) -> None:
    text = (folder / "outcomes.csv").read_text().splitlines(keepends=True)
    (folder / "outcomes.csv").write_text("".join(text[:-1]))


def other_ticket(folder: Path) -> None:
    """The first ticket of the list gives way to another one, which stands there in order."""
    text = (folder / "eligible.txt").read_text()
    (folder / "eligible.txt").write_text("0" * 64 + text[64:])


def unsorted(folder: Path) -> None:
    lines = (folder / "eligible.txt").read_text().splitlines(keepends=True)
    (folder / "eligible.txt").write_text("".join(reversed(lines)))


def stranger_listed(folder: Path) -> None:
    (folder / "priority.txt").write_text((folder / "priority.txt").read_text() + "f" * 64 + "\n")


def one_less_listed(folder: Path) -> None:
    (folder / "priority.txt").write_text((folder / "priority.txt").read_text()[65:])


def record(**values: object) -> Callable[[Path], None]:
    """``draw.json`` says something else."""

    def change(folder: Path) -> None:
        write_json(folder / "draw.json", json.loads((folder / "draw.json").read_text()) | values)

    return change


def other_list_drawn_again(folder: Path) -> None:
    """A whole draw on another list, under the old seed: only the seed gives it away."""
    seed = json.loads((folder / "draw.json").read_text())["seed"]
    write(folder, Wave(seed=99))
    record(seed=seed)(folder)


def no_json(folder: Path) -> None:
    (folder / "draw.json").write_text("{")


def other_commitment(folder: Path) -> None:
    write_json(folder / "commitment.json", {"quota": 19, "beacon": "drand-quicknet", "round": 657413})


TAMPERED: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a rank swapped": (swap_ranks, "outcomes.csv", "has rank 2, the draw gives 1"),
    "a place given to another": (swap_outcomes, "outcomes.csv", "was passed over: the draw gives it place"),
    "two rows swapped": (swap_rows, "outcomes.csv", "is given position 3, the draw gives 4"),
    "a row gone": (drop_row, "outcomes.csv", "(position 60), and not in outcomes.csv"),
    "another ticket on the list": (other_ticket, "eligible.txt", "is not the file that was published"),
    "the list unsorted": (unsorted, "eligible.txt", "line 2: no ticket, out of order, or there twice"),
    "a stranger listed": (stranger_listed, "priority.txt", "is in priority.txt, and not in eligible.txt"),
    "one less listed": (one_less_listed, "priority.txt", "is not the file that was published"),
    "another seed": (record(seed="ab" * 32), "draw.json", "The seed ought to be"),
    "another list drawn": (other_list_drawn_again, "draw.json", "The seed ought to be"),
    "another round's signature": (record(signature=ROUNDS[1000]), "draw.json", "The signature gives fe290beca108"),
    "another root": (record(list_merkle_sha256="cd" * 32), "eligible.txt", "The root of this list is"),
    "another quota": (record(quota=21), "commitment.json", "“quota”: 20 was committed to, 21 was used"),
    "another round": (record(round=657414), "commitment.json", "“round”: 657413 was committed to"),
    "a form of another time": (record(form=1), "draw.json", "does not give “form” as it should"),
    "another commitment": (other_commitment, "commitment.json", "“quota”: 19 was committed to, 20 was used"),
    "a record that is none": (no_json, "draw.json", "draw.json is not JSON that can be read"),
}


@pytest.mark.parametrize(("tamper", "file", "said"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_was_tampered_with_is_named(
    tamper: Callable[[Path], None], file: str, said: str, folder: Path, browser: Browser
) -> None:
    tamper(folder)
    page = opened(browser, folder)
    verdict = page.locator("#verdict").inner_text()
    assert verdict.startswith("NOT the same.")
    assert file in verdict
    assert said in page.locator("#checks").inner_text()


def test_a_clean_file_is_not_named(folder: Path, browser: Browser) -> None:
    swap_ranks(folder)
    page = opened(browser, folder)
    assert page.locator("#verdict").inner_text() == "NOT the same. What differs: outcomes.csv."
    assert states(page) == ["same"] * 8 + ["differs"]


def test_the_whole_folder_may_be_chosen(folder: Path, browser: Browser) -> None:
    page, trouble = show(browser, folder / "verify.html")
    page.set_input_files("#folder", folder)
    expect(page.locator("#verdict")).to_contain_text("Sama. Gelombang 12: 60 tiket")
    assert trouble == []


def test_a_folder_above_two_public_ones_is_refused_in_words(folder: Path, browser: Browser, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "both" / "rev-1")
    shutil.copytree(folder, tmp_path / "both" / "rev-2")
    page, _ = show(browser, folder / "verify.html")
    page.set_input_files("#folder", tmp_path / "both")
    expect(page.locator("#trouble")).to_contain_text("ada dua kali")


def test_files_may_be_chosen_one_by_one(folder: Path, browser: Browser) -> None:
    page, _ = show(browser, folder / "verify.html")
    for n, name in enumerate(FILES, 1):
        expect(page.locator("#result")).to_be_hidden()
        page.set_input_files("#files", folder / name)
        expect(page.locator("#chosen >> text=✓")).to_have_count(n)
    expect(page.locator("#verdict")).to_contain_text("Sama.")


def test_own_ticket(folder: Path, browser: Browser) -> None:
    page = opened(browser, folder)
    rows = [line.split(",") for line in (folder / "outcomes.csv").read_text().splitlines()[1:]]
    names = {"accepted": "Accepted", "reserve": "Reserve", "kk_limit": "Limit per family card"}
    names |= {"rejected": "Rejected at a later check", "review": "Being looked at by a person"}
    for position, ticket, tier, outcome, rank in rows[::5]:
        page.fill("#ticket", f" {ticket.upper()} ")
        said = f"Published outcome: {names[outcome]}" + (f", rank {rank}." if rank else ".")
        expect(page.locator("#own")).to_contain_text(f"Position {position} of 60, tier {tier}.")
        expect(page.locator("#own")).to_contain_text(said)
    page.fill("#ticket", "0" * 64)
    expect(page.locator("#own")).to_contain_text("This ticket is NOT on the list.")
    page.fill("#ticket", "abc")
    expect(page.locator("#own")).to_contain_text("This has 3.")


def test_an_answer_from_a_tampered_folder_says_so(folder: Path, browser: Browser) -> None:
    swap_outcomes(folder)
    page = opened(browser, folder)
    page.fill("#ticket", (folder / "eligible.txt").read_text()[:64])
    expect(page.locator("#own")).to_contain_text("do not rely on this answer")


def proof_of(folder: Path, index: int) -> dict:
    """What `gelombang prove` gives."""
    tickets = (folder / "eligible.txt").read_text().split()
    path = [{"side": step.side, "hash": step.hash} for step in merkle.proof(tickets, index)]
    root = json.loads((folder / "draw.json").read_text())["list_merkle_sha256"]
    return {"wave": 12, "ticket": tickets[index], "list_merkle_sha256": root, "path": path}


def test_a_proof_is_checked_with_and_without_the_files(folder: Path, browser: Browser) -> None:
    page, _ = show(browser, folder / "verify.html")
    page.click("text=English")
    proof = proof_of(folder, 17)
    page.fill("#proof", json.dumps(proof, indent=2))
    expect(page.locator("#proven")).to_contain_text("Proven: ticket")
    expect(page.locator("#proven")).to_contain_text("compare it with list_merkle_sha256")
    page.set_input_files("#files", [folder / name for name in FILES])
    for index in (0, 31, 59):
        page.fill("#proof", json.dumps(proof_of(folder, index)))
        expect(page.locator("#proven")).to_contain_text("Proven: ticket")
        expect(page.locator("#proven")).to_contain_text("That is the root in draw.json")
    page.fill("#proof", json.dumps(proof | {"ticket": proof_of(folder, 18)["ticket"]}))
    expect(page.locator("#proven")).to_contain_text("NOT proven")
    page.fill("#proof", json.dumps(proof | {"list_merkle_sha256": "00" * 32, "path": []}))
    expect(page.locator("#proven")).to_contain_text("NOT proven")
    page.fill("#proof", json.dumps(proof))
    page.fill("#ticket", "0" * 64)
    expect(page.locator("#proven")).to_contain_text("not the one that you entered")
    for bad in ("{", "[]", "null", '{"path": 1}', json.dumps(proof | {"path": [{"side": "up", "hash": "00" * 32}]})):
        page.fill("#proof", bad)
        expect(page.locator("#proven")).to_contain_text("That is no proof")


def test_a_demonstration_is_marked(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, write(tmp_path / "public", Wave(beacon="demonstration")))
    assert "No draw of this kind may decide about people" in page.locator("#demonstration").inner_text()
    assert "drand.sh" not in page.locator("#cannot").inner_text()


def test_where_to_look_for_what_it_cannot_check(folder: Path, browser: Browser) -> None:
    text = opened(browser, folder).locator("#cannot").inner_text()
    assert "https://api.drand.sh/v2/beacons/quicknet/rounds/657413" in text
    assert "15 September 2023" in text or "September 15, 2023" in text
    assert ROUNDS[657413] in text


def test_the_language_goes_with_everything(folder: Path, browser: Browser) -> None:
    swap_ranks(folder)
    page = opened(browser, folder, "id")
    assert "TIDAK sama" in page.locator("#verdict").inner_text()
    page.click("text=English")
    assert "NOT the same" in page.locator("#verdict").inner_text()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "Ticket" in page.locator("#checks").inner_text()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    language: str, scheme: str, width: int, folder: Path, browser: Browser
) -> None:
    swap_ranks(folder)
    other_ticket(folder)
    page = opened(browser, folder, language, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.fill("#ticket", (folder / "eligible.txt").read_text()[65:129])
    page.fill("#proof", json.dumps(proof_of(folder, 3)))
    found = Axe().run(page)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


FORBIDDEN = {
    "a request": "fetch('https://example.org').catch(() => 0)",
    "a picture": "new Promise((r) => { const i = new Image(); i.onerror = r; i.src = 'https://example.org/x.png' })",
    "a script": """(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
                     document.body.append(s); if (window.ran) throw Error('it ran') })()""",
}


@pytest.mark.parametrize("what", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_what_the_policy_forbids_is_forbidden(what: str, folder: Path, browser: Browser) -> None:
    page, trouble = show(browser, folder / "verify.html")
    page.evaluate(f"(async () => {{ await {what} }})()")
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in text for text in trouble)
