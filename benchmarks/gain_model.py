"""The model of benchmarks.gain: made with random weights, taught a world's facts, then fine-tuned on one arm, and asked."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, get_cosine_schedule_with_warmup

from benchmarks.gain_world import BEGIN, END, Pieces, Text

PAD = "<pad>"
PACKED = 48
IGNORED = -100  # the label that torch's cross entropy leaves out
H200_FLOPS = 989e12  # dense bfloat16, by NVIDIA's data sheet


@dataclass(frozen=True)
class Size:
    """The shape of the model, and how it is trained. ``*_tokens``: in all; ``batch``: tokens of a step."""

    hidden: int
    layers: int
    heads: int
    base_tokens: int
    arm_tokens: int
    batch: int
    base_rate: float
    arm_rate: float


def _tokens(batch: Sequence[Text]) -> int:
    return sum(len(text.prompt) + len(text.completion) for text in batch)


def packed(facts: Iterator[Text]) -> Iterator[Text]:
    """Facts one after the other in texts of about PACKED pieces, so that they occur at every position and little is padding."""
    while True:
        pieces: Pieces = []
        while len(pieces) < PACKED:
            fact = next(facts)
            pieces += [*fact.prompt, *fact.completion]
        yield Text([], pieces)


class Model:
    """A causal language model over pieces."""

    def __init__(self, pieces: Iterable[str], size: Size, seed: int, device: str) -> None:
        self.pieces = [PAD, BEGIN, END, *sorted(set(pieces) - {PAD, BEGIN, END})]
        self.number = {piece: i for i, piece in enumerate(self.pieces)}
        self.size, self.device = size, device
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=len(self.pieces),
            hidden_size=size.hidden,
            intermediate_size=4 * size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
        self.net: Any = LlamaForCausalLM(config).to(device)

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(weight.numel() for weight in self.net.parameters())

    def train(
        self, texts: Sequence[Text], tokens: int, rate: float, seed: int, replay: Sequence[Text] = ()
    ) -> dict[str, float]:
        """Train until this many tokens, padding not counted, half of them of ``replay`` if given. Returns loss, seconds, tokens per second."""
        steps = list(self._steps([some for some in (texts, replay) if some], tokens, random.Random(seed)))
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
        schedule = get_cosine_schedule_with_warmup(optimizer, max(1, len(steps) // 20), len(steps))
        self.net.train()
        begun, loss, seen = time.time(), 0.0, 0
        for step in steps:
            for batch in step:  # each on its own, since their lengths differ
                ids, labels = self._tensors(batch)
                with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
                    part = self.net(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss / len(step)
                part.backward()
                loss = float(part.detach()) * len(step) if batch is step[0] else loss
                seen += _tokens(batch)
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        took = time.time() - begun
        return {"loss": loss, "seconds": took, "tokens": seen, "tokens_per_second": seen / took}

    def _steps(self, kinds: Sequence[Sequence[Text]], tokens: int, draw: random.Random) -> Iterator[list[list[Text]]]:
        """Per step a batch of each kind, about as many tokens of each; texts in a new order every time that all were used."""
        streams = [self._stream(some, draw) for some in kinds]
        streams = [
            stream if some[0].prompt[1:] else packed(stream) for some, stream in zip(kinds, streams, strict=True)
        ]
        done = 0
        while done < tokens:
            step: list[list[Text]] = []
            for stream in streams:
                batch: list[Text] = []
                while _tokens(batch) < self.size.batch // len(streams):
                    batch.append(next(stream))
                step.append(batch)
                done += _tokens(batch)
            yield step

    @staticmethod
    def _stream(texts: Sequence[Text], draw: random.Random) -> Iterator[Text]:
        while True:
            yield from draw.sample(texts, len(texts))

    def _tensors(self, batch: Sequence[Text]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token numbers and labels, shape (texts, longest)."""
        rows = [self._numbers([*text.prompt, *text.completion]) for text in batch]
        longest = max(map(len, rows))
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        labels = torch.full((len(rows), longest), IGNORED)
        for i, (row, text) in enumerate(zip(rows, batch, strict=True)):
            ids[i, : len(row)] = torch.tensor(row)
            labels[i, len(text.prompt) : len(row)] = ids[i, len(text.prompt) : len(row)]
        return ids.to(self.device), labels.to(self.device)

    def _numbers(self, pieces: Pieces) -> list[int]:
        return [self.number[piece] for piece in pieces]

    @torch.no_grad()
    def write(self, prompts: Sequence[Pieces], longest: int) -> list[Pieces]:
        """Greedy completions of the prompts, each until END or ``longest`` pieces."""
        self.net.eval()
        written: list[Pieces] = [[] for _ in prompts]
        for length in sorted({len(prompt) for prompt in prompts}):  # of one length, so that nothing is padded
            which = [i for i, prompt in enumerate(prompts) if len(prompt) == length]
            for part in (which[at : at + 256] for at in range(0, len(which), 256)):
                ids = torch.tensor([self._numbers(prompts[i]) for i in part], device=self.device)
                out = self.net.generate(
                    input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=longest, do_sample=False
                )
                for i, row in zip(part, out[:, length:].tolist(), strict=True):
                    pieces = [self.pieces[number] for number in row]
                    written[i] = pieces[: pieces.index(END)] if END in pieces else pieces
        return written

    def state(self) -> Mapping[str, torch.Tensor]:
        """A copy of the weights, to begin every arm from."""
        return {name: weight.detach().clone() for name, weight in self.net.state_dict().items()}

    def begin_from(self, state: Mapping[str, torch.Tensor]) -> None:
        """Set the weights."""
        self.net.load_state_dict(state)

    def flops_share(self, tokens_per_second: float) -> float:
        """Model FLOPs utilisation on an H200: 6 per weight and token (Chowdhery et al. 2022, without attention)."""
        return 6 * self.parameters * tokens_per_second / H200_FLOPS
