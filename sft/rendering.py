"""A row as the model will see it: TRL's way from prompt and completion to tokens, of which only the completion's are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from trl.data_utils import common_prefix_length

from sft.recipe import Recipe


@dataclass(frozen=True)
class Rendered:
    """``tokens`` of the whole row, before any cut; those from ``start`` on are trained. ``lost``: what the model is prompted with
    at inference and does not see in training, because the template renders the prompt alone differently."""

    tokens: list[int]
    start: int
    lost: str

    def trained(self, max_length: int | None) -> int:
        """How many tokens carry loss once the row is cut at max_length."""
        return max(0, len(self.tokens[:max_length]) - self.start)


def tokenizer_of(recipe: Recipe) -> PreTrainedTokenizerBase:
    """The base model's tokenizer, with the end token and the chat template that the recipe sets, as the trainer will set them."""
    tokenizer = AutoTokenizer.from_pretrained(recipe.base, revision=recipe.model.model_revision)
    if recipe.training.eos_token:
        tokenizer.eos_token = recipe.training.eos_token
    if recipe.training.chat_template_path:
        tokenizer.chat_template = Path(recipe.training.chat_template_path).read_text("utf-8")
    return tokenizer


def render(tokenizer: PreTrainedTokenizerBase, row: Mapping[str, Any]) -> Rendered:
    """Tokens of the prompt with the generation prompt, and of prompt and completion: the completion begins where they part."""
    prompt = _tokens(tokenizer, row["prompt"], add_generation_prompt=True)
    whole = _tokens(tokenizer, [*row["prompt"], *row["completion"]])
    start = common_prefix_length(prompt, whole)
    return Rendered(whole, start, str(tokenizer.decode(prompt[start:])))


def _tokens(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], **options: Any) -> list[int]:
    encoded: Any = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)
    return list(encoded["input_ids"])
