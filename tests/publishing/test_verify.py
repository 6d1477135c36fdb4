"""Whatever is changed in a dataset folder, verify names it; and it says what it could not check."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing import funnel
from dataset_builder.publishing import verify as module
from dataset_builder.publishing.folder import FolderError
from dataset_builder.publishing.verify import verify
from dataset_builder.publishing.verify_paths import differences
from dataset_builder.sources.raw_files import sha256
from kg import KG

TRAIN, REJECTED = "data/train-00000-of-00001.parquet", "data/rejected-00000-of-00001.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["build", "kg_only", "--rows", "12", "--out", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


def edit_manifest(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | values))


def forge(folder: Path, change: Callable[[list[dict]], list[dict]]) -> None:
    """Change the published rows, as somebody who also mends the file's checksum."""
    table = pyarrow.parquet.read_table(folder / TRAIN)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(change(table.to_pylist()), table.schema), folder / TRAIN)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit_manifest(folder, files=files | {TRAIN: sha256(folder / TRAIN)})


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_a_folder_that_was_not_touched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(folder)
    assert found.wrong == []
    assert found.notes == ["code: the same as here", "graph: sample, the same as here"]
    capsys.readouterr()
    assert main(["verify", str(folder)]) == 0
    assert capsys.readouterr().out.endswith(f"{folder}: everything matches the manifest\n")


@pytest.mark.parametrize(
    ("damage", "messages"),
    [
        (lambda f: (f / "README.md").write_text("edited"), ["README.md: its content is not that of the build"]),
        (lambda f: flip_a_byte(f / TRAIN), [f"{TRAIN}: its content is not that of the build"]),
        (lambda f: (f / REJECTED).unlink(), [f"{REJECTED}: in the manifest, not in the folder"]),
        (lambda f: (f / "notes.txt").write_text("x"), ["notes.txt: in the folder, not in the manifest"]),
        (lambda f: forge(f, lambda rows: rows[1:]), ["train: ", "funnel: counted", "content_hash: computed"]),
        (lambda f: forge(f, lambda rows: [rows[0] | {"answer": "42"}, *rows[1:]]), ["content_hash: computed"]),
        (
            lambda f: forge(f, lambda rows: [rows[0] | {"question": "What else?"}, *rows[1:]]),
            ["should have the id sample:", "content_hash: computed"],
        ),
        (
            lambda f: forge(f, lambda rows: [rows[0] | {"rejected_because": "no_path"}, *rows[1:]]),
            ["has rejected_because='no_path'", "funnel: counted", "content_hash: computed"],
        ),
        (lambda f: edit_manifest(f, content_hash="0" * 64), ["content_hash: computed"]),
        (lambda f: edit_manifest(f, funnel={}), ["funnel: counted"]),
        (lambda f: edit_manifest(f, columns={"id": "string"}), ["train: its columns are"]),
        (lambda f: edit_manifest(f, inputs={"code": "0", "graph": "0", "seed": 0}), ["content_hash: computed"]),
    ],
)
def test_whatever_is_changed_is_named(folder: Path, damage: Callable[[Path], None], messages: list[str]) -> None:
    damage(folder)
    found = verify(folder).wrong
    assert all(any(message in line for line in found) for message in messages), found
    assert main(["verify", str(folder)]) == 1


def test_it_says_what_it_could_not_check(folder: Path, monkeypatch: pytest.MonkeyPatch, make_kg) -> None:
    kg = make_kg("a drug | indication | b disease")
    monkeypatch.setattr(module, "code_hash", lambda: "another")
    code, graph = verify(folder, kg).notes
    assert code.startswith("code: not that of this checkout, so not checked; the build was made at commit ")
    assert "the rows of rl, steps were not made again" in code
    assert graph.startswith(
        f"graph: tiny.csv here has sha256 {kg.digest}, that of the build {KG.load('sample').digest}"
    )
    edit_manifest(folder, graph={"name": "kg.csv", "sha256": "0"})
    assert verify(folder).notes[1] == "graph: kg.csv was not given, so not checked; give it by --kg FILE"


def test_a_source_that_a_later_version_does_not_know(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(funnel, "SOURCES", {})
    assert verify(folder).wrong == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"is no dataset folder: manifest\.json cannot be read"),
        ("{", r"has no manifest that can be used; build or download it again:\n- manifest\.json: cannot be read \("),
        ("[]", r"manifest\.json: found \[\]; expected an object"),
        ('{"content_hash": "x"}', r"manifest\.json: pipeline: found nothing; expected this field"),
    ],
)
def test_what_is_no_manifest(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(FolderError, match=message):
        verify(tmp_path)


def change_path(rows: list[dict], **changes: object) -> list[dict]:
    """The rows with something else in the first path of the first row."""
    rows[0]["paths"][0] |= changes
    return rows


def without_middle(rows: list[dict]) -> list[dict]:
    """A longer path than the shortest: there and back again."""
    path = rows[0]["paths"][0]
    first, second = path["nodes"][:2]
    turned = {"forward": "backward", "backward": "forward"}
    back = [one | {"direction": turned.get(one["direction"], one["direction"])} for one in path["hops"][0]]
    path["nodes"], path["hops"] = [first, second, first, *path["nodes"][1:]], [path["hops"][0], back, *path["hops"]]
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: change_path(rows, total=rows[0]["paths"][0]["total"] + 1), "by graph-tool there are"),
        (lambda rows: change_path(rows, nodes=[*rows[0]["paths"][0]["nodes"][:-1], 10**9]), "the graph has no node 1000000000"),
        (lambda rows: change_path(rows, nodes=rows[0]["paths"][0]["nodes"][:1] * len(rows[0]["paths"][0]["nodes"])), "has no edge between"),
        (lambda rows: change_path(rows, hops=rows[0]["paths"][0]["hops"][:-1]), "nodes and"),
        (without_middle, "by graph-tool the distance of its ends is"),
    ],
)  # fmt: skip
def test_graph_tool_names_every_forged_path(
    folder: Path, change: Callable[[list[dict]], list[dict]], message: str
) -> None:
    honest = verify(folder, oracle=True)
    assert honest.wrong == [] and honest.notes[0].startswith("oracle: ") and " 0 paths" not in honest.notes[0]
    forge(folder, change)
    wrong = [line for line in verify(folder, oracle=True).wrong if line.startswith("train: row") and "path 1" in line]
    assert len(wrong) == 1 and message in wrong[0]


def test_a_relation_that_the_graph_has_not_is_named(folder: Path) -> None:
    def change(rows: list[dict]) -> list[dict]:
        rows[0]["paths"][0]["hops"][0][0]["display_relation"] = "cures"
        return rows

    forge(folder, change)
    assert any("cures; the graph has" in line for line in verify(folder, oracle=True).wrong)


def test_a_direction_or_provenance_that_the_graph_has_not_is_named(folder: Path) -> None:
    forged = {
        "direction": "sideways",
        "source": "infores:x",
        "publications": ["PMID:1"],
        "evidence": "IEA",
        "score": 0.0,
    }

    def change(rows: list[dict]) -> list[dict]:
        rows[0]["paths"][0]["hops"][0][0] |= forged
        return rows

    forge(folder, change)
    wrong = [line for line in verify(folder, oracle=True).wrong if "path 1: " in line]
    assert len(wrong) == len(forged)
    for field, value in forged.items():
        assert any(
            f"differ in the {field} of " in line and f"it states {value!r}; the graph has " in line for line in wrong
        )


def test_a_provenance_of_the_graph_that_the_row_states_otherwise_or_does_not_know() -> None:
    said = {"relation": "r", "display_relation": "r", "direction": "forward", "statement": "a r b"}
    graph = said | {"source": "S", "publications": ["PMID:1"], "evidence": None, "score": 0.5}
    assert list(differences([graph], [graph])) == list(differences([said], [graph])) == []
    assert list(differences([graph | {"source": None}], [graph])) == [
        "the source of r/r: it states None; the graph has 'S'"
    ]
    assert list(differences([graph | {"publications": []}], [graph | {"publications": None}])) == []


def change_contrast(rows: list[dict], change: Callable[[dict], object]) -> list[dict]:
    change(next(row for row in rows if row["contrasts"])["contrasts"][0])
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one["hops"][0][0].update(statement="Amlodipine cures hypertension"), "differ in the words: Amlodipine cures"),
        (lambda one: one["hops"][0][0].update(display_relation="target"), "/target; the graph has"),
        (lambda one: one.update(nodes=one["nodes"][:1] * 2), "has no edge between"),
        (lambda one: one.update(option="another"), "which is no wrong option of the question"),
    ],
)  # fmt: skip
def test_a_forged_statement_of_an_option_is_named(
    folder: Path, change: Callable[[dict], object], message: str
) -> None:
    assert verify(folder, oracle=True).notes[0].endswith(" statements of other options")
    forge(folder, lambda rows: change_contrast(rows, change))
    wrong = [line for line in verify(folder, oracle=True).wrong if "contrast 1: " in line]
    assert len(wrong) == 1 and message in wrong[0]


def test_the_oracle_needs_the_graph_of_the_build(folder: Path, make_kg: Callable[..., KG]) -> None:
    other = make_kg("Aspirin drug | indication | pain effect/phenotype")
    with pytest.raises(
        FolderError, match=r"another graph, so not checked\. --oracle proves paths in the graph of the build"
    ):
        verify(folder, other, oracle=True)


def test_paths_that_cannot_be_read_are_said_not_to_be_checked(folder: Path) -> None:
    def mended(content: bytes) -> list[str]:
        """The notes on a data file with this content, and a manifest that has its checksum."""
        (folder / TRAIN).write_bytes(content)
        files = json.loads((folder / "manifest.json").read_text())["files"]
        edit_manifest(folder, files=files | {TRAIN: sha256(folder / TRAIN)})
        found = verify(folder, oracle=True)
        assert found.wrong
        return found.notes

    whole = (folder / TRAIN).read_bytes()
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(folder / TRAIN).drop_columns("paths"), folder / TRAIN)
    assert "columns are not those of the manifest" in mended((folder / TRAIN).read_bytes())[0]
    assert "a data file cannot be read" in mended(whole[: len(whole) // 2])[0]
