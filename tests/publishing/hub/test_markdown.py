"""A card shows what strangers have written, and renders none of it."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from dataset_builder.publishing.card import card
from dataset_builder.publishing.folder import list_files
from dataset_builder.publishing.hub.markdown import block, cell, code, fenced, inline, prose

OLD = Path(__file__).parents[2] / "fixtures" / "format_1" / "medreason"
TRAIN = "data/train-00000-of-00001.parquet"
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = (
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<!-- ", "</details>", "<https://evil.example>", "[a](https://evil.example)",
    "![x](https://evil.example/pixel)", "[a][b]\n\n[b]: https://evil.example", "[a\\](https://evil.example)", "x\n# Heading", "x\n===", "x\n---",
    "a | b\n--- | ---\n1 | 2", "x\n```\n", "x\r\r> quoted", "x\n\n<div>\n", "`<b>` ` <i> `", "a|b\n|c|", "~~~\nx",
)  # fmt: skip
ACTIVE = (
    "html_inline",
    "html_block",
    "link_open",
    "image",
    "heading_open",
    "table_open",
    "hr",
    "fence",
    "blockquote_open",
)


def kinds(text: str) -> dict[str, int]:
    """How often each kind of active Markdown is in a text."""
    tokens = [one for token in MARKDOWN.parse(text) for one in (token, *(token.children or ()))]
    return {kind: sum(one.type == kind for one in tokens) for kind in (*ACTIVE, "td_open", "th_open", "tr_open")}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_more_than_text(text: str) -> None:
    assert set(kinds(f"**Question.** {block(text)}\n").values()) == {0}
    assert set(kinds(str(block(text))).values()) == {0}
    for part, active in ((prose(text), ("fence",)), (inline(text), ())):
        assert not [kind for kind in (*ACTIVE[:4], *active) if kinds(str(part))[kind]]
    table = "| a | b |\n|---|---|\n| {} | `{}` |\n\nafter"
    assert kinds(table.format(cell(text), code(text))) == kinds(table.format("x", "x"))
    assert kinds(f"```\n{fenced(text)}\n```\nafter")["fence"] == 1


def test_ordinary_texts_stay_as_they_are() -> None:
    text = "BP < 120/80 & pH <7.35 (see [1]): *H. pylori* - 5 mg\n- one\n1. two"
    assert inline(text) == str(block(text)) == str(prose(text)) == text
    assert inline(5) == 5 and cell(None) == "None"


def hostile_card(folder: Path, text: str) -> str:
    """The card of a folder whose first row, pipeline, sources, reasons and models have this text."""
    table = pq.read_table(folder / TRAIN)
    for column in ("question", "answer", "rationale", "id"):
        place = table.schema.get_field_index(column)
        table = table.set_column(place, column, pa.array([text] * len(table)))
    pq.write_table(table.append_column(text, pa.array([1] * len(table))), folder / TRAIN)
    said = json.loads((folder / "manifest.json").read_text("utf-8"))
    counts = next(iter(said["funnel"].values()))
    said |= {
        "pipeline": text,
        "funnel": {text: counts | {text: 1}},
        "flags": {text: {text: 1}},
        "left_out": {text: text},
    }
    said["origins"] = [
        said["origins"][0]
        | {"source": text, "split": text, "hub_id": text, "license": text, "revision": text, "trial": True}
    ]
    said["graph"]["name"], said["inputs"]["models"] = text, {text: text}
    said["graph"]["sources"] = {text: {"relations": 1, "license": text, "commercial": text}}
    return card({name: folder / name for name in list_files(folder)}, said).partition("\n---\n")[2]


def test_a_card_of_hostile_texts_has_the_form_of_another(tmp_path: Path) -> None:
    plain = kinds(hostile_card(shutil.copytree(OLD, tmp_path / "plain"), "plain"))
    for number, text in enumerate(("<img src=x onerror=alert(1)>", "![x](https://evil.example)|", "x\n```\n")):
        found = kinds(hostile_card(shutil.copytree(OLD, tmp_path / str(number)), text))
        # a rationale may have headings and lists of its own
        free = ("heading_open", "hr", "blockquote_open", "table_open", "td_open", "th_open", "tr_open")
        assert {k: n for k, n in found.items() if k not in free} == {
            k: n for k, n in plain.items() if k not in free
        }, text
