"""The Responsible AI fields of croissant.json (http://mlcommons.org/croissant/RAI/1.0), from the facts of the manifest alone.

A field of which the manifest knows nothing is left out. So there is never one on who the human annotators are, and how many (annotationsPerItem,
annotatorDemographics, dataAnnotationPlatform), on personal information, social impact, imputation or the time of collection.
Of the run only what does not differ between a whole and a merged build is used.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dataset_builder.configs import CONFIGS, REVIEWS
from dataset_builder.publishing.funnel import reasons_of, total
from dataset_builder.publishing.layout import UNROLLED, files_by_config
from dataset_builder.publishing.unroll import unrolls

Manifest = Mapping[str, Any]
USES = {  # by config; the field's own words: training, fine tuning
    "rl": "reinforcement learning with a rule on the final answer",
    "preference": "preference optimisation (DPO)",
    "steps": "training on labelled steps",
}


def responsible_ai(manifest: Manifest) -> dict[str, Any]:
    """The fields by name: a text each, or a list of texts where the vocabulary allows many. None is empty."""
    fields: dict[str, str | list[str]] = {
        "rai:dataCollection": _collection(manifest),
        "rai:dataCollectionType": ["Secondary Data analysis"] if _from_others(manifest) else [],
        "rai:dataCollectionRawData": "; ".join(_raw(origin) for origin in manifest["origins"]),
        "rai:dataPreprocessingProtocol": [*_filters(manifest), *_decontamination(manifest)],
        "rai:dataManipulationProtocol": _options(manifest),
        "rai:dataAnnotationProtocol": [*_models(manifest), *_tiers(manifest), *_experts(manifest)],
        "rai:dataAnnotationAnalysis": [_calibration(one) for one in manifest["run"].get("passports", ())],
        "rai:machineAnnotationTools": [*_tools(manifest)],
        "rai:dataBiases": [*_shares(manifest)],
        "rai:dataLimitations": [
            *_not_training(manifest),
            *_unchecked(manifest),
            *_left_out(manifest),
            *_unmeasured(manifest),
        ],
        "rai:dataUseCases": [*_uses(manifest)],
        "rai:dataReleaseMaintenancePlan": _release(manifest),
    }
    return {name: value for name, value in fields.items() if value}


def public_name(name: str) -> str:
    """The name without the folders of this machine: of a path its last part. A name such as org/model stays."""
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1] if re.match(r"[/\\~.]|[A-Za-z]:[/\\]", name) else name


def uses_paths(manifest: Manifest) -> bool:
    """Whether rationales were written from paths of the graph: not those of several writers who did not see them."""
    return not unrolls(list(manifest["columns"])) or bool(manifest["inputs"].get("grounded"))


def _models_of(manifest: Manifest) -> dict[str, str]:
    """The models by role; several of one role with commas between them."""
    models = manifest["inputs"].get("models", {})
    return {role: ", ".join(public_name(name) for name in names.split(", ")) for role, names in models.items()}


def _from_others(manifest: Manifest) -> bool:
    return any(origin["url"].startswith("https:") for origin in manifest["origins"])


def _collection(manifest: Manifest) -> str:
    counts = total(manifest["funnel"])
    named = ", ".join(
        f"{one['rows']} of {one['source']} (split {one['split']}, which has {one['rows_in_split']})"
        for one in manifest["origins"]
    )
    graph = manifest["graph"]
    size = f" ({graph['nodes']} nodes, {graph['edges']} edges)" if {"nodes", "edges"} <= graph.keys() else ""
    evidence = f" Evidence is taken from the knowledge graph {graph['name']}{size}." if uses_paths(manifest) else ""
    return f"{counts['in']} questions were read: {named}.{evidence}"


def _raw(origin: Mapping[str, Any]) -> str:
    files = ", ".join(f"{name} with sha256 {sum_}" for name, sum_ in origin["files"].items())
    at = files or f"revision {origin['revision']}{'' if origin.get('pinned', True) else ', not pinned'}"
    terms = f"; {origin['terms']}" if origin["terms"] else ""
    return f"{origin['source']}: {origin['hub_id']} ({origin['url']}), {at}, license {origin['license']}{terms}"


def _filters(manifest: Manifest) -> Iterable[str]:
    counts, stages = total(manifest["funnel"]), [stage["stage"] for stage in manifest["run"]["stages"]]
    if stages:
        yield f"Stages of the pipeline {manifest['pipeline']}, in their order: {', '.join(stages)}."
    why = ", ".join(f"{reason} {counts[reason]}" for reason in reasons_of(counts))
    yield f"{counts['published']} of {counts['in']} questions were published{f'; rejected, by reason: {why}' if why else ''}."
    if least := manifest["inputs"].get("min_relevance"):
        what = "rows whose paths all have less are flagged" if _models_of(manifest) else "paths below it were left out"
        yield f"Least relevance of a path: {least}; {what}."
    if manifest["inputs"].get("reject_contradicted"):
        yield "Rationales with a claim that contradicts the graph were rejected."
    if left_out := manifest.get("left_out"):
        yield f"Sources that were not read for their license: {', '.join(f'{name} ({one})' for name, one in left_out.items())}."


def _decontamination(manifest: Manifest) -> Iterable[str]:
    about = manifest.get("contamination", {})
    if not about.get("checked"):
        return
    matches = about.get("matches", {})
    found = ", ".join(
        f"{name} ({sum(of.get(name, {'rows': 0})['rows'] for of in matches.values())} matching)"
        for name in about["checked"]
    )
    strict = ", also for likely matches" if about["strict"] else ""
    yield f"Questions that an evaluation split asks too were looked for{strict} and rejected; compared with: {found}."


def _options(manifest: Manifest) -> str:
    if not (shuffle := manifest["inputs"].get("shuffle_options")):
        return ""
    kept = sum(shuffle["kept"].values())
    return (
        f"The options of {shuffle['shuffled']} questions stand in an order drawn with the seed {shuffle['seed']}; "
        f"those of {kept} in the source's order."
    )


def _models(manifest: Manifest) -> Iterable[str]:
    if not (models := _models_of(manifest)):
        return
    asked = [stage["stage"] for stage in manifest["run"]["stages"] if "calls" in stage]
    by = "; ".join(f"{role}: {names}" for role, names in models.items())
    told = f" in the stages {', '.join(asked)}" if asked else ""
    code = f" Their prompts are in the code with sha256 {manifest['code']}." if manifest.get("code") else ""
    yield f"Written and judged by language models{told}. Models by role: {by}.{code}"


def _tiers(manifest: Manifest) -> Iterable[str]:
    if unrolls(list(manifest["columns"])) and (tiers := manifest["run"].get("tiers")):
        told = "; ".join(
            f"{name}: {one['questions']} questions, {one['published']} published, {one['rationales']} rationales"
            for name, one in tiers.items()
        )
        yield f"Tiers, by the share of wrong rationales of a question: {told}."


def _experts(manifest: Manifest) -> Iterable[str]:
    if reviews := manifest.get("configs", {}).get(REVIEWS):
        yield f"Raters judged published rationales: {reviews['rows']} reviews, each of one rater and text, with labels of steps and four scales (config {REVIEWS})."


def _calibration(one: Mapping[str, Any]) -> str:
    wrong, right = one["false_positives"], one["false_negatives"]
    votes = f" with {one['votes']} votes" if one["votes"] > 1 else ""
    return (
        f"The judge {public_name(one['judge'])}{votes}, with the prompts of {one['stage']}, was measured on cases of known verdict: it accepts "
        f"{_share(wrong)} of {wrong['of']} wrong ones and does not accept {_share(right)} of {right['of']} right ones."
    )


def _share(rate: Mapping[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{100 * rate['share']:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f})"


def _tools(manifest: Manifest) -> Iterable[str]:
    inputs = manifest["inputs"]
    claims, embedder, relevance = (inputs.get(name) or {} for name in ("claims", "embedder", "relevance"))
    if claims.get("name", "none") != "none":
        version = f", version {claims['version']}" if claims.get("version") else ""
        sum_ = f", model files with sha256 {claims['model_sha256']}" if claims.get("model_sha256") else ""
        yield f"Claim reader {claims['name']}{version}{sum_}; claims are looked up in the graph {manifest['graph']['name']}"
    if embedder.get("model"):
        yield f"Sentence embedder {public_name(embedder['model'])} at {embedder.get('revision')}, for names of entities"
    if relevance and "relevance" in manifest:
        on = f", calibrated on {relevance['calibrated_on']}" if relevance.get("calibrated_on") else ""
        yield f"Relevance model of paths{on}"
    yield from (f"Language model {names} ({role})" for role, names in _models_of(manifest).items())


def _shares(manifest: Manifest) -> Iterable[str]:
    funnel, counts = manifest["funnel"], total(manifest["funnel"])
    if len(funnel) > 1 and counts["in"] and counts["published"]:
        told = "; ".join(
            f"{name}: {100 * of['in'] / counts['in']:.1f} % of the questions read, "
            f"{100 * of['published'] / counts['published']:.1f} % of the published"
            for name, of in funnel.items()
        )
        yield f"Shares of the sources: {told}."


def _not_training(manifest: Manifest) -> Iterable[str]:
    if trial := [f"{one['source']} ({one['split']})" for one in manifest["origins"] if one["trial"]]:
        yield f"A trial, with rows of evaluation splits: {', '.join(trial)}. Not to be used as training data."
    if shard := manifest.get("shard"):
        yield f"Part {shard['part']} of {shard['of']} of a dataset. Not to be used before all parts are merged."


def _unchecked(manifest: Manifest) -> Iterable[str]:
    if names := list(manifest.get("contamination", {}).get("not_checked", {})):
        yield f"Not compared with the evaluation splits of {', '.join(names)}: questions of these can be among the rows."


def _left_out(manifest: Manifest) -> Iterable[str]:
    counts, rl = total(manifest["funnel"]), manifest.get("configs", {}).get("rl")
    if counts["in"] > counts["published"]:
        yield f"{counts['in'] - counts['published']} of {counts['in']} questions are not published; they are in the split rejected."
    if rl and (missing := manifest["rows"].get("train", 0) - rl["rows"]) > 0:
        yield f"{missing} published questions are not in rl: no rule reads their gold answer as its label."
    flags: dict[str, int] = {}
    for codes in manifest.get("flags", {}).values():
        for code, number in codes.items():
            flags[code] = flags.get(code, 0) + number
    if flags:
        yield f"Published rows with a flag: {', '.join(f'{code} {number}' for code, number in flags.items())}."


def _unmeasured(manifest: Manifest) -> Iterable[str]:
    inputs, graph = manifest["inputs"], manifest["graph"]
    if "judge" in inputs.get("models", {}) and not manifest["run"].get("passports"):
        yield "It was not measured how often the judge errs."
    calibrated = (inputs.get("relevance") or {}).get("graph_sha256")
    if "relevance" in manifest and calibrated and calibrated != graph["sha256"]:
        yield f"The relevance of paths was calibrated on another graph than {graph['name']}."
    if (inputs.get("claims") or {}).get("name") == "none":
        yield "No claim of a rationale was compared with the graph."


def _uses(manifest: Manifest) -> Iterable[str]:
    if manifest["trial"] or manifest.get("shard") or not manifest["rows"].get("train"):
        return
    configs = files_by_config(manifest)
    tuned = [name for name in configs if name not in CONFIGS and name != UNROLLED]
    yield f"Supervised fine tuning: {', '.join(tuned)}" if tuned else ""
    yield from (f"{use[0].upper()}{use[1:]}: {name}" for name, use in USES.items() if name in configs)


def _release(manifest: Manifest) -> str:
    code = f" Built by the code with sha256 {manifest['code']}." if manifest.get("code") else ""
    return f"A version is known by its content hash; this one has {manifest['content_hash']}.{code} manifest.json has the commit and the command."
