"""The encodings and line ends in which other tools write the raw files: read where that is safe, else named."""

import codecs
import gzip
import json
from pathlib import Path

import pytest

from dataset_builder.sources import raw_files
from dataset_builder.sources.raw_files import SourceError, read_local

ROWS = [{"question": "What relieves gout\u00e9?"}, {"question": "Qu'est-ce que c'est?"}]
LINES = [json.dumps(row, ensure_ascii=False).encode() for row in ROWS]


def read(folder: Path, content: bytes, ending: str = "jsonl") -> list[dict]:
    (folder / f"train.{ending}").write_bytes(content)
    return list(read_local(folder, "train", folder).rows)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + b"\n".join(LINES),
        b"\r\n".join(LINES) + b"\r\n",
        codecs.BOM_UTF8 + b"\r\n".join(LINES),
        b"\n".join(codecs.BOM_UTF8 + line for line in LINES),
        codecs.BOM_UTF8 + b"\n" + b"\n\n".join(LINES),
    ],
)
def test_a_byte_order_mark_and_line_ends_of_windows_are_read(tmp_path: Path, content: bytes, zipped: bool) -> None:
    content, ending = (gzip.compress(content), "jsonl.gz") if zipped else (content, "jsonl")
    assert read(tmp_path, content, ending) == ROWS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    text = "\n".join(json.dumps(row) for row in ROWS)
    mark = "" if encoding == "utf-16" else "\ufeff"
    with pytest.raises(SourceError, match=r"train\.jsonl: found UTF-16; expected UTF-8"):
        read(tmp_path, (mark + text).encode(encoding))
    with pytest.raises(SourceError, match=r"train\.jsonl, line 1"):
        read(tmp_path, text.encode("utf-16-le"))  # without a mark


def test_another_encoding_and_line_ends_of_the_old_mac_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 1: not UTF-8 .*; expected a text file in UTF-8"):
        read(tmp_path, LINES[0].decode().encode("latin-1"))
    with pytest.raises(SourceError, match=r"line 1: broken JSON .*expected one JSON object per line"):
        read(tmp_path, b"\r".join(LINES))


def test_a_line_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_files, "MAX_LINE", 1 << 20)
    with pytest.raises(SourceError, match=r"train\.jsonl\.gz, line 2: over 1 MB; expected one JSON object per line"):
        read(tmp_path, gzip.compress(LINES[0] + b"\n" + b" " * (1 << 22)), "jsonl.gz")


@pytest.mark.parametrize("ids", [b"[" * 100_000, b"{}", b"[]", b"\xff\xfe[", b"", b"7"])
def test_broken_test_ids_are_named_and_a_byte_order_mark_is_read(sources_dir: Path, ids: bytes) -> None:
    from dataset_builder.sources.raw_splits import read_split

    file = sources_dir / "qiaojin/PubMedQA/pqa_labeled/test_ids.json"
    good = [*read_split("pubmedqa_labeled", "test", sources_dir).rows]
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    assert [*read_split("pubmedqa_labeled", "test", sources_dir).rows] == good
    file.write_bytes(ids)
    with pytest.raises(SourceError, match=r"test_ids\.json: .*JSON list"):
        read_split("pubmedqa_labeled", "test", sources_dir)
