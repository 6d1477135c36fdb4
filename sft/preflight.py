"""Check data and recipe before a GPU is rented: refuse broken rows by their ids, and estimate the cost of the training.

    python -m sft.preflight --config sft/medreason-8b.yaml [--dataset FOLDER] [--benchmarks NAMES] [--launch zero3]

Needs the model's tokenizer and shape, not its weights. If there is a GPU, two real optimizer steps on the longest rows follow.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from datasets import Dataset
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from kg.terminal import protect
from sft import attention, row_checks, training_rows, trial_steps
from sft.command_line import Command, read
from sft.estimate import estimate
from sft.evaluation_overlap import evaluation_questions, overlapping
from sft.learning_checks import pair_faults, prompt_faults, wrong_message
from sft.methods import GRPO, SFT
from sft.recipe import Recipe, RecipeError
from sft.rendering import render, tokenizer_of
from sft.report import Report, show
from sft.settings import processes_of, run_of

PASSED = "preflight.json"
# what a template raises, which is code of strangers in jinja's sandbox
REFUSED_BY_TEMPLATE = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)
PLAIN_TEXT = (
    "texts are trained without the chat template, but the model is asked with it; make messages of them: "
    '{"prompt": [{"role": "user", "content": text}], "completion": [{"role": "assistant", "content": text}]}'
)
COMPLETIONS = ("completion", "chosen", "rejected")
READ = ("id", "question", "context", "options", "answer", "prompt", *COMPLETIONS, "answer_label", "pass_rate")


def examine(command: Command) -> Report:
    """The report of all checks that need no weights."""
    recipe = command.recipe
    rows = training_rows.load(recipe, every_column=True)
    report = Report(len(rows))
    if recipe.rewards_answers:
        report.notes.append("open questions are left out: no rule says whether an answer to them is right")
    report.refusals += refusals(recipe, rows.column_names, len(rows))
    if not set(recipe.method.needed) <= set(rows.column_names) or not len(rows):
        return report
    tokenizer = tokenizer_of(recipe)
    report.refusals += tokenizer_refusals(tokenizer)
    if tokenizer.chat_template is None:
        return report
    texts = [name for name in recipe.method.needed if name in COMPLETIONS]
    listed, ids = _rows_with_messages(report, rows, texts)
    if not listed:
        return report
    look = _look_at_rows if recipe.method is SFT else _look_at_learning
    look(report, listed, ids, tokenizer, recipe)
    _look_at_repeats(report, listed, ids)
    _look_at_evaluation(report, command, listed, ids)
    if report.lengths and recipe.method is SFT:
        launch = command.launch
        processes = processes_of(launch) if launch else recipe.training.world_size
        report.estimate = estimate(
            recipe, report.lengths, processes, zero=bool(launch and launch.startswith(("zero3", "two_cpu")))
        )
    return report


def refusals(recipe: Recipe, columns: Sequence[str], rows: int) -> list[str]:
    """The faults of the recipe, or of the dataset as a whole, in words."""
    training, found = recipe.training, []
    needed = recipe.method.needed
    if missing := [name for name in needed if name not in columns]:
        found.append(
            f"found columns {', '.join(columns)}; expected {', '.join(needed[:-1])} and {needed[-1]}; missing: {', '.join(missing)}"
        )
    if not rows:
        found.append("found no rows; expected a dataset with at least one row")
    if training.trust_remote_code:
        found.append("found trust_remote_code: true; expected false: code of the model's repository would run here")
    if recipe.method is SFT:
        found += _refusals_of_sft(recipe)
    if recipe.method is GRPO and not recipe.script.reward_funcs:
        found.append("found no reward_funcs; expected at least one, such as sft.rewards.answer_reward")
    for source in recipe.mixture.datasets:
        if why := training_rows.never_trained_on(training_rows.origin(source)["manifest"]):
            found.append(why.format(source.data_files or source.path))
    return found


def _refusals_of_sft(recipe: Recipe) -> Iterator[str]:
    training = recipe.training
    if training.completion_only_loss is False:
        yield "found completion_only_loss: false; expected true, or the model is trained on the prompts too"
    if training.padding_free and not training.packing and not training.max_length:
        yield "found max_length: null; expected the maximum number of tokens of a row"
    if why := attention.leak(
        recipe.model.attn_implementation,
        flattens=recipe.flattens,
        packing=training.packing,
        strategy=training.packing_strategy,
    ):
        yield why


def tokenizer_refusals(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The faults of a tokenizer that make rendering impossible, in words."""
    found = []
    if tokenizer.chat_template is None:
        found.append("found a tokenizer without a chat template; set chat_template_path to a .jinja file")
    if tokenizer.eos_token_id is None or tokenizer.eos_token_id == tokenizer.unk_token_id:
        found.append(
            f"found end token {tokenizer.eos_token!r}, which is not in the vocabulary; set eos_token to the token that ends a turn"
        )
    return found


def _rows_with_messages(report: Report, rows: Dataset, texts: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows that a chat template can render, with their ids; the others are findings. ``texts``: the columns of completions."""
    listed, ids, plain = [], [], False
    for number, row in enumerate(rows.select_columns([name for name in READ if name in rows.column_names])):
        row = dict(row)
        id_ = str(row.get("id") or f"row {number}")
        if what := wrong_message(row, *texts):
            report.findings["no_messages"].append((id_, what))
            plain = plain or any(isinstance(row.get(name), str) for name in ("prompt", *texts))
        else:
            listed.append(row)
            ids.append(id_)
    report.advice += [PLAIN_TEXT] if plain else []
    return listed, ids


def _look_at_rows(
    report: Report,
    rows: Sequence[Mapping[str, Any]],
    ids: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
) -> None:
    limit, ends, unsaid = recipe.training.max_length, Counter[str | None](), Counter[str]()
    for row, id_ in zip(rows, ids, strict=True):
        try:
            rendered = render(tokenizer, row)
        except REFUSED_BY_TEMPLATE as error:
            report.findings["no_answer"].append((id_, f"the chat template refuses it: {error}"))
            continue
        unsaid["rows"] += any(role == "system" for _, role in row_checks.dropped_turns(row, rendered))
        for code, what in row_checks.faults(row, rendered, tokenizer, limit):
            report.findings[code].append((id_, what))
            if code == "no_end_token":
                ends[row_checks.end_of_template(rendered, tokenizer)] += 1
        report.lengths.append(len(rendered.tokens))
        report.trained += rendered.trained(limit)
    if unsaid["rows"]:
        report.notes.append(
            f"the chat template leaves out the system turn of {unsaid['rows']} rows: it has none, so the model is trained and asked without it"
        )
    if ends and (own := ends.most_common(1)[0][0]) is not None:
        report.advice.append(
            f'the chat template ends turns with {own!r}: add this line to the recipe: eos_token: "{own}"'
        )


def _look_at_learning(
    report: Report,
    rows: Sequence[Mapping[str, Any]],
    ids: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
) -> None:
    for row, id_ in zip(rows, ids, strict=True):
        try:
            prompt: Any = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)
            report.lengths.append(len(prompt["input_ids"]))
            if recipe.method is GRPO:
                found = list(prompt_faults(row, by_answer=recipe.rewards_answers))
            else:
                found = list(pair_faults(row, tokenizer, recipe.training.max_length))
        except REFUSED_BY_TEMPLATE as error:
            found = [("no_answer", f"the chat template refuses it: {error}")]
        for code, what in found:
            report.findings[code].append((id_, what))


def _look_at_repeats(report: Report, rows: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for row, id_ in zip(rows, ids, strict=True):
        key = row_checks.same_key(row, *(name for name in COMPLETIONS if name in row))
        if key in first:
            report.findings["duplicate"].append((id_, f"same text as {first[key]}"))
        first.setdefault(key, id_)


def _look_at_evaluation(
    report: Report, command: Command, rows: Sequence[Mapping[str, Any]], ids: Sequence[str]
) -> None:
    for source in command.recipe.mixture.datasets:
        if ledger := training_rows.origin(source)["manifest"].get("contamination"):
            report.notes.append(
                f"the build has compared its rows with {', '.join(ledger.get('checked', ())) or 'no evaluation set'}"
            )
    if command.benchmarks is None and command.data_dir is None:
        report.notes.append(
            "rows were not compared with evaluation sets here; to compare them, give DATA_DIR=folder (raw rows as files) or BENCHMARKS=all"
        )
        return
    questions, missing = evaluation_questions(command.benchmarks, command.data_dir)
    report.notes.append(
        f"compared with {len(questions)} evaluation questions; not available: {', '.join(missing) or 'none'}"
    )
    for position, what in overlapping(rows, questions):
        report.findings["overlap"].append((ids[position], what))


def passes(command: Command) -> bool:
    """Check and print the report; False where training must not begin. Equal rows and settings are checked only once."""
    recipe = command.recipe
    key = _key(command)
    file = recipe.out / PASSED
    if file.is_file() and json.loads(file.read_text("utf-8"))["key"] == key:
        print(f"preflight: passed before with the same rows and settings ({file})")
        return True
    report = examine(command)
    print(show(recipe.name, report, command.allow))
    if report.stops(command.allow):
        return False
    recipe.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "rows": report.rows,
        "tokens": sum(report.lengths),
        "trained": report.trained,
        "allowed": list(command.allow),
    }
    file.write_text(json.dumps({"key": key} | facts, indent=2) + "\n", encoding="utf-8")
    return True


def _key(command: Command) -> str:
    """A hash of everything that a passed check depends on: rows, settings, allowed codes, evaluation sets."""
    digest = hashlib.sha256()
    for row in training_rows.load(command.recipe):
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())  # a column of strangers may hold dates
    run = run_of(command.recipe, 1) | {
        "allow": command.allow,
        "against": [str(command.benchmarks), str(command.data_dir)],
    }
    digest.update(json.dumps(run, sort_keys=True).encode())
    return digest.hexdigest()


def main(argv: list[str]) -> int:
    """Run the preflight. Returns 0 where training may begin, else 1."""
    trial = "--trial" in argv
    command = read([flag for flag in argv if flag != "--trial"], __doc__ or "")
    if not passes(command):
        return 1
    if (trial or torch.cuda.is_available()) and command.recipe.method is SFT:
        print(trial_steps.launch(argv, command.launch))
    return 0


if __name__ == "__main__":
    protect()
    try:
        sys.exit(main(sys.argv[1:]))
    except RecipeError as error:
        sys.exit(f"error: {error}")
