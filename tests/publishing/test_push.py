"""push: what lands on the Hub, and that nothing there is ever half done or lost."""

import functools
import json
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from datasets import load_dataset
from huggingface_hub import CommitOperationAdd, HfApi

from dataset_builder.__main__ import main
from dataset_builder.publishing.hub.repository import Repository
from tests.publishing.pushing import CLEAN, NAME, change_manifest, head, history, ids, push
from tests.support.hub.running import Process, Running, use_here

ROOT = Path(__file__).parents[2]


def test_a_push_a_second_one_and_a_changed_build(hub: Running, built: dict[str, Path], capsys) -> None:
    assert push(built["twelve"], "--tag", "v0.1") == 0
    first, printed = head(), capsys.readouterr().out
    assert f"commit {first} (7 files written, 0 deleted)\ntag v0.1\n" in printed
    assert "rows = load_dataset('org/medreason', revision='v0.1')" in printed
    assert history()[1:] == ["initial commit"]
    assert push(built["twelve"], "--tag", "v0.1") == 0
    assert f"commit {first} (these files were there already, so no commit was made)" in capsys.readouterr().out
    assert push(built["nine"], "--tag", "v0.2") == 0
    assert push(built["nine"], "--tag", "v0.2") == 0
    assert len(history()) == 3
    for revision, rows in {"v0.1": 12, first: 12, "v0.2": 9, None: 9}.items():
        loaded = load_dataset(NAME, revision=revision)
        assert sum(split.num_rows for split in loaded.values()) == rows
    capsys.readouterr()
    assert main(["verify", f"{NAME}@v0.1"]) == 0
    assert capsys.readouterr().out.endswith(f"org/medreason@v0.1 (commit {first}): everything matches the manifest\n")
    assert main(["diff", f"{NAME}@v0.1", str(built["nine"])]) == 1
    printed, gone = capsys.readouterr().out, sorted(ids(built["twelve"]) - ids(built["nine"]))
    assert "rows: 12 → 9; 0 added, 3 removed, 0 changed" in printed
    assert f"  removed: {', '.join(gone)}\n" in printed
    card = Path(HfApi().hf_hub_download(NAME, "README.md", repo_type="dataset", revision="v0.1")).read_text("utf-8")
    assert 'rows = load_dataset("org/medreason", revision="v0.1")' in card
    assert f"git checkout {CLEAN['commit']}  # the code that built org/medreason@v0.1" in card
    assert "python -m dataset_builder verify org/medreason@v0.1" in card


STRANGER = """
import sys
from datasets import get_dataset_config_names, load_dataset
name, commit = sys.argv[1:]
counts = [{split: rows.num_rows for split, rows in load_dataset(name, revision=r).items()} for r in (None, "v0.1", commit)]
assert counts[0] == counts[1] == counts[2], counts
assert get_dataset_config_names(name) == ["default", "rl", "steps", "evidence"]
assert load_dataset(name, "evidence", split="train").num_rows >= counts[0]["train"]
streamed = [row["id"] for row in load_dataset(name, split="train", streaming=True, revision="v0.1")]
assert streamed == load_dataset(name, split="train")["id"][:]
print("rows", len(streamed))
"""


@pytest.mark.slow
def test_a_stranger_loads_by_name_tag_commit_config_and_stream_and_verifies(
    hub: Running, built: dict[str, Path]
) -> None:
    """From the Hub alone, in processes of their own with empty caches, and without a token."""
    assert push(built["twelve"], "--tag", "v0.1", "--with-intermediates") == 0
    commands = [["-c", STRANGER, NAME, head()], ["-m", "dataset_builder", "verify", f"{NAME}@v0.1"]]
    printed = [
        subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=hub.env(None), capture_output=True, text=True, check=True
        )
        for words in commands
    ]
    train = json.loads((built["twelve"] / "manifest.json").read_text())["rows"]["train"]
    assert printed[0].stdout == f"rows {train}\n"
    assert printed[1].stdout.endswith(f"(commit {head()}): everything matches the manifest\n")


def test_files_of_the_former_revision_go_in_the_same_commit(hub: Running, folder: Path, capsys) -> None:
    assert push(folder) == 0
    (folder / "data/rejected-00000-of-00001.parquet").rename(folder / "extra.parquet")
    manifest = json.loads((folder / "manifest.json").read_text())
    sums = manifest["files"]
    sums["extra.parquet"] = sums.pop("data/rejected-00000-of-00001.parquet")
    change = Repository(NAME).replace(
        {name: folder / name for name in sums} | {"manifest.json": folder / "manifest.json"}, sums, "x"
    )
    assert change.deleted == 1 and len(history()) == 3
    assert "data/rejected-00000-of-00001.parquet" not in HfApi().list_repo_files(NAME, repo_type="dataset")


def test_a_branch_and_a_private_repository(hub: Running, folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    assert push(folder, "--private", "--branch", "candidate/a", "--tag", "a") == 0
    assert "revision='a')" in capsys.readouterr().out
    info = HfApi().dataset_info(NAME)
    assert info.private and [file.rfilename for file in info.siblings or []] == [".gitattributes"]
    assert load_dataset(NAME, revision="candidate/a")["train"].num_rows > 0
    HfApi().update_repo_settings(NAME, repo_type="dataset", visibility="public")
    assert push(folder, "--private") == 2
    assert "org/medreason exists and is public, which contradicts --private" in capsys.readouterr().err


def test_verify_names_what_was_changed_on_the_hub(hub: Running, folder: Path, capsys) -> None:
    for place in (NAME, f"{NAME}@v9"):
        assert main(["verify", place]) == 2
        message = capsys.readouterr().err
        assert (
            f"there is no folder {place} here; http://127" in message
            and "has no repository org/medreason, or it is private" in message
        )
    assert push(folder, "--tag", "v1.0") == 0
    assert main(["verify", f"{NAME}@v9"]) == 2
    assert "org/medreason has no revision 'v9'; its tags are: v1.0" in capsys.readouterr().err
    operations = [CommitOperationAdd("more.txt", b"x"), CommitOperationAdd("README.md", b"edited")]
    HfApi().create_commit(NAME, operations, repo_type="dataset", commit_message="x")
    capsys.readouterr()
    assert main(["verify", NAME]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "more.txt: in the folder, not in the manifest"
    assert lines[1].startswith("README.md: has no configs, so a loader reads {'default': ")
    assert lines[2] == "README.md: its content is not that of the build (sha256 differs)"


def test_a_hub_that_is_not_there(hub: Running, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert push(folder) == 2
    assert "no answer from http://127.0.0.1:9 (ConnectError" in capsys.readouterr().err


def test_four_pushes_at_once_all_land(hub: Running, built: dict[str, Path], tmp_path: Path) -> None:
    results: dict[int, int] = {}

    def work(number: int) -> None:
        folder = shutil.copytree(built["twelve"], tmp_path / str(number))
        change_manifest(folder, run={"seconds": float(number)})
        results[number] = push(folder, "--tag", f"v{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), 0)
    assert len(history()) == 5
    tags = {tag.name: tag.target_commit for tag in HfApi().list_repo_refs(NAME, repo_type="dataset").tags}
    assert len(tags) == len(set(tags.values())) == 4


def test_a_lost_answer_makes_no_second_commit(hub: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub has made the commit, or the tag, and its answer is lost on the way."""
    monkeypatch.setattr("dataset_builder.publishing.hub.repository.time.sleep", lambda seconds: None)
    for name in ("create_commit", "create_tag"):
        whole, lost = getattr(HfApi, name), []

        def losing(self, *words, _whole=whole, _lost=lost, **named):
            answer = _whole(self, *words, **named)
            if not _lost:
                _lost.append(True)
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            return answer

        monkeypatch.setattr(HfApi, name, losing)
    assert push(folder, "--tag", "v1.0") == 0
    assert len(history()) == 2
    assert load_dataset(NAME, revision="v1.0")["train"].num_rows > 0


def test_a_full_disk_is_said_and_the_earlier_revision_is_whole(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The Hub is a process that may write no file above 20 kB, and fails in the middle of the second upload."""
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20_000, 20_000))
    large = [path.stat().st_size for path in built["twelve"].rglob("*.parquet")]
    assert max(large) > 20_000
    with Process(tmp_path / "hub") as process:
        use_here(process.start(), monkeypatch, tmp_path / "home")
        assert push(built["nine"], "--tag", "v1.0") == 0
        process.kill()
        process.start(preexec_fn=limit)
        assert push(built["twelve"], "--tag", "v2.0") == 2
        error = capsys.readouterr().err
        assert (
            "could not store it: The server cannot store this: no file may become so large (File too large)" in error
        )
        assert "The old content is complete; free some space, and push again" in error
        assert len(history()) == 2
        assert main(["verify", NAME]) == 0
        assert list((tmp_path / "hub/datasets/org/medreason.git/lfs/tmp").iterdir()) == []
        process.kill()
        process.start()
        assert push(built["twelve"], "--tag", "v2.0") == 0
