"""Download PrimeKG's kg.csv (Chandak, Huang & Zitnik 2023) from Harvard Dataverse.

The download is resumable, and checked against Dataverse's own metadata.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util.retry import Retry

from kg.contents import GraphError
from kg.prepared import cache_folder

DATAVERSE = "https://dataverse.harvard.edu"
DOI, FILE_ID = "doi:10.7910/DVN/IXA7BM", 6180620
ROWS = 8_100_498
CHUNK = 1 << 20


def primekg() -> Path:
    """The path of kg.csv in the cache folder; downloaded where it is missing or incomplete.

    Raises GraphError with what to do.
    """
    folder = cache_folder() / "primekg"
    whole, part = folder / "kg.csv", folder / "kg.csv.part"
    if whole.is_file():
        return whole  # it gets this name only after size and checksum were right
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _session() as session:
            expected = _metadata(session)
            have = part.stat().st_size if part.exists() else 0
            if have < expected["filesize"]:
                _fetch(session, part, have, expected["filesize"])
    except requests.RequestException as why:
        raise GraphError(_unreachable(part, why)) from why
    _check(part, expected)
    part.rename(whole)
    return whole


def _session() -> requests.Session:
    session = requests.Session()
    retries = Retry(total=4, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504))
    session.mount("https://", HTTPAdapter(max_retries=retries))
    session.mount("http://", HTTPAdapter(max_retries=retries))
    return session


def _server() -> str:
    return os.environ.get("DATAVERSE_URL", DATAVERSE)


def _metadata(session: requests.Session) -> dict[str, Any]:
    """Size and checksum of the file, from the metadata of the dataset's newest version. Raises GraphError."""
    url = f"{_server()}/api/datasets/:persistentId/"
    answer = session.get(url, params={"persistentId": DOI}, timeout=60)
    answer.raise_for_status()
    files = [file["dataFile"] for file in answer.json()["data"]["latestVersion"]["files"]]
    for file in files:
        if file["id"] == FILE_ID:
            return file
    listed = json.dumps([[file["id"], file["filename"]] for file in files])
    raise GraphError(
        f"{DOI} has no file {FILE_ID} (kg.csv) any more; found {listed}. Download kg.csv by hand and give --kg FILE"
    )


def _fetch(session: requests.Session, part: Path, have: int, size: int) -> None:
    """Append the missing bytes to the partial file."""
    url = f"{_server()}/api/access/datafile/{FILE_ID}"
    with session.get(url, headers={"Range": f"bytes={have}-"} if have else {}, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        mode = (
            "ab" if answer.status_code == 206 else "wb"
        )  # a server that ignores the range sends the whole file again
        with (
            part.open(mode) as file,
            tqdm(total=size, initial=file.tell(), unit="B", unit_scale=True, desc="kg.csv") as bar,
        ):
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))


def _check(part: Path, expected: dict[str, Any]) -> None:
    """Check size and checksum. A file that is too short is kept, to be completed; a wrong one is renamed.

    Raises GraphError.
    """
    size = part.stat().st_size
    if size < expected["filesize"]:
        raise GraphError(
            f"{part} is a partial kg.csv: {size:,} of {expected['filesize']:,} bytes; run the same command again to "
            "fetch the rest"
        )
    kind, value = expected["checksum"]["type"], expected["checksum"]["value"]
    with part.open("rb") as file:
        found = hashlib.file_digest(file, kind.replace("-", "").lower()).hexdigest()
    if size != expected["filesize"] or found != value:
        part.rename(part.with_suffix(".broken"))
        raise GraphError(
            f"kg.csv as downloaded has {size:,} bytes and {kind} {found}; expected {expected['filesize']:,} and {value}. "
            f"It is kept as {part.with_suffix('.broken')}; run the same command again to download it once more"
        )


def _unreachable(part: Path, why: requests.RequestException) -> str:
    have = (
        f"; {part} has {part.stat().st_size:,} bytes of it, and the next run continues there" if part.exists() else ""
    )
    return (
        f"PrimeKG's kg.csv could not be downloaded from {_server()} ({type(why).__name__}: {why}){have}. Where there is no "
        f"network, copy kg.csv (Harvard Dataverse {DOI}, file {FILE_ID}) to this machine and give --kg path/to/kg.csv"
    )
