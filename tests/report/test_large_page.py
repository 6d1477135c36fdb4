"""A page of many rows, whose blocks are in it or, above a number of rows, files beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dataset_builder.report import block_files
from tests.report.conftest import Report, Row, rows_of

Open = Callable[..., Report]
Plant = Callable[[Callable[[list[Row]], list[Row]]], Path]


@pytest.mark.slow
@pytest.mark.parametrize("in_page", [50_000, 1_000])
def test_a_page_of_many_rows(opened: Open, planted: Plant, in_page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_files, "ROWS_IN_PAGE", in_page)

    def plant(rows: list[Row]) -> list[Row]:
        return [
            row | {"id": f"{row['id']}-{n}", "question": f"Case {n}. {row['question']}"}
            for n in range(400)
            for row in rows
        ]

    folder = planted(plant)
    report, every = opened(folder), rows_of(folder)
    assert report.found() == len(every) > 20_000
    assert report.search("case 399.") == sum(row["question"].startswith("Case 399.") for row in every) > 0
    assert "Case 399." in (report.open(7).locator(".question").text_content() or "")
    assert report.search("") == len(every)
    report.page.click("#after")
    report.found()
    assert report.page.text_content("#page") == f"page 2 of {-(-len(every) // 50)}"
    assert report.page.locator("#list > li").count() == 50
    assert report.page.text_content("#found") == f"{len(every):,} rows"
    assert (
        len(report.requests) == 1 if in_page > len(every) else len(report.requests) > 80
    )  # the blocks that were searched


def test_a_large_page_without_the_folder_beside_it_says_so(
    opened: Open, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_files, "ROWS_IN_PAGE", 10)
    report = opened(sample)
    [beside] = report.file.parent.glob("*_rows")
    beside.rename(beside.with_name("elsewhere"))
    report.page.reload()
    report.wait("document.getElementById('found').textContent.includes('belongs beside this page')")
    assert f"{beside.name}/" in (report.page.text_content("#found") or "")
    report.errors.clear()
    report.requests.clear()
