"""What card and report say of experts' agreement is what their reviews give."""

import json
import re
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing.reviews.section import agreement_section
from dataset_builder.publishing.verify import read_manifest, verify
from dataset_builder.report.page import write_report
from tests.support.simulated_reviews import drawn, steps_in, with_reviews


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A build of the sample without reviews, with those of three raters, and with one that cannot be used."""
    place = tmp_path_factory.mktemp("section")
    plain = place / "plain"
    assert main(["build", "kg_only", "--rows", "24", "--out", str(plain)]) == 0
    rows = drawn(steps_in(plain), 3, 1)
    reviewed = with_reviews(plain, place / "reviewed", rows)
    return {"plain": plain, "reviewed": reviewed, "broken": with_reviews(plain, place / "broken", [rows[0] | {"accuracy": 9}])}  # fmt: skip


def section_lines(folder: Path) -> list[str]:
    return [line for line in verify(folder).wrong if "section on the agreement" in line]


def test_the_card_has_the_numbers_of_the_command(built: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "agreement.json"
    assert main(["agreement", str(built["reviewed"]), "--out", str(out)]) == 0
    found = json.loads(out.read_text("utf-8"))
    card = (built["reviewed"] / "README.md").read_text("utf-8")
    for name, one in found["agreement"].items():
        alpha = one["alpha"]
        assert (
            f"| {name} | 3 | {one['items']} | {alpha['value']:.2f} [{alpha['low']:.2f}, {alpha['high']:.2f}] |" in card
        )
    mean = found["scales"]["coherence"]["A"]
    assert f"| coherence | {mean['value']:.2f} [{mean['low']:.2f}, {mean['high']:.2f}] | {mean['of']} |" in card
    precision = found["experts"]["A"]["claims"]["precision of supported (correct)"]
    assert f"| precision of supported (correct) | {100 * precision['value']:.0f} [" in card
    assert "this folder's text" in card and "agreement and content hash" in card


def test_verify_compares_the_section(built: dict[str, Path]) -> None:
    """An edit of the card with a mended checksum is found too."""
    assert section_lines(built["reviewed"]) == []
    card = built["reviewed"] / "README.md"
    text = card.read_text("utf-8")
    edited = re.sub(r"\| accuracy \| 3 \| (\d+) \| 0\.\d\d", r"| accuracy | 3 | \1 | 0.99", text)
    assert edited != text
    card.write_text(edited, "utf-8")
    try:
        assert len(section_lines(built["reviewed"])) == 1
        card.unlink()
        assert section_lines(built["reviewed"]) == []  # said elsewhere
    finally:
        card.write_text(text, "utf-8")


def test_without_reviews_there_is_no_section(built: dict[str, Path], tmp_path: Path) -> None:
    assert "Agreement of experts" not in (built["plain"] / "README.md").read_text("utf-8")
    write_report(built["plain"], tmp_path / "page.html")
    assert 'id="agreement"' not in (tmp_path / "page.html").read_text("utf-8")


def test_the_report_has_the_same_numbers(built: dict[str, Path], tmp_path: Path) -> None:
    write_report(built["reviewed"], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    card = (built["reviewed"] / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (?:step label|accuracy|preferred) \| 3 \| .*", card, re.MULTILINE)
    assert len(rows) == 3
    for row in rows:
        for cell in [part.strip() for part in row.strip("| ").split("|")][3:]:
            assert f">{cell}</td>" in page
    assert '<a href="#agreement">Experts</a>' in page


def test_reviews_that_cannot_be_used_are_named(built: dict[str, Path], tmp_path: Path) -> None:
    words = "found 9 as accuracy; expected 1, 2, 3, 4, 5 or null"
    assert words in (built["broken"] / "README.md").read_text("utf-8")
    assert words in agreement_section(read_manifest(built["broken"]), built["broken"].joinpath)
    write_report(built["broken"], tmp_path / "page.html")
    assert f"The reviews cannot be used: folder A, rater-1, {next(iter(steps_in(built['plain'])))}: {words}" in (tmp_path / "page.html").read_text("utf-8")  # fmt: skip
