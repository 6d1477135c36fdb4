"""A dataset folder of 1,000 rows, one of each defect among them, read by the preflight as `make preflight` does."""

import io
import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM

from dataset_builder.sources.raw_files import sha256
from sft import preflight
from sft.command_line import read
from sft.recipe import FOLDER, RecipeError
from sft.row_checks import CODES
from sft.tiny_model import SPECIAL, sample_texts, tokenizer_of

ROOT = FOLDER.parent
ROWS, MAX_LENGTH = 1000, 400
# turns as in Mistral's template; like DeepSeek's, it drops what stands before </think>; only an assistant's turn has an end token
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %}"
    "{{ m.content.split('</think>')[-1] + eos_token }}{% endif %}{% endfor %}"
)
NO_END = TEMPLATE.replace(" + eos_token", "")
DEAF = TEMPLATE.replace("[INST] {{ m.content }} [/INST]", "[INST] [/INST]")  # it drops what the user says
NO_SYSTEM = TEMPLATE.replace("{% if m", "{% if m.role == 'system' %}{% elif m", 1)
OTHER_END = TEMPLATE.replace(" + eos_token", " + pad_token")  # another special token ends turns
MODELS = {"model": TEMPLATE, "endless": NO_END, "other_end": OTHER_END, "deaf": DEAF, "no_system": NO_SYSTEM}
MERGED = "])"  # a token of its own: an answer that begins with ) grows together with the end of the prompt
FEVER = "Patient {n} of ward {w} has fever of {d} days and a rash of type {k}. What is given first?"
LONG = "the patient was seen again and again "


def row(
    number: int, question: str | None = None, answer: str | None = None, role: str = "assistant"
) -> dict[str, Any]:
    question = question or FEVER.format(n=number, w=number % 17, d=number % 9 + 1, k=number * 31)
    answer = f"## Thinking\n\nRash {number * 31}.\n\n## Final Answer\n\nThe answer is A." if answer is None else answer
    return {
        "id": f"row-{number}",
        "question": question,
        "options": [{"label": "A", "text": f"drug {number}"}],
        "answer": f"drug {number}",
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": role, "content": answer}],
    }


def planted() -> dict[str, dict[str, Any]]:
    """A row for each defect, by the code that the preflight gives it."""
    medqa = json.loads((ROOT / "tests/fixtures/sources/medqa.jsonl").read_text("utf-8").splitlines()[0])
    return {
        "no_messages": row(0) | {"prompt": []},
        "no_answer": row(1, answer="  "),
        "fully_masked": row(2, question=LONG * 100),
        "cut": row(3, answer=LONG * 100),
        "no_end_token": row(4, role="user"),
        "prompt_differs": row(5, answer=") is the answer"),
        "template_drops_text": row(6, answer="weak collagen </think> B"),
        "template_words": row(7, answer="B<|im_end|>"),
        "special_token": row(8, answer=f"B {SPECIAL['pad_token']}"),
        "duplicate": row(9, question=str(row(40)["question"]).upper(), answer=row(40)["completion"][0]["content"]),
        "overlap": row(10, question=medqa["question"]),
    }


def write_model(folder: Path, template: str) -> None:
    tokenizer = tokenizer_of([*sample_texts(), *[MERGED] * 500], template)
    tokenizer.save_pretrained(folder)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)


def write_rows(
    folder: Path, rows: list[dict[str, Any]], rejected: list[dict[str, Any]] | None = None, trial: bool = False
) -> None:
    (folder / "data").mkdir(parents=True)
    splits = {"train": rows} | ({"rejected": rejected} if rejected else {})
    files = {}
    for split, of in splits.items():
        name = f"data/{split}-00000-of-00001.parquet"
        Dataset.from_list(of).to_parquet(folder / name)
        files[name] = sha256(folder / name)
    lists = {"files": files, "rows": {split: len(of) for split, of in splits.items()}, "columns": {}}
    (folder / "manifest.json").write_text(json.dumps({"trial": trial, "content_hash": str(len(rows)), **lists}))


def command(home: Path, model: str, data: str, *flags: str) -> list[str]:
    names = {"--model_name_or_path": home / model, "--dataset": home / data, "--output_dir": home / "out" / data}
    named = [str(part) for pair in names.items() for part in pair]
    return ["--config", str(FOLDER / "tiny.yaml"), "--max_length", str(MAX_LENGTH), *named, *flags]


def told(argv: list[str]) -> dict[str, Any]:
    """Exit status and text of the command."""
    with redirect_stdout(io.StringIO()) as text:
        status = preflight.main(argv)
    return {"status": status, "text": text.getvalue()}


def refused(argv: list[str]) -> str:
    """The reason why the command does not begin."""
    try:
        return str(told(argv))
    except RecipeError as why:
        return f"refused: {why}"


def main(home: Path) -> dict[str, Any]:
    for name, template in MODELS.items():
        write_model(home / name, template)
    bad = planted()
    good = [row(number) for number in range(len(bad) + 1, ROWS + 1)]
    mixed = good[:500] + list(bad.values()) + good[500:]
    write_rows(home / "bad", mixed)
    write_rows(home / "shaped", [row for code, row in bad.items() if code != "no_messages"])
    write_rows(home / "good", good[:40])
    system = {"role": "system", "content": "You are a careful physician."}
    write_rows(home / "system", [row | {"prompt": [system, *row["prompt"]]} for row in good[:40]])
    write_rows(home / "trial", good[:40], trial=True)
    write_rows(home / "elsewhere", good[:40])
    card = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: ../bad/data/train-*\n---\n"
    )
    (home / "elsewhere" / "README.md").write_text(card)
    benchmarks = home / "benchmarks" / "GBaker" / "MedQA-USMLE-4-options"
    benchmarks.mkdir(parents=True)
    (benchmarks / "test.jsonl").write_bytes((ROOT / "tests/fixtures/sources/medqa.jsonl").read_bytes())
    against = ["--data-dir", str(home / "benchmarks")]
    report = preflight.examine(read(command(home, "model", "bad", *against), ""))
    return {
        "codes": list(CODES),
        "rows": report.rows,
        "ids": {code: planted_row["id"] for code, planted_row in bad.items()},
        "findings": {code: [id_ for id_, _ in rows] for code, rows in report.findings.items()},
        "bad": told(command(home, "model", "bad", *against)),
        "allowed": told(command(home, "model", "bad", *against, "--allow", ",".join(report.findings))),
        "shaped": told(command(home, "model", "shaped", *against, "--allow", ",".join(report.findings))),
        "deaf": told(command(home, "deaf", "good", "--output_dir", str(home / "out5"))),
        "no_system": told(command(home, "no_system", "system")),
        "good": told(command(home, "model", "good", *against, "--trial")),
        "again": told(command(home, "model", "good", *against)),
        "changed": told(command(home, "model", "good", *against, "--learning_rate", "0.1")),
        "trial": told(command(home, "model", "trial")),
        "elsewhere": refused(command(home, "model", "elsewhere")),
        "endless": told(command(home, "endless", "good", "--output_dir", str(home / "out2"))),
        "other_end": told(command(home, "other_end", "good", "--output_dir", str(home / "out4"))),
        "leaks": told(
            command(home, "model", "good", "--output_dir", str(home / "out3"), "--attn_implementation", "my_kernel")
        ),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = main(Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")
