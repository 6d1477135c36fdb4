"""The weighted sum of all rewards, as a recipe has it: one number per completion, for trainers that take one."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sft.rewards.answer import answer_reward
from sft.rewards.evidence import claim_reward, path_reward
from sft.rewards.form import form_reward, length_reward
from sft.rewards.texts import Said

Reward = Callable[..., Sequence[float | None]]
REWARDS: Mapping[str, Reward] = MappingProxyType(
    {one.__name__: one for one in (answer_reward, form_reward, claim_reward, path_reward, length_reward)}
)
# claim_reward is off: of the contradictions that the reader finds in real texts too few were labelled to trust a reward to it (docs/rewards.md)
WEIGHTS: Mapping[str, float] = MappingProxyType(dict.fromkeys(REWARDS, 1.0) | {"claim_reward": 0.0})


def total(
    prompts: Sequence[Said],
    completions: Sequence[Said],
    *,
    weights: Mapping[str, float] = WEIGHTS,
    **columns: Any,
) -> list[float]:
    """The weighted sum of the rewards of each completion; where a reward is None, of the others.

    ``weights``: by the rewards' names; what is not named is not computed. ``columns``: those of the config `rl` as lists, and ``kg``, a graph,
    without which claims and paths count nothing. Raises ValueError for an unknown name.
    """
    if unknown := sorted(weights.keys() - REWARDS.keys()):
        raise ValueError(f"found the rewards {', '.join(unknown)}; expected names of {', '.join(REWARDS)}")
    sums = [0.0] * len(completions)
    for name, weight in weights.items():
        if weight:
            for number, reward in enumerate(REWARDS[name](prompts=prompts, completions=completions, **columns)):
                sums[number] += weight * (reward or 0.0)
    return sums
