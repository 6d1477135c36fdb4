"""Small tokenizers with the turns, end tokens and chat templates of the model families that recipes start from.

Llama 3.1, Qwen2.5 and DeepSeek-R1-Distill: the models' own template files, as TRL ships them. Mistral: its rule, written here.
"""

from dataclasses import dataclass
from pathlib import Path

import trl
from transformers import PreTrainedTokenizerFast

from sft.recipe import FOLDER
from sft.tiny_model import sample_texts, tokenizer_of

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% if message.role == 'user' %}[INST] {{ message.content }} [/INST]"
    "{% else %}{{ message.content + eos_token }}{% endif %}{% endfor %}"
)


@dataclass(frozen=True)
class Family:
    """``template``: a file, or the text itself. ``turns``: special tokens beside bos, eos and pad."""

    template: Path | str
    bos: str
    eos: str
    turns: tuple[str, ...] = ()

    def tokenizer(self) -> PreTrainedTokenizerFast:
        text = self.template.read_text("utf-8") if isinstance(self.template, Path) else self.template
        special = {"bos_token": self.bos, "eos_token": self.eos, "pad_token": "<pad>"}
        return tokenizer_of(sample_texts(), text, special, self.turns)


DEEPSEEK = (
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    ("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"),
)
FAMILIES = {
    "llama": Family(
        TEMPLATES / "llama3_1.jinja", "<|begin_of_text|>", "<|eot_id|>", ("<|start_header_id|>", "<|end_header_id|>")
    ),
    "mistral": Family(MISTRAL, "<s>", "</s>"),
    "qwen": Family(TEMPLATES / "qwen2_5.jinja", "<|endoftext|>", "<|im_end|>", ("<|im_start|>",)),
    "deepseek": Family(TEMPLATES / "deepseek_r1_distill.jinja", *DEEPSEEK),
    "deepseek with the recipe's template": Family(FOLDER / "chat_templates" / "deepseek-distill.jinja", *DEEPSEEK),
}
