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
    training = recipe.training
    if eos_token := getattr(training, "eos_token", None):  # SFT's; other methods begin with a checkpoint that has both
        tokenizer.eos_token = eos_token
    if template := getattr(training, "chat_template_path", None):
        tokenizer.chat_template = Path(template).read_text("utf-8")
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
