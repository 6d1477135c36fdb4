"""What SFTTrainer trains on, under each family's chat template, and whether the preflight sees the same tokens."""

import json
import tempfile

from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from sft import row_checks
from sft.rendering import Rendered, render
from tests.sft.families import FAMILIES

QUESTION = "Which vitamin is deficient in scurvy?\n\nA. Vitamin A\nB. Vitamin C"
ANSWERS = {
    "rationale": "## Thinking\n\nBleeding gums follow from weak collagen.\n\n## Final Answer\n\nThe answer is B. Vitamin C",
    "short": "B",
    "think": "<think>\nweak collagen\n</think>\nThe answer is B.",
}


def rows(answers: dict[str, str]) -> list[dict]:
    return [
        {
            "prompt": [{"role": "user", "content": QUESTION}],
            "completion": [{"role": "assistant", "content": answer}],
        }
        for answer in answers.values()
    ]


def prepared(tokenizer: PreTrainedTokenizerFast, data: list[dict], out: str) -> list[dict]:
    """Tokens and labels as SFTTrainer prepares them for a recipe (padding-free, completion only)."""
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    args = SFTConfig(
        out, use_cpu=True, bf16=False, padding_free=True, max_length=None, completion_only_loss=True, report_to="none"
    )
    trainer = SFTTrainer(
        LlamaForCausalLM(shape), args, train_dataset=Dataset.from_list(data), processing_class=tokenizer
    )
    return list(trainer.train_dataset)  # type: ignore[arg-type]


def same(row: dict, rendered: Rendered) -> bool:
    """Whether the preflight renders a row as TRL does: the same tokens, the same of them trained."""
    labels = [-100] * rendered.start + rendered.tokens[rendered.start :]
    return row["input_ids"] == rendered.tokens and row["labels"] == labels


def family(name: str, out: str) -> dict:
    tokenizer = FAMILIES[name].tokenizer()
    data = rows(ANSWERS)
    seen = [render(tokenizer, row) for row in data]
    trained = [[token for token in row["labels"] if token != -100] for row in prepared(tokenizer, data, out)]
    return {
        "eos": tokenizer.eos_token,
        "same": [same(row, r) for row, r in zip(prepared(tokenizer, data, out), seen, strict=True)],
        "trained": {key: tokenizer.decode(tokens) for key, tokens in zip(ANSWERS, trained, strict=True)},
        "eos_trained": [tokenizer.eos_token_id in tokens for tokens in trained],
        "lost": [r.lost for r in seen],
        "faults": {
            key: sorted(code for code, _ in row_checks.faults(row, r, tokenizer, 512))
            for key, row, r in zip(ANSWERS, data, seen, strict=True)
        },
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({"answers": ANSWERS} | {name: family(name, folder) for name in FAMILIES}))
