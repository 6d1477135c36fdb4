"""The model card of a checkpoint, made from its recipe and, after training, from facts of the training and scores.

python -m sft.model_card [--check]                                     model_cards/*.md, for every recipe
python -m sft.model_card --config sft/x.yaml --scores scores.json      the card in the recipe's output folder, with scores
"""

import argparse
import csv
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from dataset_builder.publishing.hub import markdown
from dataset_builder.publishing.metadata import citation
from kg.terminal import protect
from sft import eval_results, loss_curve
from sft.checkpoints import RUN
from sft.facts import Facts
from sft.methods import DPO, GRPO
from sft.recipe import FOLDER, Recipe, RecipeError, parse
from sft.settings import global_batch, launch_of, processes_of, setting, trained

CARDS = FOLDER.parent / "model_cards"
FACTS, CARD = "training.json", "README.md"
REASONMED = {  # what a model answers, by the config of a reasonmed dataset that it was trained on
    "reasonmed": "It answers with a rationale under `## Thinking` and a short response under `## Final Response`.",
    "cot": "It answers with the rationale alone.",
    "response": "It answers with the short response alone.",
}
MEDREASON = "It answers with a rationale under `## Thinking` and the answer under `## Final Answer`."
OF = {GRPO: "GRPO (arXiv:2402.03300), with DAPO's loss (arXiv:2503.14476)", DPO: "DPO (arXiv:2305.18290)"}
OF_DATA = {
    of_many: f"{paper.name} (arXiv:{paper.arxiv})"
    for of_many, paper in ((True, citation.REASONMED), (False, citation.MEDREASON))
}
UNLISTED = {
    "license": "other",
    "link": "",
    "family": "",
    "obligation": "Not in sft/bases.tsv: look it up before you share this model.",
}


def write(recipe: Recipe, facts: Facts, folder: Path, scores: Mapping[str, Any] | None = None) -> None:
    """Write card, loss plot and facts, and with scores `.eval_results/scores.yaml`, into the folder of the model."""
    (folder / FACTS).write_text(json.dumps(asdict(facts), indent=2) + "\n", encoding="utf-8")
    loss_curve.draw(facts.measured, folder / "loss.png", recipe.name)
    (folder / CARD).write_text(card(recipe, facts, scores), encoding="utf-8")
    eval_results.write(scores, folder)


def card(recipe: Recipe, facts: Facts | None = None, scores: Mapping[str, Any] | None = None) -> str:
    """The card: YAML for the Hub, then Markdown for readers. Without facts: the card of a recipe that is not trained yet."""
    launch = launch_of(recipe.name)
    processes = facts.processes if facts else processes_of(launch) if launch else 1
    base, config = base_of(recipe), _config(recipe.mixture.datasets[0])
    template = markdown.environment(CARDS).get_template("model_card.md.jinja")
    text = template.render(
        name=recipe.name,
        hub_id=recipe.training.hub_model_id,
        base=base,
        data=[_data(source, origin) for source, origin in _origins(recipe, facts)],
        method=OF.get(recipe.method) or OF_DATA[config in REASONMED],
        form=REASONMED.get(config, MEDREASON),
        facts=facts,
        measured=list(facts.measured.items()) if facts else [],
        scores=scores,
        processes=processes,
        global_batch=global_batch(recipe, processes),
        per_device=recipe.training.per_device_train_batch_size,
        accumulation=recipe.training.gradient_accumulation_steps,
        way=recipe.method.name,
        rewards=recipe.script.reward_funcs if recipe.method is GRPO else (),
        packing=getattr(recipe.training, "packing", False),
        max_steps=recipe.training.max_steps,
        settings=[(name, setting(recipe, name, processes)) for name in trained(recipe.method)],
        pct=lambda share: f"{share:.1%}",
        rate=lambda of: f"{of['per_100']:.1f} [{of['low']:.1f}, {of['high']:.1f}]",
    )
    metadata = yaml.safe_dump(_metadata(recipe, base, scores), sort_keys=False, allow_unicode=True)
    return f"---\n{metadata}---\n\n{text.strip()}\n"


def base_of(recipe: Recipe) -> dict[str, Any]:
    """Link, license and duties of the base model, from bases.tsv. If it is not listed, the card says so; nothing is pushed."""
    with (FOLDER / "bases.tsv").open(encoding="utf-8") as file:
        known = {row["base"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    row = known.get(recipe.base, UNLISTED)
    random = "random" in row["family"]
    return {
        "id": recipe.base,
        "random": random,
        "local": recipe.local,
        "pinned": _revision(recipe, random=random),
        "link": f"`{markdown.code(recipe.base)}`"
        if recipe.local
        else f"[{recipe.base}](https://huggingface.co/{recipe.base})",
        "license": f"[{row['license']}]({row['link']})" if row["link"] else row["license"],
        "license_id": row["license"],
        "obligation": row["obligation"],
    }


def _revision(recipe: Recipe, *, random: bool) -> str:
    if random:
        return "made by sft/tiny_model.py"
    if recipe.local:
        return "a folder of the machine that trained it"
    return f"`{recipe.model.model_revision}`" if recipe.pinned else "UNPINNED"


def _origins(recipe: Recipe, facts: Facts | None) -> list[tuple[Any, dict[str, Any]]]:
    empty = [{"name": "", "revision": None, "manifest": {}}] * len(recipe.mixture.datasets)
    return list(zip(recipe.mixture.datasets, facts.origins if facts else empty, strict=True))


def _config(source: Any) -> str:
    """The config of a dataset: TRL's ``name``, or the folder of its files (hf://datasets/org/name@tag/cot/train-*.parquet)."""
    return source.name or Path(str(source.data_files or source.path)).parent.name


def _data(source: Any, origin: Mapping[str, Any]) -> dict[str, Any]:
    files = str(source.data_files or source.path)
    name = files.removeprefix("hf://datasets/").partition("@")[0]
    return {
        "files": files,
        "name": origin["name"] or name,
        "revision": origin["revision"],
        "funnel": _funnel(origin["manifest"].get("funnel")),
    }


def _funnel(funnel: Mapping[str, Mapping[str, int]] | None) -> dict[str, Any] | None:
    """The funnel as a table: source, questions in, published, and a column for every reason code; None without a funnel."""
    if not funnel:
        return None
    reasons = sorted({key for counts in funnel.values() for key in counts} - {"in", "published"})
    columns = ["source", "in", "published", *reasons]
    return {
        "columns": columns,
        "rows": [[name, *(counts.get(key, 0) for key in columns[1:])] for name, counts in funnel.items()],
    }


def _metadata(recipe: Recipe, base: Mapping[str, Any], scores: Mapping[str, Any] | None) -> dict[str, Any]:
    datasets = [
        _data(source, {"name": "", "revision": None, "manifest": {}})["name"] for source in recipe.mixture.datasets
    ]
    on_hub = [name for name, source in zip(datasets, recipe.mixture.datasets, strict=True) if source.data_files]
    results = [
        {
            "task": {"type": "question-answering"},
            "dataset": {"name": f"{task['task']} ({task['prompt']} prompt)", "type": task["task"]},
            "metrics": [{"type": "accuracy", "value": round(task["accuracy"], 4), "name": "accuracy"}],
        }
        for task in (scores or {}).get("tasks", ())
    ]
    return {
        "language": "en",
        "license": base["license_id"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["medical", "reasoning", recipe.method.name, "trl"],
        **({} if base["local"] else {"base_model": recipe.base}),
        **({"datasets": on_hub} if on_hub else {}),
        "model-index": [{"name": recipe.name, "results": results}],
    }


def as_trained(file: Path, flags: list[str]) -> Recipe:
    """The recipe with the settings and data of the training in its output folder, even if the file has changed since."""
    recipe = parse(file, flags)
    run = json.loads((recipe.out / RUN).read_text("utf-8"))
    differs = [name for name in trained(recipe.method) if run[name] not in ("none", setting(recipe, name))]
    dataset = run["data"] if run["data"] != setting(recipe, "data") else None
    return parse(file, [*flags, *(part for name in differs for part in (f"--{name}", run[name]))], dataset)


def read_scores(file: Path) -> dict[str, Any]:
    """The scores.json of `make score`. Raises RecipeError where it is missing, of another version, or of only some items."""
    if not file.is_file():
        raise RecipeError(f"found no {file}; expected a scores.json: run `make score`")
    scores = json.loads(file.read_text("utf-8"))
    if missing := {"model", "revision", "commit", "engine", "tasks"} - scores.keys():
        raise RecipeError(
            f"{file} has no {', '.join(sorted(missing))}; expected a scores.json of this version: run `make score` again"
        )
    if limit := scores.get("limit"):
        raise RecipeError(
            f"{file} has scores of {limit} items of each task only; expected scores of all items. Run `make score` without LIMIT"
        )
    return scores


def main(argv: list[str]) -> int:
    """Write or check the cards. Returns 1 where --check finds a card that differs from its recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--config", type=Path, help="a recipe: rewrite the card in its output folder (default: all of model_cards)"
    )
    parser.add_argument("--out", type=Path, help="the folder of the checkpoint (default: the recipe's output_dir)")
    parser.add_argument("--scores", type=Path, help="with --config: the scores.json that `make score` has written")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a card is out of date")
    options, flags = parser.parse_known_args(argv)
    if options.config:
        flags += ["--output_dir", str(options.out)] if options.out else []
        recipe = as_trained(options.config, flags)
        scores = read_scores(options.scores) if options.scores else None
        write(recipe, Facts(**json.loads((recipe.out / FACTS).read_text("utf-8"))), recipe.out, scores)
        return 0
    stale = []
    for file in sorted(FOLDER.glob("*.yaml")):
        target, text = CARDS / f"{file.stem}.md", card(parse(file))
        if not options.check:
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text("utf-8") != text:
            stale.append(target.name)
    if stale:
        sys.stderr.write(f"found cards that differ from their recipes: {', '.join(stale)}; run `make cards`\n")
    return int(bool(stale))


if __name__ == "__main__":
    protect()
    try:
        sys.exit(main(sys.argv[1:]))
    except RecipeError as error:
        sys.exit(f"error: {error}")
