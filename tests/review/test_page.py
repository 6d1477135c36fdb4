"""The page in Debian's Chromium: by keyboard, with a reload in the middle, to a file that is imported; nothing is requested or complained of."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from dataset_builder.__main__ import main
from dataset_builder.publishing.reviews.config import FILE
from dataset_builder.publishing.verify import verify
from tests.support.reviews import copy_of, export, records, study_of

pytestmark = pytest.mark.slow
Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a page, in a browser profile of its own. At the end: nothing but the file was requested, and nothing was complained of."""
    said, pages = list[str](), list[Page]()

    def open_page(file: Path, **context: Any) -> Page:
        page = browser.new_context(**context).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert [line for line in said if not line.startswith("blob:")] == []


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def marked(page: Page) -> str:
    """The name of the question that has the focus."""
    return page.evaluate("document.activeElement.name || document.activeElement.id || document.activeElement.tagName")


def count(page: Page) -> str:
    return page.text_content("#count") or ""


def exported(page: Page, file: Path) -> list[dict[str, Any]]:
    """Go to the overview by key, and export by keyboard."""
    keys(page, "e")
    page.focus("#export")
    with page.expect_download() as download:
        keys(page, "Enter")
    assert download.value.suggested_filename == "rater-1.jsonl"
    download.value.save_as(file)
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def begin(page: Page) -> None:
    """Fill in the first screen, and begin."""
    page.focus("#specialty")
    page.keyboard.type("nephrology 1")  # its digit is no answer
    keys(page, "Tab")
    page.keyboard.type("7")
    page.focus("#begin")
    keys(page, "Enter")
    assert marked(page) == "H1"


def answer_case(page: Page, steps: list[int]) -> None:
    """Answer a case of which the texts have so many steps, by digits alone."""
    for number in steps:
        keys(page, *"123412341234"[:number], "5", "4", "3", "2")
    if len(steps) > 1:
        keys(page, "2")
    assert marked(page) == "on"


def test_a_review_by_keyboard_with_a_reload_to_an_import(
    built: Path, other: Path, opened: Open, tmp_path: Path
) -> None:
    folders = copy_of(built, tmp_path / "a"), copy_of(other, tmp_path / "b")
    key = study_of(tmp_path / "study", folders[0], "--b", str(folders[1]), "--items", "3", "--raters", "1")
    steps = [[text["steps"] for text in item["texts"]] for item in key["raters"]["rater-1"]]
    file = tmp_path / "study/rater-1.html"
    page = opened(file)
    begin(page)
    answer_case(page, steps[0])
    assert count(page) == "1 of 3 complete"
    keys(page, "Enter", "1", "k", "3", "c")
    page.keyboard.type("Dose é < 5 & wrong")
    page.eval_on_selector("#comment-1", "one => { one.value = '\\ud83d cut'; one.dispatchEvent(new Event('input')); }")
    keys(page, "Escape", "j")
    page.reload()
    assert page.text_content("#where") == "Case 2 of 3" and count(page) == "1 of 3 complete"
    assert page.input_value("#comment-0") == "Dose é < 5 & wrong"
    assert page.is_checked("input[name=step-0-1][value=unsupported]")
    keys(page, *"234123412341"[: steps[1][0] - 1], "5", "4", "3", "2", *"123412341234"[: steps[1][1]], *"5555", "3")
    assert count(page) == "2 of 3 complete"
    keys(page, "n", "x")
    assert count(page) == "3 of 3 complete"
    found = exported(page, tmp_path / "rater-1.jsonl")
    assert "All 3 cases are complete" in (page.text_content("#summary") or "")
    assert [(one["item"], one["specialty"], one["years"]) for one in found] == [
        (n, "nephrology 1", 7) for n in (1, 2, 3)
    ]
    labels = ["correct", "wrong", "unsupported", "irrelevant"]
    assert found[0]["texts"][0]["steps"] == [labels[place % 4] for place in range(steps[0][0])]
    scores = {name: found[0]["texts"][1][name] for name in ("accuracy", "coherence", "relevance", "usefulness")}
    assert scores == {"accuracy": 5, "coherence": 4, "relevance": 3, "usefulness": 2}
    assert [one["preferred"] for one in found] == ["2", "none", None] and found[2]["cannot_judge"] is True
    assert found[1]["texts"][0]["comment"] == "Dose é < 5 & wrong" and found[1]["texts"][1]["comment"] == "\ufffd cut"
    assert found[1]["texts"][0]["steps"][0] == "unsupported"
    given = ["--study", str(tmp_path / "study/key.json"), str(tmp_path / "rater-1.jsonl")]
    assert main(["review-import", str(folders[0]), "--b", str(folders[1]), *given]) == 0
    for folder in folders:
        assert (folder / FILE).is_file() and verify(folder).wrong == []


def test_a_file_goes_on_at_another_machine(built: Path, opened: Open, tmp_path: Path) -> None:
    key = study_of(tmp_path / "study", built, "--items", "3", "--raters", "2")
    file = tmp_path / "study/rater-1.html"
    half = records(key, "rater-1")
    half[2]["texts"][0]["accuracy"], half[1]["texts"][0]["comment"] = None, "later"
    page = opened(file)
    page.set_input_files("#load", export(tmp_path / "half.jsonl", half))
    page.wait_for_selector("text=Continue (2 of 3 complete)")
    assert page.input_value("#specialty") == "cardiology" and page.input_value("#years") == "12"
    assert exported(page, tmp_path / "again.jsonl") == half
    keys(page, "h")
    page.focus("#begin")
    keys(page, "Enter", "5", "5")  # the first open question, which is out of view, so the first key only goes there
    half[2]["texts"][0]["accuracy"] = 5
    assert exported(page, tmp_path / "again.jsonl") == half
    # an answer that is there is replaced only if the rater says so
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.set_input_files("#load-here", export(tmp_path / "new.jsonl", records(key, "rater-1", cannot_judge=True)))
    page.wait_for_timeout(200)
    assert exported(page, tmp_path / "again.jsonl") == half
    page.once("dialog", lambda dialog: dialog.accept())
    page.set_input_files("#load-here", tmp_path / "new.jsonl")
    page.wait_for_selector("text=All 3 cases are complete")
    assert all(one["cannot_judge"] for one in exported(page, tmp_path / "again.jsonl"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torn", "Line 3: it is not a whole record; was the file cut?"),
        ("other rater", 'Line 1: rater is "rater-2", and this page has "rater-1"'),
        ("twice", "Line 4: case 1 is there twice"),
        ("value", "Line 1: the answers do not fit case 1"),
        ("empty", "The file has no record"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(
    name: str, said: str, built: Path, opened: Open, tmp_path: Path
) -> None:
    key = study_of(tmp_path / "study", built, "--items", "3", "--raters", "2")
    found = records(key, "rater-2" if name == "other rater" else "rater-1")
    if name == "value":
        found[0]["texts"][0]["accuracy"] = 6
    lines = [json.dumps(one) for one in found] + ([json.dumps(found[0])] if name == "twice" else [])
    text = "" if name == "empty" else "\n".join(lines)
    (tmp_path / "file.jsonl").write_text(text[:-9] if name == "torn" else text)
    page = opened(tmp_path / "study/rater-1.html")
    page.set_input_files("#load", tmp_path / "file.jsonl")
    page.wait_for_selector("#trouble:not([hidden])")
    assert said in (page.text_content("#trouble") or "")
    assert page.text_content("#begin") == "Begin"


def test_raters_do_not_see_each_others_answers_and_digits_can_be_switched_off(
    built: Path, opened: Open, tmp_path: Path
) -> None:
    study_of(tmp_path / "study", built, "--items", "2", "--raters", "2")
    page = opened(tmp_path / "study/rater-1.html")
    page.click("#begin")
    keys(page, "1", "k", "0")
    assert page.locator("#item input:checked").count() == 0
    keys(page, "1")
    assert page.is_checked("input[name=step-0-1][value=correct]")
    page = page.context.new_page()
    page.goto((tmp_path / "study/rater-2.html").as_uri())
    assert page.text_content("#begin") == "Begin"
    page.uncheck("#shortcuts")
    page.click("#begin")
    keys(page, "1", "x", "e")
    assert page.text_content("#where") == "Case 1 of 2" and page.locator("#item input:checked").count() == 0
    page.focus("input[name=step-0-1]")
    keys(page, "Space", "ArrowRight")
    assert page.is_checked("input[name=step-0-1][value=wrong]")
    assert page.locator("kbd").first.is_hidden()


def test_a_page_that_is_open_twice_shows_the_same_and_can_be_emptied(
    built: Path, opened: Open, tmp_path: Path
) -> None:
    study_of(tmp_path / "study", built, "--items", "2", "--raters", "1")
    page = opened(tmp_path / "study/rater-1.html")
    page.click("#begin")
    again = page.context.new_page()
    again.goto(page.url)
    keys(page, "3")
    again.wait_for_selector("input[name=step-0-1][value=unsupported]:checked")
    keys(page, "e")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#forget")
    assert page.text_content("#begin") == "Begin"
    page.reload()
    assert page.text_content("#begin") == "Begin"


def test_every_question_has_a_name_for_a_screen_reader(built: Path, other: Path, opened: Open, tmp_path: Path) -> None:
    key = study_of(tmp_path / "study", built, "--b", str(other), "--items", "2", "--raters", "1")
    page = opened(tmp_path / "study/rater-1.html")
    page.click("#begin")
    number = key["raters"]["rater-1"][0]["texts"][1]["steps"]
    assert page.get_by_role("group", name=f"Step 1 of {number}, Text 2", exact=True).count() == 1
    for place in (1, 2):
        assert page.get_by_role("group", name=re.compile(f"^Text {place}: ?Medical accuracy")).count() == 1
        assert page.get_by_role("textbox", name=f"Comment, Text {place}").count() == 1
    assert page.get_by_role("group", name="Which text is better?").get_by_role("radio").count() == 3
    assert page.get_by_role("checkbox", name="I cannot judge this case").count() == 1
    assert page.get_by_role("progressbar", name="Complete cases").count() == 1
    names = page.eval_on_selector_all("fieldset", "all => all.map(one => one.querySelector('legend').textContent)")
    assert len(set(names)) == len(names)
    described = page.eval_on_selector_all(
        "fieldset.label",
        "all => all.map(one => document.getElementById(one.getAttribute('aria-describedby')).textContent)",
    )
    assert len(described) == sum(text["steps"] for text in key["raters"]["rater-1"][0]["texts"]) and all(described)


def test_a_narrow_window_needs_no_sideways_scrolling(built: Path, other: Path, opened: Open, tmp_path: Path) -> None:
    study_of(tmp_path / "study", built, "--b", str(other), "--items", "2", "--raters", "1")
    page = opened(tmp_path / "study/rater-1.html", viewport={"width": 320, "height": 640})
    for press in ("", "1", "e"):
        if press == "1":
            page.click("#begin")
        keys(page, *press)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
