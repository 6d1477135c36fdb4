"""What a command line of `python -m lighteval_tasks` cannot mean ends with a message, before anything runs."""

import sys

import pytest

from lighteval_tasks.__main__ import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["items", "medqa_nonsense"], r"items: unknown task 'medqa_nonsense'; known: medqa, .*"),
        (
            [
                "score",
                "org/model",
                "--backend",
                "litellm",
                "--base-url",
                "https://ada:hunter2hunter2@models.example/v1",
            ],
            r"score: the endpoint's URL contains a user or a password \(https://models.example/v1 without it\).*",
        ),
        (
            ["score", "org/model", "--backend", "litellm", "--base-url", "http://models.example/v1"],
            r"score: OPENAI_BASE_URL is plain http to models.example.*OPENAI_ALLOW_HTTP=1",
        ),
        (
            [
                "score",
                "org/model",
                "--backend",
                "litellm",
                "--base-url",
                "https://a.example/v1,https://u:hunter2hunter2@b/v1",
            ],
            r"score: the endpoint's URL \(--base-url, or \$OPENAI_BASE_URL\) is a list; expected one URL.*",
        ),
        (["score", "org/model", "--backend", "litellm"], r"score: --backend litellm needs the endpoint's URL.*"),
    ],
)
def test_it_is_said_what_is_wrong(words: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2hunter2")
    monkeypatch.setattr(sys, "argv", ["lighteval_tasks", *words])
    with pytest.raises(SystemExit, match=message) as ended:
        main()
    assert "hunter2" not in str(ended.value)
