"""What a cluster makes is what `datasets.map` makes: the same rows in the same cache, and a build that was killed goes on."""

import shutil
from pathlib import Path

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.cluster.filling import is_heavy
from dataset_builder.llm.runner import Runner
from dataset_builder.mapped import folder_of
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.cluster.in_process import Killed, cluster
from tests.cluster.stages import Opened, repeat, shout
from tests.llm.asking import PRICES, WRITER, say, says
from tests.support.llm_server.running import running
from tests.test_stage import echo, question

ROWS = 600  # blocks of 256, and one of 88
STAGES = [repeat.using(tool=Opened()), shout.using(tool=Opened())]


@pytest.fixture
def asked(request: pytest.FixtureRequest):
    """Questions of this test alone, on disk: no other test's results are in their cache."""
    questions = on_disk([question(f"{request.node.name} {number}") for number in range(ROWS)])
    yield questions
    shutil.rmtree(folder_of(questions))


def test_rows_and_cache_are_those_of_map(asked) -> None:
    one, ours = cluster()
    done, runs = run(asked, STAGES, cluster=ours)
    assert sorted(one.blocks) == [("repeat", 0), ("repeat", 256), ("repeat", 512), ("shout", 0)]
    assert [run.rejected for run in runs] == [{"no_path": 60}, {}]
    assert done["tier"][8] == done["question"][8] * 2 and done["unfound_mentions"][7] is None
    _, runs = run(asked, STAGES)
    assert all(one.cached for one in runs), "what the cluster has made is not found without it"
    ours_hash, ours_rows = done._fingerprint, done.to_list()
    folder = folder_of(asked)
    for file in folder.iterdir():
        if file.name.startswith(("cache-", "content-")):
            file.unlink()
    plain, runs = run(asked, STAGES)
    assert not any(one.cached for one in runs)
    assert (plain.to_list(), plain._fingerprint) == (ours_rows, ours_hash)


def test_a_killed_build_goes_on_where_it_was(asked) -> None:
    with pytest.raises(Killed):
        run(asked, STAGES, cluster=cluster(most=2)[1])
    one, ours = cluster()
    done, _ = run(asked, STAGES, cluster=ours)
    assert one.blocks == [("repeat", 0), ("shout", 0)]
    assert done["tier"][:] == [text * 2 for text in asked["question"][:]]
    assert not [*folder_of(asked).glob("blocks-*")]


def test_a_block_that_was_cut_is_done_again(asked) -> None:
    with pytest.raises(Killed):
        run(asked, STAGES, cluster=cluster(most=2)[1])
    cut, whole = sorted(folder_of(asked).glob("blocks-*/*.arrow"))
    cut.write_bytes(cut.read_bytes()[:-10])
    one, ours = cluster()
    run(asked, STAGES, cluster=ours)
    assert ("repeat", int(cut.stem)) in one.blocks and ("repeat", int(whole.stem)) not in one.blocks


def test_a_stage_that_asks_gets_its_answers_sent(asked, tmp_path: Path) -> None:
    calls = {"prices": PRICES, "timeout_s": 20.0, "in_flight": 16}
    with running(says) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "none")
        one, ours = cluster()
        with Runner(AnswerStore(tmp_path / "s.sqlite"), calls) as runner:
            done, [run_] = run(asked, [say.using(llm=WRITER)], runner=runner, cluster=ours)
        assert run_.calls and run_.calls.sent == server.stats()["requests"] == ROWS
    assert len(one.blocks) == 3 and set(map(type, done["rationale"][:])) == {str}
    with Runner(AnswerStore(tmp_path / "s.sqlite")) as runner:
        _, [run_] = run(asked, [say.using(llm=WRITER)], runner=runner)
    assert run_.cached


def test_only_stages_with_enough_to_do_are_sent() -> None:
    assert [is_heavy(one) for one in (STAGES[0], say.using(llm=WRITER), say, echo.using(times=2))] == [
        True,
        True,
        False,
        False,
    ]
