"""The local Hub, asked by the real clients over HTTP."""

import subprocess
import sys
from pathlib import Path

import pytest
from datasets import Dataset, load_dataset
from dulwich.repo import Repo
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from tests.support.hub import card_yaml
from tests.support.hub.running import Process, Running, running, use_here
from tests.support.hub.server import Hub, RootInUse
from tests.support.hub.tokens import default_users

NAME = "org/questions"


def add(**files: str) -> list[CommitOperationAdd]:
    return [
        CommitOperationAdd(name.replace("__", "/").replace("_", "."), text.encode()) for name, text in files.items()
    ]


def test_commits_branches_tags_and_history(hub: Running, tmp_path: Path) -> None:
    api = HfApi()
    assert api.whoami()["auth"]["accessToken"]["role"] == "write"
    api.create_repo(NAME, repo_type="dataset")
    assert api.create_repo(NAME, repo_type="dataset", exist_ok=True).repo_id == NAME
    first = api.create_commit(
        NAME, add(a_txt="1", data__x_parquet="PAR1"), repo_type="dataset", commit_message="first"
    ).oid
    api.create_tag(NAME, tag="v1.0", repo_type="dataset")
    second = api.create_commit(
        NAME,
        [*add(b_txt="2"), CommitOperationDelete("data/x.parquet")],
        repo_type="dataset",
        commit_message="second",
        parent_commit=first,
    ).oid
    assert api.list_repo_files(NAME, repo_type="dataset") == [".gitattributes", "a.txt", "b.txt"]
    assert api.list_repo_files(NAME, repo_type="dataset", revision="v1.0")[2] == "data/x.parquet"
    titles = [commit.title for commit in api.list_repo_commits(NAME, repo_type="dataset")]
    assert titles == ["second", "first", "initial commit"]
    api.create_branch(NAME, branch="trial/x", revision="v1.0", repo_type="dataset")
    refs = api.list_repo_refs(NAME, repo_type="dataset")
    assert {b.name: b.target_commit for b in refs.branches} == {"main": second, "trial/x": first}
    assert [(t.name, t.target_commit) for t in refs.tags] == [("v1.0", first)]
    assert api.repo_info(NAME, repo_type="dataset", revision="trial/x").sha == first
    assert Path(hf_hub_download(NAME, "data/x.parquet", repo_type="dataset", revision="trial/x")).read_text() == "PAR1"
    paths = api.get_paths_info(NAME, ["a.txt", "data", "nowhere"], revision=first, repo_type="dataset")
    assert [path.path for path in paths] == ["a.txt", "data"]
    api.delete_branch(NAME, branch="trial/x", repo_type="dataset")
    api.delete_tag(NAME, tag="v1.0", repo_type="dataset")
    assert sorted(p.name for p in Path(snapshot_download(NAME, repo_type="dataset")).iterdir())[1:] == [
        "a.txt",
        "b.txt",
    ]
    api.delete_repo(NAME, repo_type="dataset")
    assert not api.repo_exists(NAME, repo_type="dataset")


def test_what_cannot_be_done_is_the_clients_own_exception(hub: Running) -> None:
    api = HfApi()
    api.create_repo(NAME, repo_type="dataset")
    api.create_tag(NAME, tag="v1.0", repo_type="dataset")
    base = api.repo_info(NAME, repo_type="dataset").sha
    api.create_commit(NAME, add(a_txt="1"), repo_type="dataset", commit_message="x")
    with pytest.raises(HfHubHTTPError) as moved:
        api.create_commit(NAME, add(b_txt="2"), repo_type="dataset", commit_message="x", parent_commit=base)
    assert moved.value.response.status_code == 412
    with pytest.raises(HfHubHTTPError, match="Reference already exists") as there:
        api.create_tag(NAME, tag="v1.0", repo_type="dataset")
    assert there.value.response.status_code == 409
    with pytest.raises(RevisionNotFoundError):
        api.repo_info(NAME, repo_type="dataset", revision="v2.0")
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(NAME, "nowhere.txt", repo_type="dataset")
    with pytest.raises(EntryNotFoundError):
        api.create_commit(NAME, [CommitOperationDelete("nowhere.txt")], repo_type="dataset", commit_message="x")
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("org/nothing", repo_type="dataset")
    with pytest.raises(ValueError, match=r'(?s)Invalid metadata in README.md.*"license" must be one of'):
        api.create_commit(NAME, add(README_md="---\nlicense: mine\n---\n"), repo_type="dataset", commit_message="x")


def test_who_may_do_what(hub: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    HfApi().create_repo(NAME, repo_type="dataset", private=True)
    reader = HfApi(token=hub.token("reader"))
    assert reader.repo_info(NAME, repo_type="dataset").private
    with pytest.raises(HfHubHTTPError, match="read-only token") as refused:
        reader.create_commit(NAME, add(a_txt="1"), repo_type="dataset", commit_message="x")
    assert refused.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError, match="don't have the rights to create"):
        HfApi(token=hub.token("stranger")).create_repo("org/other", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        HfApi(token="hf_wrong").repo_info(NAME, repo_type="dataset")
    for user in ("stranger", None):
        use_here(hub, monkeypatch, tmp_path / "other", user)
        with pytest.raises(RepositoryNotFoundError):
            HfApi().repo_info(NAME, repo_type="dataset")
    use_here(hub, monkeypatch, tmp_path / "other")
    HfApi().update_repo_settings(NAME, repo_type="dataset", visibility="public")
    use_here(hub, monkeypatch, tmp_path / "other", None)
    assert not HfApi().repo_info(NAME, repo_type="dataset").private


def test_datasets_push_and_load_by_config_and_revision(hub: Running) -> None:
    for config, values in {"en": [1, 2], "fr": [3]}.items():
        Dataset.from_dict({"x": values}).push_to_hub(NAME, config)
    HfApi().create_tag(NAME, tag="v1", repo_type="dataset")
    Dataset.from_dict({"x": [4]}).push_to_hub(NAME, "en")
    assert load_dataset(NAME, "en", split="train")["x"][:] == [4]
    assert load_dataset(NAME, "en", split="train", revision="v1")["x"][:] == [1, 2]
    assert load_dataset(NAME, "fr", split="train")["x"][:] == [3]
    Dataset.from_dict({"x": [5]}).push_to_hub(NAME, "en", revision="candidate/x")
    assert load_dataset(NAME, "en", split="train", revision="candidate/x")["x"][:] == [5]


def test_large_files_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 5000
    with running(tmp_path / "hub", parts_above=400_000) as hub:
        use_here(hub, monkeypatch, tmp_path / "home")
        HfApi().create_repo("org/model")
        HfApi().upload_file(path_or_fileobj=content, path_in_repo="a b é/m.safetensors", repo_id="org/model")
        assert Path(hf_hub_download("org/model", "a b é/m.safetensors")).read_bytes() == content
    assert list((tmp_path / "hub/models/org/model.git/lfs/tmp").iterdir()) == []


def test_a_killed_server_leaves_a_whole_repository_and_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Process(tmp_path / "hub") as process:
        server = process.start()
        use_here(server, monkeypatch, tmp_path / "home")
        HfApi().create_repo(NAME, repo_type="dataset")
        commit = HfApi().create_commit(NAME, add(a_txt="1"), repo_type="dataset", commit_message="x").oid
        with pytest.raises(RootInUse, match="is served by another process; stop it"):
            Hub(tmp_path / "hub", default_users())
        process.kill()
        repository = tmp_path / "hub/datasets/org/questions.git"
        (repository / "refs/heads/main.lock").write_text("left by the kill")
        (repository / "lfs/tmp").mkdir(parents=True)
        (repository / "lfs/tmp/half").write_text("left by the kill")
        assert process.start().url == server.url
        assert HfApi().repo_info(NAME, repo_type="dataset").sha == commit
        assert HfApi().create_commit(NAME, add(a_txt="2"), repo_type="dataset", commit_message="y").oid != commit
    with Repo(str(repository)) as git:
        assert next(entry.commit.message for entry in git.get_walker()) == b"y"
    assert list((repository / "lfs/tmp").iterdir()) == []


@pytest.mark.slow
def test_transformers_pushes_and_loads_a_model(hub: Running) -> None:
    script = """
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
tiny = LlamaConfig(vocab_size=32, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
model = LlamaForCausalLM(tiny)
model.push_to_hub("org/tiny", private=True)
again = AutoModelForCausalLM.from_pretrained("org/tiny", revision="main")
assert all((a == b).all() for a, b in zip(model.parameters(), again.parameters(), strict=True))
print("equal")
"""
    done = subprocess.run([sys.executable, "-c", script], env=hub.env(), capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("equal\n"), done.stderr


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("license: [mit, nobody]", "found 'nobody'"),
        ("license: mit\ntags: [1]", '"tags" must be a string or a list of strings'),
        ("size_categories: 100", '"size_categories" must be'),
        ("configs: {}", '"configs" must be a list of objects'),
        ("configs:\n- data_files: x", '"configs[].config_name" must be a string'),
        ("configs:\n- config_name: a\n- config_name: a", "must be unique"),
        ("configs:\n- config_name: a\n  data_files: [{split: x}]", "must be paths, or objects"),
        ("a: [", "Cannot parse YAML"),
    ],
)
def test_the_check_of_a_card(header: str, message: str) -> None:
    assert message in card_yaml.errors(f"---\n{header}\n---\n", "dataset")[0]
    assert card_yaml.errors("no header", "dataset") == []
