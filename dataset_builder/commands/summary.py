"""The summary at the end of a build: funnel of the questions, times of the stages, cost of the models' answers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from dataset_builder.commands import OUT
from dataset_builder.llm.prices import dollars
from dataset_builder.llm.usage import LeftOut, said_of
from dataset_builder.publishing.funnel import reasons_of, total
from dataset_builder.sources.questions import Origin
from dataset_builder.sources.table import SOURCES, UNPINNED

if TYPE_CHECKING:
    from dataset_builder.run import StageRun


def print_summary(manifest: dict[str, Any], runs: "Sequence[StageRun]", folder: Path) -> None:
    """Print the funnel, the time of each stage, and the line that loads the result."""
    OUT.print(questions_table(manifest["funnel"]), _stages(runs))
    for line in call_lines(runs):
        OUT.print(line, markup=False)
    if "tiers" in manifest["run"]:
        OUT.print(_tiers(manifest["run"]["tiers"]))
        for line in score_lines(manifest["run"]["scores"]):
            OUT.print(line, markup=False)
    for line in closing_lines(manifest, folder):
        OUT.print(line, markup=False)


def closing_lines(manifest: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What a folder's user should know: flags, trial, unfinished rows; the lines that load it."""
    for source, codes in manifest["flags"].items():
        yield f"flagged rows of {source}: {', '.join(f'{number} {code}' for code, number in codes.items())}"
    if manifest["trial"]:
        yield "This folder is a trial: it contains rows of an evaluation split and must never be used as training data."
    counts = total(manifest["funnel"])
    if over := counts.get("over_budget"):
        yield f"--max-usd stopped the build: {over} rows are not finished. Run it again with a higher limit; it continues where it stopped."
    if shard := manifest.get("shard"):
        yield (
            f"Part {shard['part']} of {shard['of']} is in {folder}, with {counts['in']} of {shard['rows']} questions ({manifest['run']['seconds']} s): neither "
            'to be trained on nor pushed. When all parts are built: make merge PARTS="the folders of all parts" OUT=folder'
        )
        return
    configs = manifest.get("configs", {})
    kept = f" with {configs['reasonmed']['rows']} rationales" if "reasonmed" in configs else ""
    if left_out := counts["published"] - configs.get("rl", {"rows": 0})["rows"]:
        yield f"not in the config rl: {left_out} published questions whose gold answer is not read as their label (docs/learning.md)"
    yield f"{counts['published']} rows{kept} published in {folder} ({manifest['run']['seconds']} s). To load them:"
    for name in configs if "reasonmed" in configs else (None, *configs):
        config = f", {name!r}" if name else ""
        yield f"    from datasets import load_dataset; rows = load_dataset({folder.as_posix()!r}{config})"


def questions_table(funnel: Mapping[str, Any]) -> Table:
    """Per source the questions, published and rejected ones, and the reasons."""
    counts = total(funnel)
    table = _table("questions", source="left", **{"in": "right"}, published="right", rejected="right", because="left")
    for name, count in ({**funnel, "all": counts} if len(funnel) > 1 else funnel).items():
        because = ", ".join(f"{number} {reason}" for reason, number in reasons_of(count).items())
        numbers = (count["in"], count["published"], count["in"] - count["published"])
        table.add_row(name, *map(str, numbers), because)
    return table


def _stages(runs: "Sequence[StageRun]") -> Table:
    columns = {"stage": "left", "seconds": "right", " ": "left"}
    if any(r.calls for r in runs):
        columns |= dict.fromkeys(("known", "calls", "tokens", "paid now"), "right")
    table = _table("stages", **columns)
    for r in runs:
        cells = [r.stage, f"{r.seconds:.2f}", "from cache" if r.cached and not (r.calls and r.calls.sent) else ""]
        if r.calls:
            cells += [f"{r.calls.hits:,}", f"{r.calls.sent:,}", r.calls.now.tokens(), dollars(r.calls.now.usd)]
        table.add_row(*cells)
    return table


def _tiers(tiers: Mapping[str, Mapping[str, Any]]) -> Table:
    """Questions, rationales and costs per tier. Calls: those whose answers are in use, whenever they were paid."""
    numbers = ("questions", "published", "rationales", "calls", "tokens in", "tokens out", "cost", "a rationale")
    table = _table("tiers", tier="left", **dict.fromkeys(numbers, "right"))
    for name, tier in tiers.items():
        counts = [tier[key] for key in ("questions", "published", "rationales", "answers")]
        counts += [tier["prompt_tokens"], tier["completion_tokens"]]
        each = dollars(tier["usd_per_rationale"]) if tier["rationales"] else ""
        table.add_row(name, *(f"{count:,}" for count in counts), dollars(tier["usd"]), each)
    return table


def score_lines(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The judge's scores of 1 to 10, with intervals."""
    return [
        f"score of {name}: {s['mean']:.2f} [{s['low']:.2f}, {s['high']:.2f}] over {s['questions']} questions"
        for name, s in scores.items()
        if s["low"] is not None
    ]


def _table(title: str, **columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name, justify in columns.items():
        table.add_column(name.strip(), justify=justify, no_wrap=name == "stage")  # pyright: ignore[reportArgumentType]
    return table


def call_lines(runs: "Sequence[StageRun]") -> list[str]:
    """The cost of this run, and of the answers that were in the store; no line where no model was called."""
    tallies = [r.calls for r in runs if r.calls]
    if not tallies:
        return []
    now = [t.now.usd for t in tallies]
    before = [t.before.usd for t in tallies]
    lost = sum(t.lost_usd for t in tallies)
    known = f"{sum(t.hits for t in tallies):,} answers were in the store ({dollars(_sum(before))})"
    errors = sum((t.errors for t in tallies), Counter[str]())
    line = f"{sum(t.sent for t in tallies):,} calls, {dollars(_sum(now))}; {known}"
    lines = [line + (f"; calls without an answer may have cost up to {dollars(lost)} more" if lost else "")]
    if errors:
        lines.append("Errors: " + ", ".join(f"{number} × {kind}" for kind, number in errors.most_common()) + ".")
    lines += [f"note: {note}." for note in dict.fromkeys(note for t in tallies for note in t.notes)]
    outages = sum((t.outages for t in tallies), Counter[LeftOut]())
    lines += [f"note: {sentence}." for sentence in said_of(outages)]
    if _sum([*now, *before]) is None:
        lines.append("The price of a model is not known, so only its tokens are counted: add --price MODEL=IN/OUT.")
    return lines


def _sum(dollars_: Sequence[float | None]) -> float | None:
    known = [usd for usd in dollars_ if usd is not None]
    return sum(known) if len(known) == len(dollars_) else None


def pins(origins: Sequence[Origin]) -> list[str]:
    """For each source without a pinned revision, the line for its record, so that a rebuild reads the same rows."""
    return [
        f"{origin.source} is not pinned to a revision. To read the same rows again, add to its record in dataset_builder/sources/table.py:\n"
        f'    revision="{origin.revision}",'
        for origin in origins
        if SOURCES[origin.source].revision == UNPINNED and not origin.files
    ]
