"""The metric of every task for plain `lighteval` command lines: with $MEDICAL_KG the claims of each output, beside the accuracy."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

from dataset_builder.claim_check.reader import ClaimReader, claim_reader
from kg import KG
from lighteval_tasks.factuality.claims import VERDICTS, Output, claims_of
from lighteval_tasks.factuality.summary import shares


class Claims(SampleLevelComputation):
    """How many claims of an output have which verdict."""

    def __init__(self, kg: KG, reader: ClaimReader) -> None:
        self.kg, self.reader = kg, reader

    def compute(  # pyright: ignore[reportIncompatibleMethodOverride]  lighteval gives a batched metric these two
        self, docs: Sequence[Doc], responses: Sequence[ModelResponse], **_: Any
    ) -> list[list[int]]:
        """The counts of each item in the order of VERDICTS. All items at once: the parser is several times faster so."""
        outputs = [
            Output(str(number), response.text[0] or "", doc.query)
            for number, (doc, response) in enumerate(zip(docs, responses, strict=True))
        ]
        return [one.counts() for one in claims_of(self.kg, outputs, self.reader)]


def per_100(counts: Sequence[Sequence[int]]) -> dict[str, float]:
    """Claims per 100 outputs of each verdict with its 95 % interval, under the names `supported_claims`, `supported_claims_low` and so on."""
    found = shares(np.array(counts, np.int64).reshape(-1, len(VERDICTS)))
    return {
        f"{verdict}_claims{end}": found[verdict][key]
        for verdict in VERDICTS
        for end, key in (("", "per_100"), ("_low", "low"), ("_high", "high"))
    }


def claims() -> list[SampleLevelMetric]:
    """The metric, or none without $MEDICAL_KG. Raises GraphError or ReaderMissing where the graph or the parser is not there."""
    graph = os.environ.get("MEDICAL_KG")
    if not graph:
        return []
    reader = claim_reader("spacy")
    assert reader is not None  # only "none" is None
    return [
        SampleLevelMetric(
            metric_name="claims",
            higher_is_better=False,  # a name for three numbers; more contradicted claims are worse
            category=SamplingMethod.GENERATIVE,
            sample_level_fn=Claims(KG.load(graph), reader),
            corpus_level_fn=per_100,
            batched_compute=True,
        )
    ]
