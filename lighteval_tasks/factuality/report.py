"""Results as factuality.json, factuality.md and claims.parquet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.claim_check import measured
from dataset_builder.publishing.hub.markdown import cell
from lighteval_tasks.cells import named, p_value, table_line
from lighteval_tasks.factuality import paired
from lighteval_tasks.factuality.claims import VERDICTS, ItemClaims, OutputClaim, as_rows

CLAIMS = "claims.parquet"
HEADS = ("task", "outputs", "claims", *(f"{verdict} per 100" for verdict in VERDICTS), "outputs with a contradicted claim", "supported of all")  # fmt: skip
PAIRED_HEADS = ("task", "verdict", "items", "A", "B", "B - A per 100 outputs [95 %]", "more in A / in B", "p", "p (Holm)")  # fmt: skip
_TYPES = {bool: pa.bool_(), int: pa.int64()}  # every other field is a text
SCHEMA = pa.schema(
    {"task": pa.string()} | {one.name: _TYPES.get(one.type, pa.string()) for one in fields(OutputClaim)}  # pyright: ignore[reportArgumentType, reportCallIssue]
)


def write_claims(tasks: Mapping[str, Sequence[ItemClaims]], file: Path) -> None:
    """Write every claim of every task, one a row."""
    rows = [{"task": task} | row for task, items in tasks.items() for row in as_rows(items)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)


def write(result: Mapping[str, Any], runs: Mapping[str, Mapping[str, Sequence[ItemClaims]]], out: Path) -> str:
    """Write all files; with two runs the claims of each in a file of its own. Returns the Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob("claims*.parquet"):
        stale.unlink()
    for name, tasks in runs.items():
        write_claims(tasks, out / (CLAIMS if len(runs) == 1 else f"claims_{name.lower()}.parquet"))
    (out / "factuality.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = markdown(result)
    (out / "factuality.md").write_text(text + "\n", "utf-8")
    return text


def markdown(result: Mapping[str, Any]) -> str:
    """The tables of all runs, their comparison, and how to read them."""
    lines = []
    for run in result["runs"]:
        lines += [f"### {run['name']}: {run['place']}" if run["name"] else f"### {run['place']}", ""]
        lines += [*table(run["tasks"]), ""]
    if result.get("differences"):
        lines += ["B against A, paired by item:", "", *paired_table(result["differences"]), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(result))])


def table(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each task."""
    lines = [table_line(HEADS), "|---|" + "---:|" * (len(HEADS) - 1)]
    return lines + [table_line((cell(name), *cells(found))) for name, found in tasks.items()]


def cells(found: Mapping[str, Any]) -> list[str]:
    """The cells of one task, from its summary."""
    accused, of_all = found["with_contradicted"], found["supported_share"]
    return [
        f"{found['outputs']} ({found['empty']} empty)" if found["empty"] else str(found["outputs"]),
        str(found["claims"]),
        *(rate(found[verdict]) for verdict in VERDICTS),
        f"{accused['outputs']}: {_share(accused)}" if found["outputs"] else "no outputs",
        _share(of_all) if of_all else "no claims",
    ]


def rate(of_verdict: Mapping[str, Any]) -> str:
    """``6.5 [5.1, 8.0]``, claims per 100 outputs."""
    if of_verdict["per_100"] is None:
        return "no outputs"
    return f"{of_verdict['per_100']:.1f} [{of_verdict['low']:.1f}, {of_verdict['high']:.1f}]"


def _share(share: Mapping[str, Any]) -> str:
    return f"{100 * share['share']:.1f} % [{100 * share['low']:.1f}, {100 * share['high']:.1f}]"


def paired_table(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each verdict of each task."""
    lines = [table_line(PAIRED_HEADS), "|---|---|" + "---:|" * (len(PAIRED_HEADS) - 2)]
    for one in found:
        seen = one["a"] or one["b"]
        between = f"{one['difference']:+.1f} [{one['low']:+.1f}, {one['high']:+.1f}]" if seen else "none in either"
        numbers = [f"{one['a']:.1f}", f"{one['b']:.1f}", between, f"{one['more_a']} / {one['more_b']}"]
        lines.append(
            table_line(
                (
                    cell(named(one)),
                    one["verdict"],
                    str(one["items"]),
                    *numbers,
                    p_value(one["p"]),
                    p_value(one["p_holm"]),
                )
            )
        )
    return lines


def notes(result: Mapping[str, Any]) -> list[str]:
    """How to read the tables, and what they do not say."""
    lines = about(result)
    if result.get("differences"):
        lines.append(f"Differences: {'; '.join(map(paired.in_words, result['differences']))}.")
    for run in result["runs"]:
        lines += [note for task, found in run["tasks"].items() for note in _of_thoughts(task, found)]
    return lines


def about(result: Mapping[str, Any]) -> list[str]:
    """What claims rest on (`summary.inputs`), what the verdicts mean, and how often they are right."""
    graph, reader = result["graph"], result["reader"]
    lines = [
        f"Graph: {graph['name']}, {graph['nodes']:,} nodes, {graph['edges']:,} connected pairs, sha256 `{graph['sha256'][:16]}`. Claim reader: "
        f"{reader['name']}, version {reader['version']}.",
        "Claims: relations between two names of the graph that a sentence of the output states or denies; per 100 outputs, with 95 % intervals "
        "of a bootstrap over outputs. Unknown: the graph has no edge between the two, which says nothing for or against the claim, since a graph "
        "is not complete. Supported: the graph has the relation; contradicted: it has the opposite, or has what is denied.",
        measured.in_words(),
    ]
    if result.get("differences"):
        lines += [f"{named(one)}: {paired.share_in_words(one)}." for one in result["supported_shares"]]
        lines.append(
            "B - A: paired bootstrap. p: exact sign test on the items in which one run has more such claims than the other."
        )
    return lines


def _of_thoughts(task: str, found: Mapping[str, Any]) -> list[str]:
    thinking = found["thinking"]
    if not thinking:
        return []
    within = ", ".join(f"{verdict} {thinking[verdict]}" for verdict in VERDICTS)
    return [f"{task}: {thinking['outputs']} outputs have a thought; of the claims, within thoughts: {within}."]


def of_scores(scores: Mapping[str, Any]) -> list[str]:
    """The block for scores.md: the tasks of a run whose claims were checked. Nothing where none were."""
    tasks = {named(task): task["factuality"] for task in scores["tasks"] if task.get("factuality")}
    if not tasks:
        return []
    thoughts = [note for task, found in tasks.items() for note in _of_thoughts(task, found)]
    return [
        "Claims of the outputs against a graph:",
        "",
        *table(tasks),
        "",
        *(f"- {note}" for note in [*about(scores["factuality"]), *thoughts]),
        "",
    ]
