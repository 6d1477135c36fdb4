"""Rows of strangers, in folders and on a Hub: the preflight ends with a message that names the row, or trains what the manifest lists."""

import pytest

from tests.sft import scenario

pytestmark = pytest.mark.slow
FOLDERS = {
    "texts": "row 0: prompt: found the text 'Which?'; expected a list of at least one message",
    "null": "row 0: prompt: found the null None",
    "parts": "row 0: prompt, message 1, content: found the list [{",
    "nothing": "row 0: prompt: found the empty list []",
    "no role": "row 0: prompt, message 1, role: found nothing; expected one of system",
    "roles of others": "row 0: prompt, message 1, role: found the text 'human'",
    "numbers": "row 0: prompt: found the int 1",
    "no columns": "no columns cannot be read (ValueError: found columns text; missing: prompt, completion)",
    "broken": "broken cannot be read (ArrowInvalid: ",
    "another split": 'another split cannot be read (ValueError: Unknown split "train"',
}
HUB = {
    "poison": "data/train-00000-of-00001.parquet: its content is not that of the build",
    "second_file": "data/train-00001-of-00002.parquet: in the folder, not in the manifest",
    "rejected": "data/*.parquet: means data/train-00000-of-00001.parquet, data/rejected-00000-of-00001.parquet; expected only",
    "no_object": "manifest.json: found []; expected an object",
    "trial": "org/rows-7@v1 is a trial",
    "no_file": "other/train-*.parquet: means no file; expected only data/train-00000-of-00001.parquet",
    "no_tag": "org/rows-0 has no revision 'v9'",
}


@pytest.fixture
def found() -> dict:
    return scenario.result("run_strangers")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_row_of_another_form_is_named_with_what_is_expected(found: dict, name: str) -> None:
    assert found["folders"][name]["status"] in (1, "refused")
    assert FOLDERS[name] in found["folders"][name]["text"]


def test_texts_are_told_how_to_become_messages_and_other_columns_harm_nothing(found: dict) -> None:
    assert "to mend it: texts are trained without the chat template" in found["folders"]["texts"]["text"]
    assert found["folders"]["columns of others"]["status"] == 0


@pytest.mark.parametrize("name", HUB)
def test_files_at_a_revision_are_compared_with_its_manifest(found: dict, name: str) -> None:
    assert found["hub"][name]["status"] == "refused"
    assert HUB[name] in found["hub"][name]["text"]


@pytest.mark.parametrize("name", ["honest", "by name", "no_manifest"])
def test_files_of_the_manifest_are_trained_and_those_of_which_nothing_was_said(found: dict, name: str) -> None:
    assert found["hub"][name]["status"] == 0 and "preflight of tiny: 40 rows" in found["hub"][name]["text"]
