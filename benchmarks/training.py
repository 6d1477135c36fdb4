"""Tokens per second of a recipe (TRL, rows end to end) and of MedReason's published loop (padded batches of one row).

Both train the same model on the same rows, in one run.

    python -m benchmarks.training                     a small model on the CPU, minutes
    python -m benchmarks.training --gpu               a random Llama of 0.8 billion parameters in bf16: tokens/s, MFU, peak memory
    accelerate launch --config_file sft/accelerate/zero3.yaml --num_processes 1 -m benchmarks.training --gpu --ways recipe

The last command is the recipe with ZeRO-3 on one GPU. Only the rows' own tokens are counted, not padding.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from benchmarks.published_loop import train as published_loop
from sft.estimate import PEAK
from sft.tiny_model import sample_texts, tokenizer_of

ROWS_PER_STEP = 16  # of both ways
ATTENTION = {"cpu": "sdpa", "gpu": "flash_attention_2"}


@dataclass(frozen=True)
class Size:
    """A Llama shape, and the rows' lengths: log-normal like rationales (median, sigma), at most ``longest``."""

    hidden: int
    inner: int
    layers: int
    heads: int
    vocabulary: int
    rows: int
    median: int
    longest: int


SIZES = {
    "cpu": Size(192, 512, 4, 6, 4096, 96, 220, 1024),
    "gpu": Size(1536, 6144, 20, 12, 32000, 512, 700, 8192),
}


def model_of(size: Size, attention: str, dtype: torch.dtype) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=max(1, size.heads // 3),
        max_position_embeddings=size.longest,
    )
    model = LlamaForCausalLM(config).to(dtype)
    model.set_attn_implementation(attention)
    return model


def rows_of(size: Size) -> list[dict[str, list[int]]]:
    """Random tokens; the first quarter of each row is its prompt and carries no loss."""
    draw, rows = random.Random(0), []
    for _ in range(size.rows):
        length = min(size.longest, max(32, round(draw.lognormvariate(0, 0.5) * size.median)))
        tokens = [draw.randrange(10, size.vocabulary) for _ in range(length)]
        rows.append({"input_ids": tokens, "labels": [-100] * (length // 4) + tokens[length // 4 :]})
    return rows


def recipe(
    model: LlamaForCausalLM, rows: Sequence[dict], size: Size, *, gpu: bool, packing: bool = False, per_device: int = 8
) -> None:
    """TRL as the recipes set it: padding-free, or packed best fit first with the same rows a step on average."""
    with tempfile.TemporaryDirectory() as out:
        args = SFTConfig(
            out,
            use_cpu=not gpu,
            bf16=gpu,
            gradient_checkpointing=gpu,
            padding_free=not packing,
            packing=packing,
            max_length=size.longest if packing else None,
            per_device_train_batch_size=1 if packing else per_device,
            gradient_accumulation_steps=max(1, packed_steps(rows, size)) if packing else ROWS_PER_STEP // per_device,
            num_train_epochs=1,
            learning_rate=5e-6,
            weight_decay=0.1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        tokenizer = tokenizer_of(sample_texts())
        SFTTrainer(model, args, train_dataset=Dataset.from_list(list(rows)), processing_class=tokenizer).train()


def packed_steps(rows: Sequence[dict], size: Size) -> int:
    """Packs that hold about as many rows as a step has."""
    mean = statistics.mean(len(row["input_ids"]) for row in rows)
    return round(ROWS_PER_STEP * mean / size.longest)


def published(model: LlamaForCausalLM, rows: Sequence[dict], size: Size, *, gpu: bool) -> None:
    published_loop(model, rows, device="cuda" if gpu else "cpu", accumulation=ROWS_PER_STEP, bf16=gpu)


WAYS: dict[str, Callable[..., None]] = {
    "published": published,
    "recipe": recipe,
    "packed": lambda *a, **k: recipe(*a, packing=True, **k),
}


def measure(way: str, size: Size, rows: Sequence[dict], *, gpu: bool, attention: str) -> dict[str, float]:
    """Seconds, tokens per second, share of an H100's peak (6·N·T) and peak memory in GiB, of one epoch."""
    model = model_of(size, "sdpa" if way == "published" and not gpu else attention, torch.float32)
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    WAYS[way](model, rows, size, gpu=gpu)
    if gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    tokens = sum(len(row["input_ids"]) for row in rows)
    found = {"seconds": seconds, "tokens_per_second": tokens / seconds}
    if gpu:
        found["mfu"] = 6 * model.num_parameters() * tokens / seconds / PEAK
        found["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
    return found


def main() -> None:
    """Print a line for every measurement, then medians and their ratio to the published loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--attention", help=f"default: {ATTENTION}")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    kind = "gpu" if options.gpu else "cpu"
    size, attention, ways = SIZES[kind], options.attention or ATTENTION[kind], options.ways.split(",")
    rows = rows_of(size)
    runs: dict[str, list[float]] = {way: [] for way in ways}
    for way in ways:  # what the first step compiles or allocates is not the loop's
        measure(way, size, rows[: 2 * ROWS_PER_STEP], gpu=options.gpu, attention=attention)
    for _ in range(options.repeats):
        for way in ways:
            found = measure(way, size, rows, gpu=options.gpu, attention=attention)
            runs[way].append(found["tokens_per_second"])
            print(json.dumps({"way": way} | found), flush=True)
    medians = {way: statistics.median(values) for way, values in runs.items()}
    for way, median in medians.items():
        ratio = f", {median / medians['published']:.2f} × the published loop" if "published" in medians else ""
        print(f"{way}: {median:,.0f} tokens/s, median of {options.repeats}{ratio}")


if __name__ == "__main__":
    main()
