"""The metrics of every task for lighteval: one reading per output, and shares per task."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetricGrouping
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

from lighteval_tasks import endpoint
from lighteval_tasks.huatuo_compat import published_score
from lighteval_tasks.intervals import wilson
from lighteval_tasks.readings import read

SHARES = ("compliance", "declared", "empty", "truncated", "failed")
BETTER = ("accuracy", "compliance", "declared", "published")
NAMES = (
    "accuracy",
    *SHARES,
    "output_tokens",
    "published",
    "label",
    "rule",
)  # metrics of an item; the last three are no numbers


class Answers(SampleLevelComputation):
    """Read an output. If no answer can be read, or none came, it is wrong; every output is in the denominator."""

    def compute(self, doc: Doc, model_response: ModelResponse, **_: Any) -> dict[str, Any]:
        """The item's values under the names in NAMES."""
        text, ended = model_response.text[0] or "", how_it_ended(doc, model_response)
        assert doc.specific is not None
        reading = read(text, doc.specific["options"], doc.specific["gold"], failed=ended["failed"])
        return {
            "accuracy": float(reading.correct),
            "compliance": float(reading.label is not None),
            "declared": float(reading.declared),
            "empty": float(reading.empty),
            "truncated": float(ended["truncated"]),
            "failed": float(ended["failed"]),
            "output_tokens": ended["tokens"],
            "published": [reading.first or "", reading.last or "", doc.specific["gold"]],
            "label": reading.label or "",
            "rule": reading.rule,
        }


def how_it_ended(doc: Doc, response: ModelResponse) -> dict[str, Any]:
    """Whether an output was truncated, whether its request failed, and its length in tokens (NaN: not known).

    An endpoint returns these facts. A local model returns tokens, padded with one repeated token at the end of a batch: these count
    once. Such an output is truncated when it reached the token limit (`outcomes` uses the tokenizer's stop tokens instead).
    """
    if isinstance(response.input, list):
        answer = endpoint.answer_to(response.input)
        if answer is None:
            return {"truncated": False, "failed": True, "tokens": float("nan")}
        return {"truncated": answer.truncated, "failed": False, "tokens": float(answer.tokens or "nan")}
    tokens = list(response.output_tokens[0]) if response.output_tokens else []
    padding = next((i for i, token in enumerate(reversed(tokens)) if token != tokens[-1]), len(tokens)) - 1
    length = len(tokens) - max(0, padding)
    return {"truncated": 0 < (doc.generation_size or 0) <= length, "failed": False, "tokens": float(length)}


def _accuracy(correct: Sequence[float]) -> dict[str, float]:
    low, high = wilson(sum(correct), len(correct))
    return {"accuracy": float(np.mean(correct)), "accuracy_low": low, "accuracy_high": high}


def _published(letters: Sequence[Sequence[str]]) -> dict[str, float]:
    pairs = [(first, last) if first else None for first, last, _ in letters]
    score = published_score(pairs, [gold for *_, gold in letters])
    return {
        "published": score.accuracy,
        "published_first": score.first,
        "published_last": score.last,
        "published_dropped": float(score.dropped),
    }


def _mean(name: str) -> Callable[[Sequence[float]], dict[str, float]]:
    """The mean without NaN values; as a dict, because then lighteval adds no standard error."""
    return lambda values: {name: float(np.nanmean(values)) if not np.all(np.isnan(values)) else float("nan")}


def _nothing(_: Sequence[str]) -> dict[str, float]:
    """No value: texts have no mean. `scores.json` counts the rules."""
    return {}


def answers() -> SampleLevelMetricGrouping:
    """All metrics of a task, from one reading per output."""
    over_all: dict[str, Callable] = {name: _mean(name) for name in (*SHARES, "output_tokens")}
    over_all |= {"accuracy": _accuracy, "published": _published, "label": _nothing, "rule": _nothing}
    return SampleLevelMetricGrouping(
        metric_name=list(NAMES),
        higher_is_better={name: name in BETTER for name in NAMES},  # pyright: ignore[reportArgumentType]  lighteval's annotation errs
        category=SamplingMethod.GENERATIVE,
        sample_level_fn=Answers(),
        corpus_level_fn={name: over_all[name] for name in NAMES},
    )
