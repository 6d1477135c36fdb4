"""Every Responsible AI field goes back to a fact of the manifest: it changes with it, and is not there without it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from dataset_builder.publishing.metadata.responsible_ai import responsible_ai
from tests.support.tiny_folders import write_folders

Manifest = dict[str, Any]
# of which no manifest knows anything
NEVER = ("annotationsPerItem", "annotatorDemographics", "dataAnnotationPlatform", "personalSensitiveInformation")
NEVER += ("dataSocialImpact", "dataImputationProtocol", "dataCollectionTimeframe", "dataCollectionMissingData")


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    folders = write_folders(tmp_path_factory.mktemp("tiny"))
    found = {name: json.loads((folders[name] / "manifest.json").read_text("utf-8")) for name in ("paths", "many")}
    for manifest in found.values():
        manifest["inputs"] |= {
            "min_relevance": 0.5,
            "shuffle_options": {"seed": 7, "shuffled": 2, "kept": {"open": 1}},
        }
        manifest["inputs"]["models"] = {"writer": "w", "judge": "judge"}
        manifest["inputs"]["embedder"] |= {"model": "org/minilm", "revision": "1"}
        manifest["origins"][0]["url"] = "https://example.org/x"
        manifest["flags"] = {"sample": {"low_relevance": 1}}
        manifest["funnel"]["other"] = {"in": 5, "published": 1, "no_path": 4}
    return found


def put(*place: Any, value: Any) -> Callable[[Manifest], None]:
    def change(manifest: Manifest) -> None:
        at: Any = manifest
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = value

    return change


CHANGES: dict[str, tuple[Callable[[Manifest], None], set[str]]] = {
    "rows of a source": (put("origins", 0, "rows", value=2), {"dataCollection"}),
    "its revision": (put("origins", 0, "files", value={"f": "9"}), {"dataCollectionRawData"}),
    "its license": (put("origins", 0, "license", value="cc-by-4.0"), {"dataCollectionRawData"}),
    "its terms": (put("origins", 0, "terms", value="ask first"), {"dataCollectionRawData"}),
    "its page": (put("origins", 0, "url", value="written for this project"), {"dataCollectionRawData", "dataCollectionType"}),
    "the graph": (put("graph", "name", value="hpo"), {"dataCollection", "machineAnnotationTools"}),
    "the pipeline": (put("pipeline", value="kg_only"), {"dataPreprocessingProtocol"}),
    "a stage": (put("run", "stages", 0, "stage", value="rank_paths"), {"dataPreprocessingProtocol", "dataAnnotationProtocol"}),
    "the least relevance": (put("inputs", "min_relevance", value=0.9), {"dataPreprocessingProtocol"}),
    "contradictions": (put("inputs", "reject_contradicted", value=True), {"dataPreprocessingProtocol"}),
    "sources left out": (put("left_out", value={}), {"dataPreprocessingProtocol"}),
    "a benchmark": (put("contamination", "checked", value={}), {"dataPreprocessingProtocol"}),
    "an unchecked one": (put("contamination", "not_checked", value={}), {"dataLimitations"}),
    "the order of options": (put("inputs", "shuffle_options", "seed", value=8), {"dataManipulationProtocol"}),
    "a writer": (put("inputs", "models", "writer", value="z"), {"dataAnnotationProtocol", "machineAnnotationTools"}),
    "the code": (put("code", value="1" * 64), {"dataAnnotationProtocol", "dataReleaseMaintenancePlan"}),
    "the judge's errors": (put("run", "passports", 0, "false_positives", "of", value=9), {"dataAnnotationAnalysis"}),
    "an unmeasured judge": (put("run", "passports", value=[]), {"dataAnnotationAnalysis", "dataLimitations"}),
    "questions without a reward": (put("configs", "rl", value={"columns": {}, "rows": 1}), {"dataLimitations", "dataUseCases"}),
    "the claim reader": (put("inputs", "claims", "version", value="3"), {"machineAnnotationTools"}),
    "the embedder": (put("inputs", "embedder", "model", value=""), {"machineAnnotationTools"}),
    "a funnel": (put("funnel", "other", value={"in": 5, "published": 2, "no_path": 3}), {"dataBiases", "dataPreprocessingProtocol", "dataLimitations"}),
    "one source": (put("funnel", value={"sample": {"in": 3, "published": 2, "no_path": 1}}), {"dataBiases", "dataCollection", "dataPreprocessingProtocol", "dataLimitations"}),
    "a trial": (put("trial", value=True), {"dataUseCases"}),
    "rows of a trial": (put("origins", 0, "trial", value=True), {"dataLimitations"}),
    "a part": (put("shard", value={"part": 1, "of": 2, "rows": 3, "ids": "0" * 64}), {"dataUseCases", "dataLimitations"}),
    "flags": (put("flags", value={}), {"dataLimitations"}),
    "a graph of other labels": (put("inputs", "relevance", value={"calibrated_on": "tiny", "graph_sha256": "1"}), {"dataLimitations"}),
    "no claims": (put("inputs", "claims", value={"name": "none"}), {"dataLimitations", "machineAnnotationTools"}),
    "configs": (put("configs", value={}), {"dataUseCases"}),
    "the content": (put("content_hash", value="1" * 64), {"dataReleaseMaintenancePlan"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_fact_changes_the_fields_that_state_it_and_no_other(name: str, manifests: dict[str, Manifest]) -> None:
    change, expected = CHANGES[name]
    before, changed = responsible_ai(manifests["paths"]), copy.deepcopy(manifests["paths"])
    change(changed)
    after = responsible_ai(changed)
    found = {key.removeprefix("rai:") for key in {**before, **after} if before.get(key) != after.get(key)}
    assert found == expected


def test_each_field_has_a_fact_that_changes_it(manifests: dict[str, Manifest]) -> None:
    stated = {key.removeprefix("rai:") for manifest in manifests.values() for key in responsible_ai(manifest)}
    assert stated == {field for _, fields in CHANGES.values() for field in fields}
    assert not stated & set(NEVER)


def test_no_field_is_empty_and_the_texts_are_plain(manifests: dict[str, Manifest]) -> None:
    for manifest in manifests.values():
        for value in responsible_ai(manifest).values():
            texts = [value] if isinstance(value, str) else value
            assert texts and all(text and "None" not in text and "{" not in text for text in texts)


def test_a_build_without_models_claims_no_annotation(manifests: dict[str, Manifest]) -> None:
    manifest = copy.deepcopy(manifests["paths"])
    del manifest["inputs"]["models"], manifest["run"]["passports"]
    for stage in manifest["run"]["stages"]:
        stage.pop("calls", None)
    fields = responsible_ai(manifest)
    assert {"rai:dataAnnotationProtocol", "rai:dataAnnotationAnalysis"}.isdisjoint(fields)
    assert "model" not in json.dumps(fields["rai:machineAnnotationTools"]).lower().replace("relevance model", "").replace("model files", "")  # fmt: skip


def test_several_rationales_of_a_question_have_tiers_and_use_no_path_unless_grounded(
    manifests: dict[str, Manifest],
) -> None:
    manifest = copy.deepcopy(manifests["many"])
    fields = responsible_ai(manifest)
    assert "easy: 1 questions, 1 published, 1 rationales" in fields["rai:dataAnnotationProtocol"][1]
    assert "knowledge graph" not in fields["rai:dataCollection"]
    manifest["inputs"]["grounded"] = True
    assert "knowledge graph tiny" in responsible_ai(manifest)["rai:dataCollection"]
    manifest["run"]["tiers"]["easy"]["published"] = 0
    assert "easy: 1 questions, 0 published" in responsible_ai(manifest)["rai:dataAnnotationProtocol"][1]


def test_a_manifest_without_optional_facts_states_less(manifests: dict[str, Manifest]) -> None:
    needed = ("content_hash", "pipeline", "trial", "inputs", "graph", "origins", "funnel", "run", "files", "rows", "columns")  # fmt: skip
    manifest = {name: manifests["paths"][name] for name in needed}
    manifest |= {"inputs": {}, "run": {"seconds": 1.0, "stages": []}, "graph": {"name": "x", "sha256": "0"}}
    assert "rai:machineAnnotationTools" not in responsible_ai(manifest)
