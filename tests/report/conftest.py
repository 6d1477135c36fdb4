"""A folder to report on, and Debian's Chromium to open the page with."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page

from dataset_builder.__main__ import main
from dataset_builder.publishing.folder import column_types
from dataset_builder.report.page import write_report
from dataset_builder.row import features
from tests.support.browser import chromium

Row = dict[str, Any]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the sample questions; to be read only."""
    out = tmp_path_factory.mktemp("report") / "sample"
    assert main(["build", "kg_only", "--out", str(out)]) == 0
    return out


@pytest.fixture
def planted(sample: Path, tmp_path: Path) -> Callable[[Callable[[list[Row]], list[Row]]], Path]:
    """The sample's folder with what a function makes of its published rows; new columns are those of row.py."""

    def plant(change: Callable[[list[Row]], list[Row]]) -> Path:
        folder = tmp_path / "planted"
        shutil.copytree(sample, folder)
        file = folder / "data/train-00000-of-00001.parquet"
        rows = change(pq.read_table(file).to_pylist())
        table = pa.Table.from_pylist(rows, schema=features(list(rows[0])).arrow_schema)
        pq.write_table(table, file)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["columns"], manifest["rows"]["train"] = column_types(table.schema), len(rows)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return plant


def with_relevance(rows: list[Row]) -> list[Row]:
    """The rows with a relevance of their first path alone."""
    for row in rows:
        for number, path in enumerate(row["paths"]):
            path["relevance"] = None if number else 0.256
    return rows


def manifest_of(folder: Path) -> Row:
    """The manifest of a folder."""
    return json.loads((folder / "manifest.json").read_text())


def rows_of(folder: Path) -> list[Row]:
    """All rows of a folder in the order of the page."""
    splits = manifest_of(folder)["rows"]
    place = "candidates" if (folder / "candidates").is_dir() else "data"
    return [
        row
        for split in splits
        for row in pq.read_table(folder / place / f"{split}-00000-of-00001.parquet").to_pylist()
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Report:
    """An open page, and what the browser said while it was open."""

    def __init__(self, page: Page, file: Path, address: str) -> None:
        self.page, self.file, self.errors, self.requests = page, file, list[str](), list[str]()
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri() + address)
        self.found()

    def wait(self, condition: str) -> None:
        """Until it holds. Playwright's own waiting evaluates texts in the page, which the page's policy forbids."""
        until = time.monotonic() + 20
        while not self.page.evaluate(condition):
            assert time.monotonic() < until, condition
            self.page.wait_for_timeout(20)

    def found(self) -> int:
        """How many rows are shown, when that is known."""
        self.wait("document.getElementById('list').ariaBusy === 'false'")
        return int((self.page.text_content("#found") or "").split()[0].replace(",", ""))

    def choose(self, facet: str, value: str) -> int:
        """Set a filter; how many rows are left."""
        self.page.select_option(f"#by-{facet}", value)
        return self.found()

    def search(self, words: str) -> int:
        """Type into the search field; how many rows are left."""
        self.page.fill("#search", words)
        self.wait(f"(new URLSearchParams(location.hash.slice(1)).get('q') || '') === {json.dumps(words)}")
        return self.found()

    def open(self, number: int) -> Any:
        """Open the row at this position of the shown ones; the locator of what it shows."""
        item = self.page.locator("#list > li").nth(number)
        item.locator("button").first.click()
        item.locator(".detail .links").wait_for()
        return item.locator(".detail")

    def facets(self, name: str) -> dict[str, int]:
        """What a filter offers, with its counts."""
        texts = self.page.locator(f"#by-{name} option").all_text_contents()[1:]
        return {text.rsplit(" (")[0]: int(text.rsplit(" (")[1].strip(")").replace(",", "")) for text in texts}


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Report]]:
    """Opens the report of a folder. At the end: nothing was requested but the page and its files, and nothing was complained of."""
    pages: list[Report] = []

    def open_report(folder: Path, address: str = "", **context: Any) -> Report:
        file = tmp_path / f"page-{len(pages)}.html"
        write_report(folder, file)
        pages.append(Report(browser.new_context(**context).new_page(), file, address))
        return pages[-1]

    yield open_report
    for report in pages:
        assert report.errors == []
        assert all(url.startswith("file:///") and "page-" in url for url in report.requests), report.requests
        assert (
            len(report.requests) == 1
            or report.file.with_name(f"{report.file.stem}_rows").exists()
            or not report.requests
        )
        report.page.context.close()
