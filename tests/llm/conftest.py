"""The scripted model server, for the tests of model calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset_builder.answer_store.store import AnswerStore
from tests.llm.asking import KEY, says
from tests.support.llm_server.running import Running, running


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(says) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(tmp_path / "s.sqlite")
