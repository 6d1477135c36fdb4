"""The command on other layouts and forms, what it refuses, and its three forms of one result."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.__main__ import main
from kg import KG
from tests.audit.test_planted import findings
from tests.support.planted_rows import FACTS, GOUT, reasoning, row

if TYPE_CHECKING:
    from tests.support.hub.running import Running

Row = dict[str, Any]


def audit(out: Path, *words: object) -> dict[str, Any]:
    """The result of an audit without benchmarks."""
    assert main(["audit", *map(str, words), "--benchmarks", "none", "--out", str(out)]) == 0
    return json.loads((out / "audit.json").read_text("utf-8"))


def write_list(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text(json.dumps(rows), "utf-8")
    return path


def reasonmed(number: int, label: str = "A", extra: str = "") -> Row:
    question, options, _, why = FACTS[number]
    listed = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", options, strict=True))
    asked = f"Please answer the following multiple-choice question:\n{question}\n{listed}"
    return {"instruction": asked, "input": "", "output": reasoning(why, label, options["ABCD".index(label)], extra)}


def test_a_json_list_in_reasonmeds_columns_has_its_options_in_the_question(tmp_path: Path) -> None:
    rows = [
        reasonmed(0, "A"),
        reasonmed(0, "B", "On the other hand. "),
        reasonmed(1, "B"),
        reasonmed(1, "B", "Again. "),
    ]
    result = audit(tmp_path / "out", write_list(tmp_path / "ReasonMed.json", rows))
    assert result["dataset"]["layout"] == "reasonmed"
    assert result["options"] == {"question": 4} and result["answers"] == {"no gold option known": 4}
    found = findings(tmp_path / "out")
    assert found[1].keys() == {"repeated_exact", "answers_differ"} and found[3].keys() == {"repeated_exact"}
    assert not found[0] and not found[2]


def test_the_address_in_an_endpoints_message_is_no_citation(tmp_path: Path) -> None:
    """Found by blind readers: the address of a provider's policy was called a source."""
    message = "The response was filtered due to the content policy: https://help.example/policy?id=2198766"
    audit(tmp_path / "out", write_list(tmp_path / "rows.json", [row(0, FACTS[0], reasoning=message)]))
    found = findings(tmp_path / "out")[0]
    assert "error_text" in found and "unsupported_citation" not in found


def test_half_a_character_in_a_json_list_is_found_and_can_be_written(tmp_path: Path) -> None:
    options = {"A": "Xanthine oxidase", "B": "Half \ud83d of one"}
    rows = [row(0, FACTS[0], reasoning=reasoning("is", "A", "It", "\ud83d")), row(1, FACTS[1], options=options)]
    audit(tmp_path / "out", write_list(tmp_path / "a.json", rows))
    found = findings(tmp_path / "out")
    assert "column reasoning" in found[0]["half_character"] and "option 'B'" in found[1]["half_character"]


@pytest.mark.parametrize("end", ["", "]", ", {"])
def test_a_json_list_that_ends_early_keeps_what_was_read(tmp_path: Path, end: str) -> None:
    text = json.dumps([row(number, fact) for number, fact in enumerate(FACTS)])[:-1]
    (tmp_path / "a.json").write_text(text + end, "utf-8")
    result = audit(tmp_path / "out", tmp_path / "a.json")
    assert result["rows"] == {
        "all": 8 + (end != "]"),
        "torn": int(end != "]"),
        "with_rationale": 8,
        "with_fault": int(end != "]"),
    }


def test_a_long_json_list_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataset_builder.audit.raw_rows.CHUNK", 97)
    (tmp_path / "a.json").write_bytes(
        json.dumps([row(n, f) for n, f in enumerate(FACTS)], indent=2, ensure_ascii=False).encode()
    )
    assert audit(tmp_path / "out", tmp_path / "a.json")["rows"]["all"] == 8


def test_a_broken_gzip_is_said_after_the_rows_before(tmp_path: Path) -> None:
    lines = "".join(
        json.dumps(row(number, FACTS[number % 8]) | {"x": str(number) * 50}) + "\n" for number in range(400)
    )
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-200])
    result = audit(tmp_path / "out", tmp_path / "a.jsonl.gz")
    assert result["rows"]["torn"] == 1 and result["rows"]["all"] > 100
    (torn,) = [
        what for found in findings(tmp_path / "out").values() for code, what in found.items() if code == "torn_row"
    ]
    assert "broken gzip after line" in torn and "nothing after it was read" in torn


def test_columns_of_another_dataset(tmp_path: Path) -> None:
    rows = [
        {"q": fact[0], "opts": [{"key": key, "value": text} for key, text in zip("abcd", fact[1], strict=True)], "gold": fact[2].lower(),
         "why": [{"role": "user", "content": "?"}, {"role": "assistant", "content": reasoning(fact[3], fact[2], fact[1]["ABCD".index(fact[2])])}]}
        for fact in FACTS
    ]  # fmt: skip
    rows = [one | {"gold_text": None} for one in rows]
    rows[1]["gold_text"] = rows[1]["opts"][2]["value"]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    columns = "question=q,options=opts,label=gold,rationale=why,answer=gold_text"
    result = audit(tmp_path / "out", tmp_path / "a.parquet", "--columns", columns)
    assert result["answers"] == {"right": 8}
    codes = {number: set(found) for number, found in findings(tmp_path / "out").items() if found}
    assert codes == {1: {"gold_outside_options"}}


def test_a_contradiction_of_the_graph_is_found(tmp_path: Path, make_kg: Callable[..., KG]) -> None:
    make_kg("Allopurinol drug | contraindication | gout disease", "Colchicine drug | indication | gout disease")
    lead = GOUT + " Colchicine is used to treat gout. "
    file = write_list(
        tmp_path / "a.json",
        [row(0, FACTS[0], reasoning=reasoning("is", "A", "Xanthine oxidase", lead)), row(1, FACTS[1])],
    )
    result = audit(tmp_path / "out", file, "--kg", tmp_path / "tiny.csv")
    found = findings(tmp_path / "out")
    assert "Allopurinol is contraindicated in gout" in found[0]["contradicted"] and "contradicted" not in found[1]
    assert result["claims"]["verdicts"]["contradicted"]["claims"] == 1
    assert "low" not in result["claims"]["verdicts"]["contradicted"]["share_of_claims"], "all were read: no estimate"
    sampled = audit(tmp_path / "out", file, "--kg", tmp_path / "tiny.csv", "--claims-of", "1")
    assert (
        sampled["claims"]["rationales"] == 1
        and sampled["claims"]["verdicts"]["supported"]["share_of_rationales"]["low"] is not None
    )


def test_the_three_forms_have_the_same_numbers(tmp_path: Path) -> None:
    rows = [row(number, fact) for number, fact in enumerate(FACTS)] + [
        row(9, FACTS[0]),
        row(10, FACTS[1], reasoning=""),
    ]
    result = audit(tmp_path / "out", write_list(tmp_path / "a.json", rows))
    pages = [(tmp_path / "out" / f"audit.{end}").read_text("utf-8") for end in ("md", "html")]
    listed = {one["code"]: one["rows"] for check in result["checks"] for one in check["findings"]}
    assert listed == {"repeated_row": 1, "repeated_exact": 2, "empty_rationale": 1}
    shown = [
        re.findall(r"`(\w+)` \| ([\d,]+) \|", pages[0]),
        re.findall(r"<code>(\w+)</code></a></td><td class=\"number\">([\d,]+)</td>", pages[1]),
    ]
    for found in shown:
        assert {code: int(number.replace(",", "")) for code, number in found} == listed
    assert result["rows"] == {"all": 10, "torn": 0, "with_rationale": 9, "with_fault": 2}
    for page in pages:
        assert "10 rows" in page or "<dd>10</dd>" in page
        assert "row 8" in page and "is row 0 (medmcqa:0) again" in page
        assert all(str(value) in page for value in result["lengths"]["rationale"].values())
    assert "http://" not in pages[1] and "src=" not in pages[1] and "default-src &#39;none&#39;" in pages[1]


def test_hostile_texts_are_shown_as_texts(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>|`x`\x1b[31m\u202e"
    rows = [row(0, FACTS[0], dataset_name=bad, reasoning=""), row(1, FACTS[1])]
    audit(tmp_path / "out", write_list(tmp_path / "a.json", rows))
    html, md = ((tmp_path / "out" / f"audit.{end}").read_text("utf-8") for end in ("html", "md"))
    assert "<script" not in html and "\x1b" not in html + md and "\u202e" not in html + md
    assert "<script" not in md


def test_the_seed_decides_what_is_shown(tmp_path: Path) -> None:
    rows = [row(number, FACTS[0], reasoning="") for number in range(40)]
    file = write_list(tmp_path / "a.json", rows)
    one, again, other = (audit(tmp_path / f"o{n}", file, "--seed", seed) for n, seed in enumerate((1, 1, 2)))
    assert one == again and one["checks"] != other["checks"]


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        ('{"prompt": "q", "response": "r"}', [], "Type: COLUMNS=question=prompt,rationale=response"),
        ('{"prompt": "q", "response": "r"}', ["--columns", "question=prompt,rationale=answer"], "found no column answer; its columns: prompt, response"),
        ('{"prompt": "q"}', ["--columns", "ask=prompt"], "expected role=column"),
        ("no json\nat all\n", [], "found no row that can be read"),
        ("", [], "found no row that can be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_audited_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: list[str], message: str
) -> None:
    (tmp_path / "a.jsonl").write_text(content, "utf-8")
    assert (
        main(["audit", str(tmp_path / "a.jsonl"), *words, "--benchmarks", "none", "--out", str(tmp_path / "out")]) == 2
    )
    assert message in capsys.readouterr().err


def test_files_of_two_layouts_are_audited_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    write_list(tmp_path / "data" / "a.json", [row(0, FACTS[0])])
    write_list(tmp_path / "data" / "b.json", [reasonmed(0)])
    assert main(["audit", str(tmp_path / "data"), "--benchmarks", "none", "--out", str(tmp_path / "out")]) == 2
    assert "FILES=GLOB" in capsys.readouterr().err
    assert audit(tmp_path / "out", tmp_path / "data", "--files", "b.json")["dataset"]["layout"] == "reasonmed"


def test_the_card_and_the_sources_tell_the_license(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A set\n", "utf-8")
    rows = [
        row(0, FACTS[0]),
        row(1, FACTS[1], dataset_name="medbullets_op4"),
        row(2, FACTS[2], dataset_name="elsewhere"),
    ]
    write_list(tmp_path / "data" / "a.json", rows)
    found = audit(tmp_path / "out", tmp_path / "data")["licenses"]
    assert found["card"] == "apache-2.0" and found["allow_less_than_card"] == ["elsewhere", "medbullets_op4"]
    assert [(one["name"], one["license"], one["license_from"]) for one in found["sources"]] == [
        ("medmcqa", "apache-2.0", "our table of sources (medmcqa)"),
        ("medbullets_op4", "unknown", "our table of sources (medbullets_op4)"),
        ("elsewhere", "unknown", "nowhere"),
    ]


def test_a_dataset_on_the_hub_is_read_at_its_revision(tmp_path: Path, hub: "Running") -> None:
    from huggingface_hub import HfApi

    write_list(tmp_path / "ours_quality_33000.jsonl", [])
    (tmp_path / "ours_quality_33000.jsonl").write_text(
        "".join(json.dumps(row(n, f)) + "\n" for n, f in enumerate(FACTS)), "utf-8"
    )
    HfApi().create_repo("org/set", repo_type="dataset")
    done = HfApi().upload_file(
        path_or_fileobj=tmp_path / "ours_quality_33000.jsonl",
        path_in_repo="ours_quality_33000.jsonl",
        repo_id="org/set",
        repo_type="dataset",
    )
    result = audit(tmp_path / "out", "org/set@main")
    assert result["dataset"]["layout"] == "medreason" and result["rows"]["all"] == 8
    assert result["dataset"]["commit"] == done.oid and list(result["dataset"]["files"]) == ["ours_quality_33000.jsonl"]


def test_a_build_of_ours_is_audited_by_its_published_rows(tmp_path: Path) -> None:
    assert main(["build", "kg_only", "--rows", "12", "--out", str(tmp_path / "built")]) == 0
    result = audit(tmp_path / "out", tmp_path / "built", "--kg", "sample")
    manifest = json.loads((tmp_path / "built" / "manifest.json").read_text("utf-8"))
    assert result["dataset"]["layout"] == "build" and result["rows"]["all"] == manifest["rows"]["train"] > 3
    assert result["rows"]["with_fault"] == 0 and set(result["answers"]) <= {"right", "no options"}
    assert "rejected rows" in result["dataset"]["left_out"][0]
