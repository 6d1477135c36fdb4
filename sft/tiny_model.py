"""Make the base model of `tiny.yaml`: a Llama-shaped model with random weights, and a tokenizer, equal on every machine.

python -m sft.tiny_model build/tiny-base
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from kg.terminal import protect

WORDS = 4096  # size of the vocabulary
SPECIAL = {"bos_token": "<|begin|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}
ROLES = ("<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}{{ eos_token }}\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SAMPLE = Path(__file__).parent.parent / "dataset_builder" / "sample"
SEED = 2002


def make(folder: Path) -> None:
    """Write tokenizer and model into the folder, in the format of `from_pretrained`."""
    tokenizer: Any = tokenizer_of(sample_texts())
    torch.manual_seed(SEED)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=8192,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def tokenizer_of(
    texts: list[str],
    template: str = TEMPLATE,
    special: Mapping[str, str] = MappingProxyType(SPECIAL),
    turns: Sequence[str] = ROLES,
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on these texts. It encodes any other text too, with more tokens."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS,
        special_tokens=[*special.values(), *turns],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        chat_template=template,
        model_max_length=8192,
        clean_up_tokenization_spaces=False,
        **special,
    )


def sample_texts() -> list[str]:
    """All texts of the embedded sample questions; they do not depend on a build."""
    lines = [line for file in sorted(SAMPLE.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    return [text for line in lines for text in _strings(json.loads(line))]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


if __name__ == "__main__":
    protect()
    make(Path(sys.argv[1]))
