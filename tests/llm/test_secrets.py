"""No key and no password of the environment gets out, however it is written."""

import json

import pytest

from dataset_builder.llm.secrets import redacted, secrets, without_userinfo

KEY = "sk-planted-0123456789abcdef"
ENVIRONMENT = {
    "OPENAI_API_KEY": KEY,
    "LOCAL_BASE_URL": "https://ada:pass%40word1@models.example/v1",
    "HTTPS_PROXY": "http://proxy:3128",
    "SHORT_KEY": "none",
    "HOME": "/home/ada",
}


def test_keys_and_passwords_are_secret() -> None:
    assert set(secrets(ENVIRONMENT).values()) == {KEY, "pass@word1", "pass%40word1"}


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)


@pytest.mark.parametrize(
    "written", [KEY, ESCAPED, f"\\u0073{KEY[1:]}", KEY.replace("-", "\\u002D"), KEY.replace("s", "\\u0073")]
)
def test_a_key_is_found_also_where_json_escapes_its_letters(written: str) -> None:
    text = f'{{"choices": [{{"message": {{"content": "the key is {written}. 1\\u00b0 \\u0022ok\\u0022"}}}}]}}'
    clean = redacted(text, [KEY])
    content = json.loads(clean)["choices"][0]["message"]["content"]
    assert content == 'the key is [key]. 1° "ok"'


def test_a_text_without_a_key_stays_as_it_is() -> None:
    text = r'{"content": "\u0041\/ \u0022"}'
    assert redacted(text, [KEY]) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:secret@models.example:8000/v1?x=1", "https://models.example:8000/v1?x=1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
    ],
)
def test_a_url_is_shown_without_user_and_password(url: str, shown: str) -> None:
    assert without_userinfo(url) == shown
