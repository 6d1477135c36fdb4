"""push: what is refused, and that nothing on the Hub is overwritten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from dataset_builder.__main__ import main
from tests.publishing.pushing import CLEAN, NAME, change_manifest, history, push
from tests.support.hub.running import Running, use_here


def forbid(**origin: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        origins = json.loads((folder / "manifest.json").read_text())["origins"]
        change_manifest(folder, origins=[origins[0] | origin])

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: change_manifest(f, trial=True), "it is a trial: it contains rows of an evaluation split"),
        (
            forbid(may_be_pushed=False, terms="Gated."),
            "rows of sample must not be republished (Gated.); build without this source",
        ),
        (forbid(source="hle_medical"), "rows of hle_medical must not be republished"),
        (
            forbid(pinned=False, revision="abc"),
            "the source sample is UNPINNED: a rebuild would read other rows. Add revision='abc'",
        ),
        (
            lambda f: change_manifest(f, inputs={"embedder": {"model": "org/model", "revision": "UNPINNED"}}),
            "the embedder org/model is UNPINNED; give it as org/model@REVISION",
        ),
        (
            lambda f: change_manifest(f, run={"git": CLEAN | {"clean": False}}),
            "a tree with uncommitted changes (on top of c0ffee000000)",
        ),
        (
            lambda f: change_manifest(f, run={"git": {"commit": None, "clean": None}}),
            "it was built outside of a git checkout",
        ),
        (lambda f: (f / "README.md").write_text("edited"), "README.md: its content is not that of the build"),
        (lambda f: change_manifest(f, content_hash="0" * 64), "content_hash: computed"),
        (lambda f: (f / "manifest.json").unlink(), "is no dataset folder"),
    ],
)
def test_what_must_not_be_pushed(folder: Path, damage: Callable[[Path], None], message: str, capsys) -> None:
    """Refused before anything is asked of a Hub: there is none here."""
    damage(folder)
    assert push(folder) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--repo", "medreason"], "--repo 'medreason': expected ORGANISATION/NAME"),
        (["--tag", "v 1"], "--tag 'v 1': expected a name such as v1.0"),
        (["--tag", "abcdef0"], "that cannot be a commit hash"),
        (["--tag", "main"], "--tag 'main' is also the name of the branch"),
    ],
)
def test_names_that_could_not_be(folder: Path, options: list[str], message: str, capsys) -> None:
    assert push(folder, *options) == 2
    assert message in capsys.readouterr().err


def test_an_unclean_tree_can_be_allowed(hub: Running, folder: Path) -> None:
    change_manifest(folder, run={"git": CLEAN | {"clean": False}})
    assert push(folder, "--allow-dirty") == 0


def test_who_may_not(hub: Running, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    HfApi().create_repo(NAME, repo_type="dataset", private=True)
    messages = {
        None: "no token for http://127.0.0.1",
        "reader": "does not let this token write to org/medreason (You don't have the rights to write to org/medreason "
        "(user reader, read-only token)",
        "stranger": "does not let this token write to org/medreason (You don't have the rights to create a dataset",
        "wrong": "does not accept this token (Invalid credentials in Authorization header); expected a valid one in HF_TOKEN",
    }
    for user, message in messages.items():
        use_here(hub, monkeypatch, tmp_path / f"home-{user}", None if user == "wrong" else user)
        if user == "wrong":
            monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
        assert push(folder) == 2
        error = capsys.readouterr().err
        assert message in error and "hf_" not in error
    use_here(hub, monkeypatch, tmp_path / "home")
    assert history() == ["initial commit"]
    for user in (None, "stranger"):
        use_here(hub, monkeypatch, tmp_path / f"home-{user}", user)
        assert main(["verify", NAME]) == 2
        assert (
            "has no repository org/medreason, or it is private and this token may not see it"
            in capsys.readouterr().err
        )


def test_what_others_have_put_there_is_kept(hub: Running, folder: Path, capsys) -> None:
    api = HfApi()

    def by_hand(name: str, text: bytes) -> None:
        api.create_commit(NAME, [CommitOperationAdd(name, text)], repo_type="dataset", commit_message="by hand")

    api.create_repo(NAME, repo_type="dataset")
    by_hand("README.md", b"# My own notes\n")
    assert push(folder) == 2
    assert (
        "org/medreason already contains README.md, which this project has not pushed (it has no manifest.json of a build)"
        in capsys.readouterr().err
    )
    api.delete_file("README.md", NAME, repo_type="dataset")
    assert push(folder) == 0
    by_hand("figure.txt", b"x")
    assert push(folder) == 2
    assert (
        "org/medreason already contains files that this project has not pushed: figure.txt. Nothing was changed"
        in capsys.readouterr().err
    )
    api.delete_file("figure.txt", NAME, repo_type="dataset")
    by_hand("README.md", b"edited")
    assert push(folder) == 2
    assert "README.md of org/medreason was edited on the Hub after it was pushed" in capsys.readouterr().err


def test_a_tag_never_moves(hub: Running, built: dict[str, Path], capsys) -> None:
    assert push(built["twelve"], "--tag", "v1.0") == 0
    before = history()
    assert push(built["nine"], "--tag", "v1.0") == 2
    assert "org/medreason already has the tag v1.0, on commit" in capsys.readouterr().err
    assert history() == before
