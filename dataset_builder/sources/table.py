"""SOURCES: one record per public QA dataset.

Datasets are built from its train split; its test split is for evaluation.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.row import Raw
from dataset_builder.sources import raw_rows
from dataset_builder.sources.label_base import NumberedLabel
from dataset_builder.sources.raw_files import SourceError

UNPINNED = "UNPINNED"  # resolved to a commit at build; a folder built from it cannot be pushed


@dataclass(frozen=True)
class TestIds:
    """An official test split that a dataset on the Hub lacks: its ids are in a file, or in another dataset."""

    file: str  # under the source's folder, a JSON list
    column: str  # the raw column with the id
    hub_id: str  # read from the Hub: the ids of these rows
    hub_revision: str
    hub_split: str
    hub_column: str


@dataclass(frozen=True)
class Source:
    """A dataset: its location, revision and terms, and how its raw rows are converted."""

    about: str  # what it is, in a few words
    hub_id: str  # and its folder under --data-dir
    license: str  # as the Hub card names it
    to_row: Callable[[Raw], dict[str, Any]]
    columns: tuple[str, ...]  # the raw columns that to_row and keep read
    configs: tuple[str, ...] = ()  # read one after the other
    revision: str = UNPINNED
    train: str | None = "train"  # None: for evaluation only
    test: str | None = "test"  # a row of this split enters a build only as a trial
    test_ids: TestIds | None = None  # rows with these ids belong to the test split, and are never in the train split
    numbered: NumberedLabel | None = None  # a label counted from 0, which a copy may count from 1
    keep: Callable[[Raw], bool] | None = None  # where only some rows of the file belong to this source
    terms: str = ""  # what a user should know besides the license
    may_be_pushed: bool = True
    gated: bool = False  # the Hub asks for an account and consent
    local_only: str | None = None  # why it is not read from the Hub, and where its files are
    url: str | None = None  # where it is not on the Hub
    folder: Path | None = field(default=None, repr=False)  # of files that come with this package
    # of what a local file's rows were made, the same for all: its revision
    made_from: Callable[[Raw], str | None] | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have answers."""
        return tuple(split for split in (self.train, self.test) if split)

    @property
    def page(self) -> str:
        """The URL of its page."""
        return self.url or f"https://huggingface.co/datasets/{self.hub_id}"


def _where(column: str, value: str) -> Callable[[Raw], bool]:
    return lambda raw: raw[column] == value


PUBMEDQA_REVISION = "9001f2853fb87cab8d220904e0de81ac6973b318"
# The three PubMedQA sets contain different articles by construction. This is checked, not assumed: all three need the ids,
# and the two without a test split leave out every row that has one of them.
PUBMEDQA_TEST = TestIds(
    file="pqa_labeled/test_ids.json",
    column="pubid",
    hub_id="openlifescienceai/pubmedqa",  # its test split is the official one, of 500 rows
    hub_revision="50fc41dcd0bd6eb63c18d436d854c6f9e8f3c7e2",
    hub_split="test",
    hub_column="id",
)
PUBMEDQA_TERMS = (
    "The license is the dataset's; the abstracts are PubMed's, and can be under their publishers' copyright."
)
MMLU_SUBJECTS = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)
MMLU_PRO_REVISION = "b189ec765aa7ed75c8acfea42df31fdae71f97be"
MMLU_PRO_COLUMNS = ("question", "options", "answer", "answer_index", "category")
# the Hub's copies name the columns differently, mix the two sets or split them into train and test, and name no license
MEDBULLETS_FILES = (
    "no copy there has these columns and the whole set as its test split; the questions are in "
    "github.com/HanjieChen/ChallengeClinicalQA. Columns: question, options (an object by label), answer, answer_idx, reason"
)
MEDBULLETS_TERMS = "The authors' repository is under Apache-2.0; the questions come from medbullets.com, whose terms are unclear: only to score."

SOURCES: dict[str, Source] = {
    "sample": Source(
        about="questions written for this project",
        hub_id="sample",
        license="mit",
        to_row=raw_rows.sample,
        columns=("question", "context", "options", "answer_label", "answer", "answer_type", "explanation"),
        revision="the code's own",
        test=None,
        url="written for this project",
        folder=Path(__file__).parent.parent / "sample",
    ),
    "medqa": Source(
        about="US licensing exam, four options",
        hub_id="GBaker/MedQA-USMLE-4-options",
        license="cc-by-4.0",
        to_row=raw_rows.medqa,
        columns=("question", "options", "answer", "answer_idx"),
        revision="0fb93dd23a7339b6dcd27e241cb9b5eca62d4d18",
    ),
    # MedReason reads these from bigbio/med_qa, a script, which `datasets` no longer runs
    "medqa_5options": Source(
        about="US licensing exam, five options",
        hub_id="jind11/MedQA",
        license="mit",
        to_row=raw_rows.medqa,
        columns=("question", "options", "answer", "answer_idx"),
        terms="The questions of medqa with one more option each: build from one of the two.",
        local_only=(
            "no copy there is the authors' own; their download is linked in github.com/jind11/MedQA, "
            "as data_clean/questions/US/<split>.jsonl"
        ),
        url="https://github.com/jind11/MedQA",
    ),
    "medmcqa": Source(
        about="Indian entrance exams, often with an explanation",
        hub_id="openlifescienceai/medmcqa",
        license="apache-2.0",
        to_row=raw_rows.medmcqa,
        columns=("question", "opa", "opb", "opc", "opd", "cop", "exp"),
        numbered=NumberedLabel("cop", ("opa", "opb", "opc", "opd"), explanation="exp"),
        revision="91c6572c454088bf71b679ad90aa8dffcd0d5868",
        test="validation",  # the test split has no public answers
    ),
    "pubmedqa_labeled": Source(
        about="research questions on an abstract, answered yes, no or maybe by experts",
        hub_id="qiaojin/PubMedQA",
        license="mit",
        to_row=raw_rows.pubmedqa,
        columns=("pubid", "question", "context", "long_answer", "final_decision"),
        configs=("pqa_labeled",),
        revision=PUBMEDQA_REVISION,
        test_ids=PUBMEDQA_TEST,
        terms=PUBMEDQA_TERMS,
    ),
    # titles that are statements were turned into questions, and the decision was made by a rule
    "pubmedqa_artificial": Source(
        about="research questions made from titles, answered by a rule",
        hub_id="qiaojin/PubMedQA",
        license="mit",
        to_row=raw_rows.pubmedqa,
        columns=("pubid", "question", "context", "long_answer", "final_decision"),
        configs=("pqa_artificial",),
        revision=PUBMEDQA_REVISION,
        test=None,
        test_ids=PUBMEDQA_TEST,
        terms=f"Questions and decisions were made by a rule from the titles. {PUBMEDQA_TERMS}",
    ),
    "pubmedqa_unlabeled": Source(
        about="research questions without a decision: the abstract's conclusion is an open answer",
        hub_id="qiaojin/PubMedQA",
        license="mit",
        to_row=raw_rows.pubmedqa_unlabeled,
        columns=("pubid", "question", "context", "long_answer"),
        configs=("pqa_unlabeled",),
        revision=PUBMEDQA_REVISION,
        test=None,
        test_ids=PUBMEDQA_TEST,
        terms=PUBMEDQA_TERMS,
    ),
    # MedReason trains on MMLU: the file that it reads as train is this test split. Here it is for evaluation only.
    "mmlu_medical": Source(
        about="six medical subjects of MMLU",
        hub_id="cais/mmlu",
        license="mit",
        to_row=raw_rows.mmlu,
        columns=("question", "choices", "answer"),
        numbered=NumberedLabel("answer", ("choices",)),
        configs=MMLU_SUBJECTS,
        revision="c30699e8356da336a370243923dbaf21066bb9fe",
        train=None,
        terms="MedReason's published data were built from MMLU's test split; here it only scores.",
    ),
    "mmlu_pro_health": Source(
        about="category health of MMLU-Pro, up to ten options",
        hub_id="TIGER-Lab/MMLU-Pro",
        license="mit",
        to_row=raw_rows.mmlu_pro,
        columns=MMLU_PRO_COLUMNS,
        numbered=NumberedLabel("answer_index", ("options",), letter="answer"),
        revision=MMLU_PRO_REVISION,
        train=None,
        keep=_where("category", "health"),
    ),
    "mmlu_pro_biology": Source(
        about="category biology of MMLU-Pro, up to ten options",
        hub_id="TIGER-Lab/MMLU-Pro",
        license="mit",
        to_row=raw_rows.mmlu_pro,
        columns=MMLU_PRO_COLUMNS,
        numbered=NumberedLabel("answer_index", ("options",), letter="answer"),
        revision=MMLU_PRO_REVISION,
        train=None,
        keep=_where("category", "biology"),
    ),
    # MedReason's published data were built from this test split and scored on it. Here it is for evaluation only.
    "medxpertqa": Source(
        about="expert-level questions, ten options",
        hub_id="TsinghuaC3I/MedXpertQA",
        license="mit",
        to_row=raw_rows.medxpertqa,
        columns=("question", "options", "label"),
        configs=("Text",),
        revision="7e7c465a68eb2b866926bfa59c8c9d17a8daba65",
        train=None,
        terms="MedReason's published data were built from these rows; here they only score.",
    ),
    "medbullets_op4": Source(
        about="exam questions with explanations, four options",
        hub_id="medbullets/op4",
        license="unknown",
        to_row=raw_rows.medbullets,
        columns=("question", "options", "answer", "answer_idx", "reason"),
        train=None,
        terms=MEDBULLETS_TERMS,
        may_be_pushed=False,
        local_only=MEDBULLETS_FILES,
        url="https://github.com/HanjieChen/ChallengeClinicalQA",
    ),
    "medbullets_op5": Source(
        about="exam questions with explanations, five options",
        hub_id="medbullets/op5",
        license="unknown",
        to_row=raw_rows.medbullets,
        columns=("question", "options", "answer", "answer_idx", "reason"),
        train=None,
        terms=MEDBULLETS_TERMS,
        may_be_pushed=False,
        local_only=MEDBULLETS_FILES,
        url="https://github.com/HanjieChen/ChallengeClinicalQA",
    ),
    "huatuo": Source(
        about="open questions with a model's reasoning as reference",
        hub_id="FreedomIntelligence/medical-o1-reasoning-SFT",
        license="apache-2.0",
        to_row=raw_rows.huatuo,
        columns=("Question", "Response", "Complex_CoT"),
        configs=("en",),
        revision="fc2c9e8a37b38f38da6d449564a8c350b244aef4",
        test=None,
        terms="Answers and reference rationales were written by a language model.",
    ),
    # MedReason's published data were built from these rows and scored on them. Here they are for evaluation only.
    "hle_medical": Source(
        about="biology and medicine of Humanity's Last Exam",
        hub_id="cais/hle",
        license="mit",
        to_row=raw_rows.hle,
        columns=("question", "image", "answer", "answer_type", "rationale", "category"),
        revision="5a81a4c7271a2a2a312b9a690f0c2fde837e4c29",
        train=None,
        keep=_where("category", "Biology/Medicine"),
        terms="Gated: the Hub asks for an account and consent. Its authors ask that it is neither republished nor trained on.",
        may_be_pushed=False,
        gated=True,
    ),
    "kg_questions": Source(
        about="multi-hop questions made from a knowledge graph's paths",
        hub_id="kg_questions",
        license="other",
        to_row=raw_rows.medqa,
        columns=("question", "options", "answer", "answer_idx"),
        terms="Made by a rule, from what the graph states; the license is the graph's.",
        local_only="its files are made from a graph, by make kg-questions KG=hpo OUT=DIR (docs/kg_questions.md)",
        url="made from a knowledge graph",
        made_from=raw_rows.graph_and_seed,
    ),
}


def expect_known(kind: str, name: str, names: Iterable[str]) -> str:
    """The name itself. Raises SourceError, with the known names and the nearest one, where it is not among them."""
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SourceError(f"unknown {kind} {name!r}; known: {', '.join(names)}{hint}")
