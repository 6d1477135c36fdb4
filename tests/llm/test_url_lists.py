"""Several URLs in one variable: the servers of one endpoint."""

import pytest

from dataset_builder.commands.estimating.estimate import Estimate, table
from dataset_builder.llm.calls.endpoint import connect, connect_for_files, is_openai, server_names
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.prices import read_prices


def test_commas_separate_servers_and_blanks_around_them_are_fine() -> None:
    urls = " http://a:8000/v1 ,\thttp://ada:password1@b.local/v1,\n  http://[::1]:8001/v1"
    clients = connect("farm", {"FARM_BASE_URL": urls})
    assert [str(client.base_url) for client in clients] == [
        "http://a:8000/v1/",
        "http://ada:password1@b.local/v1/",
        "http://[::1]:8001/v1/",
    ]
    assert server_names(clients) == ["a:8000", "b.local", "[::1]:8001"]


def test_servers_behind_one_host_are_told_apart_without_their_paths() -> None:
    clients = connect("farm", {"FARM_BASE_URL": "http://gate/a/v1?key=s3cret,http://gate/b/v1,http://other/v1"})
    assert server_names(clients) == ["gate, number 1", "gate, number 2", "other"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("http://a/v1,,http://b/v1", "URL 2 of the 3 in FARM_BASE_URL is empty"),
        ("http://a/v1, ", "URL 2 of the 2 in FARM_BASE_URL is empty"),
        (" ", "FARM_BASE_URL is empty; expected a URL such as"),
        ("http://a/v1,htps://u:hunter2hunter2@b/v1", "URL 2 of the 2 in FARM_BASE_URL is no URL that can be called"),
        ("http://a/v1 http://b/v1", "FARM_BASE_URL is no URL that can be called"),
        ("http://u:hunter2,hunter2@b/v1", "URL 1 of the 2 in FARM_BASE_URL is no URL .* within a URL is written %2C"),
        ("http://a/v1,http://b/v1,http://A:80/v1/", "URLs 1 and 3 in FARM_BASE_URL are the same"),
    ],
)
def test_what_is_no_list_of_servers_is_refused_by_its_place(value: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as why:
        connect("farm", {"FARM_BASE_URL": value})
    assert "hunter2" not in str(why.value)


def test_what_is_one_server_takes_no_list() -> None:
    urls = {"FARM_BASE_URL": "http://a/v1,http://b/v1"}
    with pytest.raises(ModelError, match=r"FARM_BASE_URL lists 2 servers; expected one for --dispatch batch"):
        connect_for_files("farm", urls)
    azure = {"AZURE_OPENAI_ENDPOINT": "https://a,https://b", "AZURE_OPENAI_API_KEY": "k", "OPENAI_API_VERSION": "1"}
    with pytest.raises(ModelError, match="AZURE_OPENAI_ENDPOINT lists 2 URLs; expected one"):
        connect("azure", azure)


def test_a_list_is_not_openai() -> None:
    assert not is_openai("openai", {"OPENAI_BASE_URL": "http://a/v1,http://b/v1"}) and is_openai("openai", {})


def test_an_estimate_counts_the_rate_of_each_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def hours() -> str:
        found = [Estimate("write", LLM("m", "farm"), 6000.0, 1e6, 1e6, 1e6, 6000.0, None, 0.0, False)]
        return next(line for line in table(found, read_prices([]), 256, 20.0) if "hours" in line)

    monkeypatch.setenv("FARM_BASE_URL", "http://a/v1")
    assert "5.0 hours" in hours()
    monkeypatch.setenv("FARM_BASE_URL", "http://a/v1,http://b/v1")
    assert "2.5 hours" in hours()
