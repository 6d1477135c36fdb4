"""The reviews of a dataset, and what its rows say of the reviewed texts: verdict, labels of steps, relevance of the paths."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dataset_builder.agreement.experts import Key, Machine
from dataset_builder.agreement.result import result_of, shown
from dataset_builder.agreement.reviews import UnusableReviews, question_of, read_reviews
from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.layout import batches_of, files_by_config, question_files
from dataset_builder.relevance.model import MIN_RELEVANCE

OF_QUESTIONS = ("id", "source", "verdict", "paths")
OF_STEPS = ("id", "source", "steps", "verdict")
Locate = Callable[[str], Path]  # from the name of a file in the folder to where it is


def review_files(manifest: Mapping[str, Any], locate: Locate) -> list[Path]:
    """The files of the config `reviews`; none where the dataset has no reviews."""
    return [locate(name) for name in files_by_config(manifest).get(REVIEWS, {}).get("train", ())]


def agreement_shown(manifest: Mapping[str, Any], locate: Locate) -> dict[str, Any]:
    """What card and report show of a dataset's reviews; empty where it has none, `why` where they cannot be used.

    It is computed each time from the files and stored nowhere, so it cannot differ from them; `agreement` prints the same numbers.
    """
    if not (files := review_files(manifest, locate)):
        return {}
    try:
        reviews = read_reviews({"A": files})
        machines = machines_of("A", manifest, locate, {one.id for one in reviews})
        return shown(result_of(reviews, machines, threshold_of(manifest)))
    except UnusableReviews as why:
        return {"why": str(why)}


def threshold_of(manifest: Mapping[str, Any]) -> float:
    """The least relevance of a path that the build took for relevant; the default where it took any."""
    return manifest["inputs"].get("min_relevance") or MIN_RELEVANCE


def machines_of(place: str, manifest: Mapping[str, Any], locate: Locate, ids: Collection[str]) -> dict[Key, Machine]:
    """What the rows of a dataset say of the texts with these ids: of a question or, as `<question id>#<k>`, of one of its rationales.

    ``place``: A or B. The config `steps` has the verdict of each rationale; a rejected text has it in its question's row.
    """
    questions = {question_of(id_) for id_ in ids}
    by_question: dict[str, dict[str, Any]] = {}
    for names in question_files(manifest).values():  # published rows first: a rejected one may repeat an id
        for row in _rows(map(locate, names), OF_QUESTIONS, questions):
            by_question.setdefault(row["id"], row)
    steps = files_by_config(manifest).get("steps", {}).get("train", ())
    by_text = {row["id"]: row for row in _rows(map(locate, steps), OF_STEPS, set(ids))}
    return {
        Key(place, id_): _machine(by_question[question_of(id_)], by_text.get(id_))
        for id_ in sorted(ids)
        if question_of(id_) in by_question
    }


def _machine(question: Mapping[str, Any], text: Mapping[str, Any] | None) -> Machine:
    verdict = (text or question).get("verdict") or {}
    known = [path["relevance"] for path in question.get("paths") or () if path.get("relevance") is not None]
    return Machine(
        source=question["source"],
        verdict=verdict.get("label"),
        by=verdict.get("by"),
        steps=tuple(step["label"] for step in text["steps"]) if text else None,
        relevance=max(known, default=None),
    )


def _rows(files: Iterator[Path], columns: Collection[str], ids: Collection[str]) -> Iterator[dict[str, Any]]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            have = [name for name in columns if name in parquet.schema_arrow.names]
            for batch in batches_of(parquet, columns=have):
                yield from (row for row in batch.to_pylist() if row["id"] in ids)
