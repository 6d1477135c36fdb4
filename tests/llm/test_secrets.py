"""No key and no password of the environment gets out, however it is written."""

import json

import pytest

from dataset_builder.llm.calls.endpoint import connect
from dataset_builder.llm.model import ModelError
from dataset_builder.llm.secrets import redacted, secrets, sent_in_the_clear, without_userinfo

KEY = "sk-planted-0123456789abcdef"
ENVIRONMENT = {
    "OPENAI_API_KEY": KEY,
    "LOCAL_BASE_URL": "https://ada:pass%40word1@models.example/v1",
    "HTTPS_PROXY": "http://proxy:3128",
    "SHORT_KEY": "none",
    "HOME": "/home/ada",
}


def test_the_password_of_each_url_in_a_list_is_secret() -> None:
    environment = {"FARM_BASE_URL": "https://a:password1@a/v1, https://b:password2@b/v1,https://c/v1"}
    assert set(secrets(environment).values()) == {"password1", "password2"}
    assert set(secrets({"FARM_BASE_URL": "https://a:pass,word1@a/v1"}).values()) == {"pass,word1"}, (
        "no URL, but secret"
    )


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


NEAR = (
    "127.0.0.1:8000",
    "localhost",
    "[::1]:8000",
    "0.0.0.0",
    "gpu-box:8000",
    "192.168.1.5",
    "10.0.0.2",
    "172.31.0.1",
    "100.101.102.103",
)
NEAR += (
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
    "gpu.local",
    "GPU.lan.",
    "vllm.svc.cluster.local",
    "host.docker.internal",
    "169.254.1.1",
)
FAR = (
    "api.openai.com",
    "gpu.university.edu:8000",
    "8.8.8.8",
    "172.32.0.1",
    "[2001:db8::1]",
    "[::ffff:8.8.8.8]",
    "local.example.com",
    "134744072",
)
FAR += ("localhost.evil.example", "0x8.8.8.8", "192.168.1.5.nip.io")


@pytest.mark.parametrize("host", [*NEAR, *FAR])
def test_a_key_goes_over_plain_http_only_within_the_own_network(host: str) -> None:
    url = f"http://{host}/v1"
    why = sent_in_the_clear("SGLANG_BASE_URL", url, KEY, {})
    assert (why is None) == (host in NEAR)
    assert KEY not in (why or "")
    assert sent_in_the_clear("SGLANG_BASE_URL", url, "none", {}) is None
    assert sent_in_the_clear("SGLANG_BASE_URL", url.replace("http:", "https:"), KEY, {}) is None
    assert sent_in_the_clear("SGLANG_BASE_URL", url, KEY, {"SGLANG_ALLOW_HTTP": "1"}) is None


def test_no_call_is_made_that_would_show_the_key() -> None:
    environment = {"OPENAI_BASE_URL": "http://models.example/v1", "OPENAI_API_KEY": KEY}
    with pytest.raises(
        ModelError, match=r"OPENAI_BASE_URL is plain http to models\.example, .* OPENAI_ALLOW_HTTP=1 sends it"
    ) as why:
        connect("openai", environment)
    assert KEY not in str(why.value)
    azure = {"AZURE_OPENAI_ENDPOINT": "http://a.example", "AZURE_OPENAI_API_KEY": KEY, "OPENAI_API_VERSION": "1"}
    with pytest.raises(ModelError, match=r"AZURE_ALLOW_HTTP=1"):
        connect("azure", azure)
    with pytest.raises(ModelError, match=r"LOCAL_BASE_URL is plain http to models\.example"):
        connect("local", {"LOCAL_BASE_URL": "http://127.0.0.1:1/v1,http://models.example/v1", "LOCAL_API_KEY": KEY})
    with pytest.raises(ModelError, match=r"plain http"):
        connect("local", {"LOCAL_BASE_URL": "http://ada:password1@models.example/v1"})
    connect("openai", environment | {"OPENAI_ALLOW_HTTP": "1"})
