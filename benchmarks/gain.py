"""What grounded rationales teach a small model: make gain [KG=file] [OUT=folder] [DEVICE=cuda], or python -m benchmarks.gain.

A world of some thousand facts of a real graph (gain_world.py). Per seed a model with random weights is taught the facts,
and drilled in the form of an answer; from it each arm is fine-tuned with equal tokens, half of them facts again:

- answers: question and answer alone
- irrelevant: before the answer a true path from the same node, which has nothing to do with the answer
- shuffled: the grounded rationale of another question
- grounded: the facts that lead to the answer, each beginning with the node that is known already
- subject_first: the same facts, each beginning with the subject of its relation, as this project's rationales state them

All are asked the same questions, whose facts they know and never saw joined. OUT/base and OUT/runs have a file per seed and
arm, so that the command goes on where it was ended; then results.md and gain.png.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from benchmarks import gain_report
from benchmarks.gain_model import Model, Size
from benchmarks.gain_world import ARMS, BEGIN, Pieces, World, world_of
from kg import KG
from kg.questions import Question

SIZES = {
    "cpu": Size(
        hidden=128,
        layers=4,
        heads=4,
        base_tokens=1_600_000,
        arm_tokens=400_000,
        batch=512,
        base_rate=2e-3,
        arm_rate=1e-3,
    ),
    "cuda": Size(
        hidden=1024,
        layers=12,
        heads=16,
        base_tokens=60_000_000,
        arm_tokens=20_000_000,
        batch=65_536,
        base_rate=6e-4,
        arm_rate=3e-4,
    ),
}
WORLDS = {
    "cpu": (2000, 800, 200),
    "cuda": (20_000, 5000, 500),
}  # facts, training and test questions per number of hops
DRILLS, ASKED_FACTS, LONGEST = 20_000, 500, 100


def main() -> None:
    """Run what is missing in the folder, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kg", default="sample")
    parser.add_argument("--out", type=Path, default=Path("build/gain"))
    parser.add_argument("--device", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", default=",".join(ARMS), help=f"of: {', '.join(ARMS)}")
    parser.add_argument("--facts", type=int)
    parser.add_argument(
        "--branching", type=int, default=1, help="neighbours of a node by one relation, at most (default: 1)"
    )
    parser.add_argument("--arm-tokens", type=int)
    given = parser.parse_args()
    facts, train, test = WORLDS[given.device]
    kg = KG.load(given.kg)
    world = world_of(kg, given.facts or facts, train, test, given.out / "world", branching=given.branching)
    _expect_questions(world, given)
    size = SIZES[given.device]
    about = {
        "graph": given.kg,
        "graph_sha256": kg.digest,
        "facts": len(world.facts),
        "branching": given.branching,
        "nodes": len(world.kg.nodes.index),
    }
    about |= {
        "train": len(world.train),
        "test": len(world.test),
        "arm_tokens": given.arm_tokens or size.arm_tokens,
        "device": given.device,
    }
    _expect_same(given.out / "about.json", about)
    for part in ("base", "runs"):
        (given.out / part).mkdir(exist_ok=True)
    for seed in range(given.seeds):
        run_seed(world, size, seed, given.arms.split(","), given)
        print(gain_report.write(given.out), flush=True)


def run_seed(world: World, size: Size, seed: int, arms: list[str], given: argparse.Namespace) -> None:
    """Train the base model of a seed and the arms that have no file yet."""
    missing = [arm for arm in arms if not (given.out / "runs" / f"{seed}-{arm}.json").is_file()]
    if not missing:
        return
    texts = world.fact_texts()
    of_arms = {arm: world.arm(arm, seed) for arm in ARMS}
    every = [text for some in (texts, *of_arms.values()) for text in some]
    pieces = {piece for text in every for piece in (*text.prompt, *text.completion)}
    pieces |= {piece for question in world.test for piece in world.prompt(question)}
    model = Model(pieces, size, seed, given.device)
    base, known = base_of(model, world, seed, given.out / "base" / str(seed))
    print(
        f"seed {seed}: {model.parameters:,} weights, base {_told(model, base)}; knows {known:.1%} of the facts",
        flush=True,
    )
    state = model.state()
    for arm in missing:
        model.begin_from(state)
        trained = model.train(of_arms[arm], given.arm_tokens or size.arm_tokens, size.arm_rate, seed, replay=texts)
        found = scored(model, world, world.test)
        told = {
            "arm": arm,
            "seed": seed,
            "base": base,
            "base_recall": known,
            "recall": recall(model, world),
            "trained": trained,
        }
        told |= {
            "weights": model.parameters,
            "test": found,
            "train": scored(model, world, random.Random(0).sample(world.train, min(300, len(world.train)))),
        }
        (given.out / "runs" / f"{seed}-{arm}.json").write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        right = sum(one["right"] for one in found) / len(found)
        print(f"  {arm}: {right:.3f} right; {_told(model, trained)}; knows {told['recall']:.1%}", flush=True)


def base_of(model: Model, world: World, seed: int, place: Path) -> tuple[dict[str, float], float]:
    """Train the base model, or read it from ``place``; what its training took, and its recall of facts."""
    weights, told = place.with_suffix(".safetensors"), place.with_suffix(".json")
    if weights.is_file() and told.is_file():
        model.begin_from(load_file(weights))
        base = json.loads(told.read_text("utf-8"))
        return base["trained"], base["recall"]
    trained = model.train(
        world.drills(DRILLS, seed), model.size.base_tokens, model.size.base_rate, seed, replay=world.fact_texts()
    )
    base = {"trained": trained, "recall": recall(model, world)}
    save_file(dict(model.state()), weights)
    told.write_text(json.dumps(base), "utf-8")
    return base["trained"], base["recall"]


def _expect_same(file: Path, about: dict[str, Any]) -> None:
    """Write what the runs of a folder have in common. Exits where the folder has runs of another graph or size."""
    if file.is_file() and (before := json.loads(file.read_text("utf-8"))) != about:
        differs = ", ".join(
            f"{key} {before.get(key)!r}, now {value!r}" for key, value in about.items() if before.get(key) != value
        )
        sys.exit(f"{file.parent} has runs with {differs}; give another --out")
    file.write_text(json.dumps(about, indent=1), "utf-8")


def _expect_questions(world: World, given: argparse.Namespace) -> None:
    """Exits where the world has no test question of 2 hops, or none of 3."""
    made = {hops: sum(question.hops == hops for question in world.test) for hops in (2, 3)}
    if not world.train or not all(made.values()):
        sys.exit(
            f"{given.kg} with --branching {given.branching} gives {len(world.facts):,} facts, {len(world.train):,} training questions and "
            f"{made[2]} and {made[3]} test questions of 2 and 3 hops; some of each are needed: give a higher --branching, or another graph"
        )


def _told(model: Model, trained: dict[str, float]) -> str:
    share = (
        f", {model.flops_share(trained['tokens_per_second']):.1%} of an H200's FLOPs" if model.device == "cuda" else ""
    )
    return f"{trained['tokens']:,} tokens, {trained['tokens_per_second']:,.0f} a second{share}, loss {trained['loss']:.2f}"


def recall(model: Model, world: World) -> float:
    """The share of beginnings of facts that the model ends truly."""
    true: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for text in world.fact_texts():
        *begin, end, _, _ = text.completion
        true[tuple(begin)].add(end)
    asked = random.Random(0).sample(sorted(true), min(ASKED_FACTS, len(true)))
    said = model.write([[BEGIN, *begin] for begin in asked], 1)
    return sum(bool(one) and one[0] in true[begin] for one, begin in zip(said, asked, strict=True)) / len(asked)


def scored(model: Model, world: World, questions: list[Question]) -> list[dict[str, Any]]:
    """What the model writes to each question, whether it is right, and how many of its sentences are facts."""
    written = model.write([world.prompt(question) for question in questions], LONGEST)
    return [_outcome(world, question, said) for question, said in zip(questions, written, strict=True)]


def _outcome(world: World, question: Question, said: Pieces) -> dict[str, Any]:
    right, sentences, sentence = said[-1:] == [world.answer(question)], [], []
    for piece in said:
        if piece == ".":
            sentences.append(tuple(sentence))
            sentence = []
        else:
            sentence.append(piece)
    true = [one in world.true_sentences for one in sentences]
    told = {"question": question.text, "hops": question.hops, "right": right, "said": " ".join(said)}
    return told | {"form": said[-2:-1] == ["answer"], "sentences": len(true), "true": sum(true)}


if __name__ == "__main__":
    main()
