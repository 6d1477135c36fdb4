"""The training loop of MedReason's published SFT script, rewritten from a description for comparison.

Batches of one padded row, the model's own loss over full logits, a running accuracy from them, gradients accumulated over 16
batches. A batch of one row needs no padding, so the loop's cost is not padding but one pass per row. Left out: DeepSpeed's offload
of the optimizer to the CPU, which saves memory and only costs time.
"""

from collections.abc import Sequence

import torch
from transformers import LlamaForCausalLM, get_cosine_schedule_with_warmup


def train(
    model: LlamaForCausalLM, rows: Sequence[dict], *, device: str, accumulation: int, bf16: bool, rate: float = 5e-6
) -> None:
    """One epoch. ``rows``: input_ids and labels, -100 where there is no loss."""
    model.to(device).train()
    if bf16:
        model.gradient_checkpointing_enable()
    optimizer = torch.optim.AdamW(_groups(model), lr=rate)
    steps = max(1, len(rows) // accumulation)
    schedule = get_cosine_schedule_with_warmup(optimizer, round(0.05 * steps), steps)
    right = seen = torch.zeros((), device=device)
    for number, row in enumerate(rows, 1):
        tokens = torch.tensor([row["input_ids"]], device=device)
        labels = torch.tensor([row["labels"]], device=device)
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            out = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), labels=labels, use_cache=False)
        (out.loss / accumulation).backward()
        with torch.no_grad():
            counted = labels[:, 1:] != -100
            right = right + ((out.logits[:, :-1].argmax(-1) == labels[:, 1:]) & counted).sum()
            seen = seen + counted.sum()
        if number % accumulation == 0 or number == len(rows):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    _ = (right / seen).item()  # the published loop logs it


def _groups(model: LlamaForCausalLM) -> list[dict]:
    """Weight decay of 0.1, none on biases and norms."""
    spared = {name for name, _ in model.named_parameters() if "bias" in name or "norm" in name}
    named = list(model.named_parameters())
    return [
        {"params": [p for name, p in named if name not in spared], "weight_decay": 0.1},
        {"params": [p for name, p in named if name in spared], "weight_decay": 0.0},
    ]
