"""The page tells nothing of where a text comes from."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.publishing.layout import question_files, read_rows
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.review.page import data_of, page_of, parts_of
from dataset_builder.review.sample import Case, Judged
from dataset_builder.review.study import Placed
from tests.support.reviews import study_of

SHOWN = ("question", "context", "options", "rationale")
DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value, at any depth; keys too."""
    if isinstance(value, dict):
        yield from (name for key, part in value.items() for name in (str(key), *texts_in(part)))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts_in(part))
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def data_in(page: Path) -> dict[str, Any]:
    found = DATA.search(page.read_text("utf-8"))
    assert found
    return json.loads(found[2])


def without_data(page: Path, study: str, rater: str) -> str:
    """All of a page but its cases, with study and rater blanked."""
    return DATA.sub(r"\1\3", page.read_text("utf-8")).replace(study, "STUDY").replace(rater, "RATER")


@pytest.fixture(scope="module")
def study(built: Path, other: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("secret-place") / "pages"
    return out, study_of(out, built, "--b", str(other), "--items", "8", "--raters", "2")


def test_the_cases_have_the_shown_texts_and_nothing_else(built: Path, other: Path, study: tuple[Path, dict]) -> None:
    out, key = study
    rows = {side: {row["id"]: row for row in rows_of(folder)} for side, folder in (("a", built), ("b", other))}
    for rater, items in key["raters"].items():
        data = data_in(out / f"{rater}.html")
        assert data.keys() == {"version", "study", "rater", "items"}
        for page, item in zip(data["items"], items, strict=True):
            row = rows["a"][item["id"]]
            assert page == {
                "question": row["question"],
                "context": row["context"],
                "options": [[option["label"], option["text"]] for option in row["options"]],
                "texts": [parts_of(rows[text["side"]][item["id"]]["rationale"]) for text in item["texts"]],
            }


def test_all_but_the_cases_is_the_same_for_other_folders(
    other: Path, study: tuple[Path, dict], built: Path, tmp_path: Path
) -> None:
    """So nothing outside of the cases can depend on a folder, its manifest or its rows."""
    out, key = study
    turned = study_of(tmp_path / "turned", other, "--b", str(built), "--items", "8", "--raters", "2", "--seed", "5")
    assert key["study"] != turned["study"]
    assert len({without_data(out / f"{r}.html", key["study"], r) for r in key["raters"]}) == 1
    first, second = (
        without_data(p / "rater-1.html", k["study"], "rater-1") for p, k in ((out, key), (tmp_path / "turned", turned))
    )
    assert first == second


def test_no_other_value_of_rows_manifest_or_paths_is_in_a_page(
    built: Path, other: Path, study: tuple[Path, dict]
) -> None:
    out, key = study
    pages = [(out / f"{rater}.html").read_text("utf-8") for rater in key["raters"]]
    shown = " ".join(text for rater in key["raters"] for text in texts_in(data_in(out / f"{rater}.html")["items"]))
    secret: set[str] = {*(str(folder) for folder in (built, other, out)), built.name, other.name, str(built.parent)}
    for folder in (built, other):
        manifest = read_manifest(folder)
        secret |= set(texts_in(manifest))
        for row in rows_of(folder):
            secret |= {text for name, value in row.items() if name not in SHOWN for text in texts_in(value)}
    secret |= {text["text_hash"] for items in key["raters"].values() for item in items for text in item["texts"]}
    template = without_data(out / "rater-1.html", key["study"], "rater-1")
    told = {value for value in secret if len(value) > 3 and value not in shown and value not in template}
    assert (
        len(told) > 300
        and {"kg_only", manifest["content_hash"], str(built), key["raters"]["rater-1"][0]["id"]} <= told
    )
    assert [value for value in sorted(told) for page in pages if value in page] == []


def test_the_words_of_the_template_name_no_pipeline_model_or_folder(study: tuple[Path, dict]) -> None:
    out, key = study
    template = without_data(out / "rater-1.html", key["study"], "rater-1").lower()
    for word in (
        "kg_only",
        "medreason",
        "reasonmed",
        "primekg",
        "verdict",
        "support_share",
        "tier",
        "gold",
        "writer",
        "model",
        "folder",
        "side",
    ):
        assert not re.search(rf"\b{word}\b", re.sub(r"<(style|script).*?</\1>", "", template, flags=re.DOTALL)), word


def test_no_text_ends_the_element_that_it_is_in() -> None:
    hostile = "</script><script>alert(1)</script><!-- & \u2028 ]]>"
    case = Case("q", hostile, hostile, (("A", hostile),), (Judged("a", "q", f"1. {hostile}"),))
    page = page_of("s", "rater-1", [Placed(case, case.texts)])
    found = DATA.search(page)
    assert found and json.loads(found[2]) == data_of("s", "rater-1", [Placed(case, case.texts)])
    assert page.count("<script") == 3 and page.count("</script>") == 3


@given(st.text(alphabet=st.sampled_from("ab1.-# \n*:"), max_size=80))
def test_no_word_of_a_text_is_left_out(text: str) -> None:
    parts = parts_of(text)
    assert "".join("".join(part["text"].split()) for part in parts) == "".join(text.split())
    numbers = [part["step"] for part in parts if part["step"]]
    assert numbers == list(range(1, len(numbers) + 1))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return list(read_rows(*(folder / name for name in question_files(read_manifest(folder))["train"])))
