"""Logits of rows that lie end to end in one sequence, as TRL's collator lays them, against those of each row alone.

`told`: a variable-length kernel cannot run here, but what it would be told can be checked. A stand-in on the CPU attends within the
lengths that transformers hands to flash attention (cu_seq_lens), and to nothing else. `deaf` attends to all that lies before: it must differ.
"""

import itertools
import json
import tempfile
from typing import Any

import torch
from datasets import Dataset
from torch.nn.functional import scaled_dot_product_attention as attend
from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from trl.data_utils import pack_dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling, SFTTrainer

from sft.attention import BY_MASK
from sft.tiny_model import sample_texts, tokenizer_of

LENGTHS = (7, 30, 1, 12, 19)


def told(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float, **kwargs: Any) -> Any:
    """Attention within each row, by the lengths that a flash attention kernel gets."""
    assert attention_mask is None
    bounds = kwargs["cu_seq_lens_q"].tolist()
    parts = [
        attend(*(t[:, :, a:b] for t in (query, key, value)), is_causal=True, scale=scaling, enable_gqa=True)
        for a, b in itertools.pairwise(bounds)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2), None


def deaf(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float, **kwargs: Any) -> Any:
    """Causal attention that does not know of rows."""
    return attend(query, key, value, is_causal=True, scale=scaling, enable_gqa=True).transpose(1, 2), None


for name, function in {"told": told, "deaf": deaf}.items():
    AttentionInterface.register(name, function)
    ALL_MASK_ATTENTION_FUNCTIONS.register(name, ALL_MASK_ATTENTION_FUNCTIONS["flash_attention_2"])


def model_of(attention: str, size: int = 32) -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=300,
        hidden_size=size,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model = LlamaForCausalLM(shape)
    model.set_attn_implementation(attention)
    return model


def rows() -> list[list[int]]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(3, 300, (length,), generator=generator).tolist() for length in LENGTHS]


def flattened(tokens: list[list[int]], *, packing: bool) -> dict[str, Any]:
    """One batch as TRL makes it: rows of a padding-free batch, or packs of 40 tokens."""
    examples: list[dict] = [{"input_ids": row, "labels": row} for row in tokens]
    if packing:
        examples = list(pack_dataset(Dataset.from_list(examples), 40, "bfd"))  # type: ignore[arg-type]
    return DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(examples)


def difference(attention: str, *, packing: bool, checkpointing: bool) -> float:
    """The largest difference of any logit, in training mode, as the trainer calls the model."""
    model, alone = model_of(attention).train(), model_of("eager").eval()
    if checkpointing:
        model.gradient_checkpointing_enable()
    batch = flattened(rows(), packing=packing)
    batch.pop("labels")
    logits = model(**batch, use_cache=False).logits[0]
    starts = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
    largest = 0.0
    for a, b in zip(starts, [*starts[1:], logits.shape[0]], strict=True):
        with torch.no_grad():
            expected = alone(input_ids=batch["input_ids"][:, a:b]).logits[0]
        largest = max(largest, (logits[a:b] - expected).abs().max().item())
    return largest


def losses(attention: str, out: str) -> list[float]:
    """SFTTrainer's own loss on a flattened batch, and the mean over the same tokens of the rows alone."""
    tokenizer = tokenizer_of(sample_texts())
    args = SFTConfig(out, use_cpu=True, bf16=False, padding_free=True, max_length=None, report_to="none")
    data = Dataset.from_list([{"input_ids": row, "labels": row} for row in rows()])
    trainer = SFTTrainer(model_of(attention), args, train_dataset=data, processing_class=tokenizer)
    batch = trainer.data_collator([dict(row) for row in data])
    together = trainer.compute_loss(trainer.model.train(), batch).item()  # type: ignore[union-attr]
    alone, total, count = model_of("eager").eval(), 0.0, 0
    for row in rows():
        if len(row) > 1:
            with torch.no_grad():
                total += alone(input_ids=torch.tensor([row]), labels=torch.tensor([row])).loss.item() * (len(row) - 1)
            count += len(row) - 1
    return [together, total / count]


if __name__ == "__main__":
    tried = (*BY_MASK, "told", "deaf")
    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: {
                "differences": [
                    difference(name, packing=packing, checkpointing=checkpointing)
                    for packing in (False, True)
                    for checkpointing in (False, True)
                ],
                "losses": losses(name, folder),
            }
            for name in tried
        }
    print(json.dumps(found))
