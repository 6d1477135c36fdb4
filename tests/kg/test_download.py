"""PrimeKG's download against a local server that speaks like Dataverse: ranges, metadata, and what can go wrong."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg import KG, GraphError, download
from kg.readers.primekg import COLUMNS

CONTENT = (",".join(COLUMNS) + "\nindication,indication,0,D,drug,Aspirin,t,1,M,disease,fever,t\n").encode()


class Dataverse(http.server.BaseHTTPRequestHandler):
    """One dataset with one file. The class's fields say how it behaves, and record what was asked."""

    content, declared, cut, ranges = CONTENT, CONTENT, 0, True
    asked: list[str | None] = []  # noqa: RUF012  reset by the fixture

    def do_GET(self) -> None:
        if self.path.startswith("/api/datasets/"):
            checksum = {"type": "MD5", "value": hashlib.md5(self.declared).hexdigest()}
            file = {"id": download.FILE_ID, "filename": "kg.csv", "filesize": len(self.declared), "checksum": checksum}
            return self.answer(200, json.dumps({"data": {"latestVersion": {"files": [{"dataFile": file}]}}}).encode())
        asked = self.headers.get("Range")
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        body = self.content[start:]
        return self.answer(206 if start else 200, body[: self.cut] if self.cut else body)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def dataverse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Dataverse]]:
    handler = type("Behaviour", (Dataverse,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DATAVERSE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield handler
    server.shutdown()
    server.server_close()


def test_it_is_downloaded_once_and_then_found(dataverse, tmp_path: Path) -> None:
    path = download.primekg()
    assert path == tmp_path / "medreason/primekg/kg.csv"
    assert path.read_bytes() == CONTENT
    assert download.primekg() == path
    assert dataverse.asked == [None]


def test_a_cut_download_is_named_as_partial_and_goes_on_where_it_stopped(dataverse) -> None:
    dataverse.cut = 100
    with pytest.raises(
        GraphError, match=rf"kg.csv.part is a partial kg.csv: 100 of {len(CONTENT)} bytes; run the same command again"
    ):
        download.primekg()
    dataverse.cut = 0
    assert download.primekg().read_bytes() == CONTENT
    assert dataverse.asked == [None, "bytes=100-"]


def test_a_server_that_ignores_ranges_sends_all_again(dataverse) -> None:
    dataverse.cut, dataverse.ranges = 50, False
    with pytest.raises(GraphError, match="partial"):
        download.primekg()
    dataverse.cut = 0
    assert download.primekg().read_bytes() == CONTENT


def test_a_wrong_checksum_is_kept_apart_and_the_next_try_starts_anew(dataverse, tmp_path: Path) -> None:
    dataverse.content = CONTENT.replace(b"Aspirin", b"Ibuprof")
    with pytest.raises(
        GraphError, match=r"MD5 \w+; expected .*It is kept as .*kg.csv.broken; run the same command again"
    ):
        download.primekg()
    assert (tmp_path / "medreason/primekg/kg.csv.broken").is_file()
    dataverse.content = CONTENT
    assert download.primekg().read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long_is_kept_apart(dataverse, tmp_path: Path) -> None:
    (tmp_path / "medreason/primekg").mkdir(parents=True)
    (tmp_path / "medreason/primekg/kg.csv.part").write_bytes(CONTENT + b"more")
    with pytest.raises(GraphError, match=r"It is kept as .*kg\.csv\.broken"):
        download.primekg()
    assert download.primekg().read_bytes() == CONTENT


def test_no_network_is_said_plainly(dataverse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAVERSE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(download, "Retry", lambda **_: 0)
    with pytest.raises(
        GraphError,
        match=r"could not be downloaded from http://127.0.0.1:9 \(ConnectionError.*copy kg.csv .* and give --kg",
    ):
        download.primekg()


def test_a_kg_csv_of_another_length_is_not_primekg(dataverse) -> None:
    with pytest.raises(GraphError, match=r"has 1 rows; PrimeKG's kg.csv has 8,100,498"):
        KG.load("primekg")
