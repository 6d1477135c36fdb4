"""Render a row as TRL does: prompt and completion to tokens, of which only those of the completion are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from trl.data_utils import common_prefix_length

from sft.recipe import Recipe


@dataclass(frozen=True)
class Rendered:
    """A rendered row.

    ``tokens``: the whole row, not truncated; tokens from ``start`` on are trained. ``asked``: the prompt as the template renders
    it alone. ``answer``: the completion. ``lost``: text of the prompt at inference that is missing in training, because the
    template renders the prompt alone differently."""

    tokens: list[int]
    start: int
    asked: str
    answer: str
    lost: str

    def trained(self, max_length: int | None) -> int:
        """The number of tokens with loss when the row is truncated at max_length."""
        return max(0, len(self.tokens[:max_length]) - self.start)


def tokenizer_of(recipe: Recipe) -> PreTrainedTokenizerBase:
    """The base model's tokenizer with the recipe's end token and chat template, as in training."""
    tokenizer = AutoTokenizer.from_pretrained(recipe.base, revision=recipe.model.model_revision)
    if recipe.training.eos_token:
        tokenizer.eos_token = recipe.training.eos_token
    if recipe.training.chat_template_path:
        tokenizer.chat_template = Path(recipe.training.chat_template_path).read_text("utf-8")
    return tokenizer


def render(tokenizer: PreTrainedTokenizerBase, row: Mapping[str, Any]) -> Rendered:
    """Render a row. The completion begins where the tokens differ from those of the prompt with the generation prompt."""
    messages = [*row["prompt"], *row["completion"]]
    prompt = _tokens(tokenizer, row["prompt"], add_generation_prompt=True)
    whole = _tokens(tokenizer, messages)
    start = common_prefix_length(prompt, whole)
    asked, text = (str(tokenizer.apply_chat_template(part, tokenize=False)) for part in (row["prompt"], messages))
    return Rendered(whole, start, asked, text.removeprefix(asked), str(tokenizer.decode(prompt[start:])))


def _tokens(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], **options: Any) -> list[int]:
    encoded: Any = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)
    return list(encoded["input_ids"])
