"""Rewards for reinforcement learning with verifiable answers: pure functions in TRL's signature, without a model (docs/rewards.md).

Each takes ``prompts``, ``completions`` and the columns of the config `rl` as lists, and returns one number per completion. An answer gives
1; form and length only take away; evidence adds a quarter each, beside the right answer only, and takes 1 away where a text contradicts
the graph.
"""

from sft.rewards.answer import answer_reward
from sft.rewards.evidence import claim_reward, path_reward
from sft.rewards.form import form_reward, length_reward
from sft.rewards.total import WEIGHTS, total

__all__ = ["WEIGHTS", "answer_reward", "claim_reward", "form_reward", "length_reward", "path_reward", "total"]
