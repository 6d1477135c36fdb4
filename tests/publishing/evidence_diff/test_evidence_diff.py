"""Which evidence was won, lost or changed between two builds, and what a reader of the details gets to see of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing import folder as publish
from dataset_builder.publishing.evidence_diff import comparison, details
from dataset_builder.publishing.evidence_diff.build_rows import Build, rows_of
from dataset_builder.publishing.evidence_diff.comparison import Comparison, compare
from dataset_builder.publishing.evidence_diff.details import markdown
from dataset_builder.publishing.layout import SPLITS, data_file
from dataset_builder.publishing.streams.parquet_files import write_file
from dataset_builder.row import COLUMNS, features
from tests.support.tiny_folders import MANY, facts, row

USED = [name for name in COLUMNS if name not in MANY and name != "candidate_paths"]
HOP = {"relation": "indication", "display_relation": "indication", "direction": "forward"}
HOSTILE = "\x1b[2J\u202e[x](http://a.b) <script>alert(1)</script> | a\n# heading\n![i](http://c.d)"
Write = Callable[..., Build]


def path(*names: str, nodes: int = 0, relevance: float | None = 0.5, **hop: Any) -> dict[str, Any]:
    """A path through these nodes, in a graph that numbers them from ``nodes`` on; ``hop``: what the relation of its hops says."""
    hops = [[HOP | {"statement": f"{a} is indicated for {b}"} | hop] for a, b in pairwise(names)]
    found = {"nodes": [nodes + i for i in range(len(names))], "names": list(names), "types": ["drug"] * len(names)}
    return found | {"hops": hops, "length": len(hops), "total": 1, "score": None, "relevance": relevance}


def question(number: int, *paths: Mapping[str, Any], why: str | None = None, **values: Any) -> dict[str, Any]:
    return row(number, USED, why) | {"paths": list(paths)} | values


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes rows as the data files of a build, published and rejected ones by their reason code, with what is read of a manifest."""

    def build(name: str, rows: Sequence[Mapping[str, Any]], graph: str = "0", **inputs: Any) -> Build:
        files = {split: data_file(split) for split, some in splits(rows).items() if some}
        (tmp_path / name / "data").mkdir(parents=True)
        for split, file in files.items():
            write_file(tmp_path / name / file, Dataset.from_list(splits(rows)[split], features=features(USED)))
        said: dict[str, Any] = {"graph": {"name": name, "sha256": graph}, "inputs": inputs, "files": [*files.values()]}
        return Build(tmp_path / name, said | {"rows": dict.fromkeys(files, 1), "columns": dict.fromkeys(USED, "")})

    return build


def splits(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {split: [dict(r) for r in rows if bool(r["rejected_because"]) == (split == "rejected")] for split in SPLITS}


def details_of(found: Comparison, shown: int = 10) -> str:
    return "\n".join(markdown(found, ("A", "B"), found.differing[:shown]))


def test_won_lost_changed_and_same(write: Write) -> None:
    aspirin, other = path("Aspirin", "pain"), path("Ibuprofen", "fever")
    a = write("a", [question(1, aspirin, other), question(2, aspirin), question(3, why="no_path"), question(4, other)])
    elsewhere = path("aspirin", "Pain (disease)", nodes=70, relevance=0.7)
    b = write("b", [question(1, elsewhere), question(2, path("Aspirin", "pain", source="HPO")), question(3, aspirin)], "1")  # fmt: skip
    found = compare(a, b)
    assert (found.questions, found.only) == (3, (1, 0))
    assert found.evidence == {"both": 2, "B only": 1} and found.published == {"both": 2, "B only": 1}
    assert found.paths == {"won": 1, "lost": 1, "changed": 1, "same": 1} and found.parts == {"provenance": 1}
    said = list(comparison.lines(found))
    assert said[:2] == ["graphs: A a, sha256 0; B b, sha256 1", "evidence:"]
    assert "  paths           won 1, lost 1, changed 1 (provenance 1), same 1" in said
    text = details_of(found)
    assert "- path lost: Ibuprofen is indicated for fever [0.500]" in text
    assert "- path won: Aspirin is indicated for pain [0.500]" in text
    assert "(provenance) Aspirin is indicated for pain [0.500] → Aspirin is indicated for pain (HPO) [0.500]" in text
    assert text.index("- path won") < text.index("- path lost")  # published in one build only: the first


def test_the_difference_in_relevance_is_paired(write: Write) -> None:
    """Over questions with evidence in both: the others would shift the means."""
    before, after = (0.2, 0.4, 0.9), (0.5, 0.5, None)
    a = write("a", [question(n, path("x", "y", relevance=r), path("x", "z", relevance=0.1)) for n, r in enumerate(before)])  # fmt: skip
    b = write("b", [question(n, *([path("x", "y", relevance=r)] if r else ())) for n, r in enumerate(after)])
    of = compare(a, b).relevance
    assert of == {"a": 0.3, "b": 0.5, "questions": 2, "mean": 0.2, "low": 0.004, "high": 0.396}
    assert "A 0.300, B 0.500, B - A +0.200 [+0.004, +0.396]" in comparison.relevance_in_words(of)


def test_a_rejected_question_keeps_its_evidence(write: Write) -> None:
    weak = path("Aspirin", "pain", relevance=0.1)
    a, b = write("a", [question(1, weak, why="no_relevant_path")]), write("b", [question(1, weak)])
    found = compare(a, b)
    assert found.evidence == {"both": 1} and found.published == {"B only": 1} and found.paths["same"] == 1
    assert "- A: rejected: `no_relevant_path` (no_relevant_path), 1 path\n- B: published, 1 path" in details_of(found)


def test_one_graph_and_the_same_evidence(write: Write) -> None:
    found = compare(*(write(name, [question(1, path("Aspirin", "pain"))], "5") for name in ("a", "b")))
    assert list(comparison.lines(found)) == ["same graph: a, sha256 5", "same evidence: 1 questions"]
    assert "No question's evidence differs." in details_of(found)


def test_no_common_question_and_other_weights_are_told(write: Write) -> None:
    one = path("Aspirin", "pain")
    a = write("a", [question(1, one)])
    nothing = list(comparison.lines(compare(a, write("b", [question(2, one)]))))
    assert "no question is in both builds" in nothing[1] and not any(map(str.isspace, nothing))
    weights = write("c", [question(1, path("Aspirin", "pain", relevance=0.9))], relevance={"weights_sha256": "1"})
    assert "other weights" in "\n".join(comparison.lines(compare(a, weights)))


def test_linked_nodes_won_and_lost(write: Write) -> None:
    node = {"mention": 0, "node": 1, "type": "disease", "method": "exact", "score": 1.0}
    a = write("a", [question(1, nodes=[node | {"name": "Acne (disease)"}, node | {"name": "Fever"}])])
    b = write(
        "b", [question(1, nodes=[node | {"name": "acne"}, node | {"name": "Cough", "type": "effect/phenotype"}])]
    )
    text = details_of(compare(a, b))
    assert "- nodes lost: Fever (disease)\n- nodes won: Cough (effect/phenotype)" in text


def test_what_is_cut_is_told_and_only_shown_rows_are_read(write: Write) -> None:
    rows = [question(n, path("Aspirin", "pain")) for n in range(4)]
    repeat = rows[0] | {"rejected_because": "duplicate", "paths": []}
    a, b = write("a", [*rows, repeat]), write("b", [r | {"paths": []} for r in [*rows, repeat]])
    found = compare(a, b)
    assert "3 of 4 questions whose evidence differs are cut: those below are the first 1." in details_of(found, 1)
    assert rows_of(a, {(repeat["id"], 1)})[repeat["id"], 1]["rejected_because"] == "duplicate"
    paths = [path("Aspirin", f"pain {n}") for n in range(details.PATHS + 3)]
    assert "- path won: 3 more" in details_of(compare(a, write("c", [question(1, *paths)])))


def test_a_strangers_texts_stay_texts(write: Write) -> None:
    why = f"no{HOSTILE}"
    bad = path(HOSTILE, "pain", statement=HOSTILE * 100, source=HOSTILE, publications=[HOSTILE], evidence=HOSTILE)
    node = {"mention": 0, "node": 1, "name": HOSTILE, "type": HOSTILE, "method": "exact", "score": 1.0}
    values = {"question": HOSTILE, "answer": HOSTILE, "nodes": [node], "id": f"`{HOSTILE}"}
    a = write("a", [question(1, bad, **values)], graph=HOSTILE)
    text = details_of(compare(a, write("b", [question(1, why=why, **values)])))
    assert "path lost" in text and "\\x1b[2J\\u202e" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]|<script|\\]\\(|^# heading", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) < 2 * details.LONGEST
    assert text.count("`") % 2 == 0


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b, out = tmp_path / "a", tmp_path / "b", tmp_path / "evidence.md"
    for folder, of in ((a, "pain"), (b, "fever")):
        rows = Dataset.from_list([question(1, path("Aspirin", of))], features=features(USED))
        publish.write(folder, {"train": rows}, facts("medreason"))
    assert main(["diff", str(a), str(b), "--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert (
        "won 1, lost 1, changed 0, same 0" in printed and f"1 of 1 questions whose evidence differs: {out}" in printed
    )
    assert "- path won: Aspirin is indicated for fever" in out.read_text("utf-8")
    assert main(["diff", str(a), str(b), "--out", str(tmp_path)]) not in (0, 1)
    assert "is a folder; expected the name of a Markdown file" in capsys.readouterr().err
