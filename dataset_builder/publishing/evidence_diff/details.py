"""The evidence of two builds question by question, as Markdown, which anybody's texts leave in form."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.publishing.evidence_diff.build_rows import Key, best_relevance, linked, rows_of
from dataset_builder.publishing.evidence_diff.comparison import Comparison, graphs_in_words, table
from dataset_builder.publishing.evidence_diff.path_match import digests, match
from dataset_builder.publishing.hub.markdown import cell, code
from dataset_builder.publishing.layout import FolderError
from kg.phrases import plain
from kg.terminal import one_line

QUESTIONS = 200  # shown
PATHS = 20  # of one question, of each kind
LONGEST = 600  # characters of a text


def expect_writable(out: Path) -> None:
    """Raise FolderError where the details cannot be written to this file, before the builds are read."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        found = "is a folder" if out.is_dir() else "is in no folder that exists"
        raise FolderError(
            f"{out} {found}; expected the name of a Markdown file to write: choose another --out (make: OUT=)"
        )


def write_details(found: Comparison, names: tuple[str, str], out: Path, shown: int = QUESTIONS) -> int:
    """Write the numbers, and of at most ``shown`` questions what differs; returns how many these are. ``names``: of both builds.

    Only their rows are read, and they are in memory together. Raises OSError where the file cannot be written.
    """
    keys = found.differing[:shown]
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in markdown(found, names, keys))
    return len(keys)


def markdown(found: Comparison, names: tuple[str, str], keys: list[Key]) -> Iterator[str]:
    """The lines of the details of these questions."""
    yield from (
        "# Evidence of two builds",
        "",
        *(f"- {letter}: {_text(name)}" for letter, name in zip("AB", names, strict=True)),
    )
    yield from (f"- {_text(graphs_in_words(found, None))}", "", "| | |", "|---|---|")
    yield from (f"| {heading} | {text} |" for heading, text in table(found))
    yield ""
    if cut := len(found.differing) - len(keys):
        yield f"{cut} of {len(found.differing)} questions whose evidence differs are cut: those below are the first {len(keys)}."
    elif not keys:
        yield "No question's evidence differs."
    old, new = (rows_of(build, set(keys)) for build in (found.a, found.b))
    for key in keys:
        yield from _question(key, old[key], new[key])


def _question(key: Key, was: Mapping[str, Any], is_: Mapping[str, Any]) -> Iterator[str]:
    repeat = f", repeat {key[1]}" if key[1] else ""
    yield from ("", f"## `{code(_short(key[0]))}`{repeat}", "", _text(is_["question"]), "")
    if is_["answer"]:
        yield f"- answer: {_text(is_['answer'])}"
    yield f"- A: {_outcome(was)}"
    yield f"- B: {_outcome(is_)}"
    yield f"- best relevance: {_number(best_relevance(was))} → {_number(best_relevance(is_))}"
    yield from _nodes(was, is_)
    paths = [row.get("paths") or [] for row in (was, is_)]
    matched = match(*(b"".join(map(digests, some)) for some in paths))
    yield from _listed("path lost", [_path(paths[0][i]) for i in matched.lost])
    yield from _listed("path won", [_path(paths[1][j]) for j in matched.won])
    changed = [f"({', '.join(parts)}) {_path(paths[0][i])} → {_path(paths[1][j])}" for i, j, parts in matched.changed]
    yield from _listed("path changed", changed)
    if matched.same:
        yield f"- same paths: {len(matched.same)}"


def _outcome(row: Mapping[str, Any]) -> str:
    """Published, or the reason why not, with the number of paths."""
    count = len(row.get("paths") or ())
    paths = f"{count} path{'' if count == 1 else 's'}"
    if row["rejected_because"] is None:
        return f"published, {paths}"
    detail = f" ({_text(row['rejected_detail'])})" if row["rejected_detail"] else ""
    return f"rejected: `{code(_short(row['rejected_because']))}`{detail}, {paths}"


def _nodes(was: Mapping[str, Any], is_: Mapping[str, Any]) -> Iterator[str]:
    """The linked nodes that only one build has."""
    old, new = linked(was), linked(is_)
    for what, some, others in (("lost", old, new), ("won", new, old)):
        if names := [
            f"{plain(name)} ({kind or 'no type'})"
            for (folded, kind), name in some.items()
            if (folded, kind) not in others
        ]:
            yield f"- nodes {what}: {_text('; '.join(names))}"


def _listed(what: str, paths: list[str]) -> Iterator[str]:
    yield from (f"- {what}: {path}" for path in paths[:PATHS])
    if len(paths) > PATHS:
        yield f"- {what}: {len(paths) - PATHS} more"


def _path(path: Mapping[str, Any]) -> str:
    """The path in words: every relation of every hop, with its provenance, and the relevance."""
    hops = "; ".join(" / ".join(map(_hop, hop)) for hop in path["hops"])
    return f"{_text(hops)} [{_number(path.get('relevance'))}]"


def _hop(hop: Mapping[str, Any]) -> str:
    papers = [paper for paper in hop.get("publications") or () if paper is not None]
    score = hop.get("score")
    said = [
        *(hop.get(name) for name in ("source", "evidence")),
        ", ".join(papers),
        None if score is None else f"score {score:g}",
    ]
    told = ", ".join(text for text in said if text)
    return f"{hop['statement']} ({told})" if told else hop["statement"]


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _text(text: str) -> str:
    """A text of others on one line, which controls nothing, ends no line or cell and links nowhere."""
    return str(cell(_short(text)))


def _short(text: str) -> str:
    return one_line(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
