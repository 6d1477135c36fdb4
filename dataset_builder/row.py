"""Every column of a row: its Arrow type, and its meaning in one line. A row is one question, from source to push.

A type is the name of a scalar type; ``[type]`` is a list, ``{name: type}`` a struct. So `datasets`, which takes a second to import, is only
imported where Features are needed.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Features

    from kg.mentions import Mention as FoundMention


Raw = Mapping[str, Any]
Type = str | list[Any] | dict[str, Any]
TEXT, INT, SCORE, FLAG, BYTES = "string", "int64", "float64", "bool", "binary"
MESSAGES = [{"role": TEXT, "content": TEXT}]


@dataclass(frozen=True)
class Column:
    """The Arrow type of a column, and its meaning."""

    type: Type
    meaning: str


QUESTION: dict[str, Column] = {
    "id": Column(TEXT, "source, config and a hash of question, context and options; it survives re-ordering"),
    "source": Column(TEXT, "name of the source in `dataset_builder/sources/table.py`"),
    "config": Column(TEXT, "config of the source, e.g. the subject of MMLU; null where it has none"),
    "split": Column(TEXT, "split of the source that the row comes from"),
    "source_row": Column(INT, "position among all rows of that config's and split's file, counted from 0"),
    "question": Column(TEXT, "question stem"),
    "context": Column(TEXT, "text to be read before the question; null where the source has none"),
    "options": Column([{"label": TEXT, "text": TEXT}], "the answers to choose from; empty for open questions"),
    "answer": Column(TEXT, "gold answer: the text of the right option, or the open answer"),
    "answer_label": Column(TEXT, "label of the right option; null for open questions"),
    "answer_type": Column(TEXT, "`choice`, `yes/no/maybe` or `open`"),
    "gold_text": Column(TEXT, "gold answer with the source's explanation of it; answer mentions come from here"),
    "reference_rationale": Column(TEXT, "a rationale that the source itself gives; never shown to a writer"),
    "license": Column(TEXT, "license of the source, as its Hub card names it"),
    "rejected_because": Column(TEXT, "reason code; null in published rows"),
    "rejected_detail": Column(TEXT, "what exactly was found, e.g. the id that a duplicate repeats"),
}

MENTION = {"place": TEXT, "start": INT, "end": INT, "text": TEXT, "type": TEXT}
MENTION |= {"negated": FLAG, "family": FLAG, "means": TEXT}
VOTED = {"label": TEXT, "by": TEXT, "reason": TEXT, "answer": TEXT, "votes": [TEXT]}
HOP = {"relation": TEXT, "display_relation": TEXT, "direction": TEXT, "statement": TEXT}
HOP |= {"source": TEXT, "publications": [TEXT], "evidence": TEXT, "score": SCORE}
PATH = {"nodes": [INT], "names": [TEXT], "types": [TEXT], "hops": [[HOP]], "length": INT, "total": INT}
PATH |= {"score": SCORE, "relevance": SCORE}
CLAIM: dict[str, Any] = {"rationale": INT, "start": INT, "end": INT, "stated": TEXT, "negated": FLAG, "mode": TEXT}
CLAIM |= {
    f"{end}{what}": kind
    for end in ("from", "to")
    for what, kind in (("", INT), ("_name", TEXT), ("_start", INT), ("_end", INT))
}
CLAIM |= {"verdict": TEXT, "by": TEXT, "graph": TEXT}
SUPPORT = dict.fromkeys(("claims", "supported", "contradicted", "off_path", "unknown", "hops", "of"), INT) | {
    "share": SCORE,
    "kept": FLAG,
}
SCORES = dict.fromkeys(("score", "before"), SCORE)
SCORES |= dict.fromkeys(("clinical_accuracy", "logic", "factual_correctness", "completeness"), INT)
SCORES |= {"justification": TEXT}

ADDED: dict[str, Column] = {
    "mentions": Column(
        [MENTION],
        "words that name an entity: in `question` or in `gold_text` (place: question, answer), with offsets; negated: the text denies "
        "it; family: it is said of a relative of the patient; neither starts a path; means: an abbreviation's definition in the "
        "text, by which it was linked, null: it was linked by its own words",
    ),
    "unfound_mentions": Column(
        [TEXT],
        "words that a model named as entities of question or answer, and that stand in neither: not used; null: none",
    ),
    "nodes": Column(
        [{"mention": INT, "node": INT, "name": TEXT, "type": TEXT, "method": TEXT, "score": SCORE}],
        "the nodes that mentions stand for: position in `mentions`, node index, how it was found",
    ),
    "restated": Column(
        {"question": TEXT, "answer": TEXT, "question_nodes": [INT], "answer_nodes": [INT]},
        "question and answer in a model's words, and the node indexes that belong to each: between these, paths are searched",
    ),
    "candidate_paths": Column(
        [{"from": INT, "to": INT, "distance": INT, "total": INT, "paths": [[INT]]}],
        "per pair of question node and answer node: how many shortest paths there are, and those drawn, as node indexes",
    ),
    "paths": Column(
        [PATH],
        "the kept shortest paths from question to answer: nodes, every relation of every hop with its direction and in "
        "words, number of hops, how many shortest paths the pair has, rank score (null where nothing was ranked), the "
        "probability that the path is relevant to the answer (docs/relevance.md); of a relation also the source, publications, evidence code "
        "and score that the graph gives; null: not known",
    ),
    "contrasts": Column(
        [{"label": TEXT, "option": TEXT, "nodes": [INT], "names": [TEXT], "types": [TEXT], "hops": [[HOP]]}],
        "what the graph says of wrong options in the relation with which a path reaches the answer: label and text of the option, its "
        "node and the other one, and every relation between them as in `paths`; an option that is not there has no verdict",
    ),
    "rationale": Column(TEXT, "step-by-step text from question to answer"),
    "verdict": Column(
        {"label": TEXT, "by": TEXT, "reason": TEXT, "answer": TEXT},
        "whether the rationale without its conclusion leads to the gold answer: right, wrong or unjudged; by which rule or "
        "judge, why, and the answer that a model gave from the rationale alone (its last words)",
    ),
    "candidates": Column(
        [{"model": TEXT, "temperature": SCORE, "text": TEXT, "failure": TEXT}],
        "one rationale per model and temperature, written without the answer; where none came, why",
    ),
    "verdicts": Column(
        [VOTED],
        "of each of `candidates`: right, wrong or unjudged; by which rule or a judge, why, the label that it ends with, the votes",
    ),
    "tier": Column(TEXT, "easy, medium or difficult: by the share of wrong ones among the judged"),
    "pass_rate": Column(
        [{"model": TEXT, "right": INT, "judged": INT, "rate": SCORE}],
        "of each model that wrote `candidates`: how many are right, of how many judged, as a share (null: none was judged)",
    ),
    "ranking": Column(
        [{"candidate": INT, "score": SCORE, "kept": FLAG, "reason": TEXT}],
        "the right ones of `candidates`, best first, by position: score of 0 to 100 (null where nobody was asked), whether it "
        "goes on, and the judge's reason",
    ),
    "refined": Column(
        [{"candidate": INT, "round": INT, "text": TEXT, "verdict": VOTED, "fault": TEXT}],
        "every text of the editor: the candidate that it repairs (null: written anew), which round, its verdict, and what is "
        "wrong with it (null where it passed)",
    ),
    "rationales": Column(
        [{"candidate": INT, "model": TEXT, "text": TEXT, "rounds": INT, "verdict": VOTED}],
        "the kept rationales: the candidate that each is or repairs, the model that wrote its text, rounds of refinement",
    ),
    "hop_checks": Column(
        [CLAIM],
        "every claim of a relation between two nodes that was read in a rationale (null: none was read, `--claims none`): which of `rationales` it stands in (null where "
        "the row has one rationale), its sentence (start, end: characters of that text), both ends with where they are named, the "
        "relation stated, whether it is denied, and the mode (stated, denied, hedged, or of one patient; only stated and denied claims are counted in `support`); verdict: supported, contradicted, off_path (it stands where a path given to "
        "the writer goes on to another node, and the graph has no such edge) or unknown (no edge); by which of path, edge and direction (its ends stand the wrong way round), and what the graph has",
    ),
    "flags": Column(
        [TEXT],
        "what a reader should doubt in the row: `low_relevance` (all paths are less relevant than `MIN_RELEVANCE`, with the best one's relevance), `unsupported_number`, `unsupported_citation` (neither in question, options nor "
        "paths) or `loose_markdown`, each with the words; of several rationales with the number, `#2 unsupported_number: 40%`",
    ),
    "support": Column(
        [SUPPORT],
        "of each rationale: its claims by verdict, supported ones as a share of all (null: no claim), and how many hops of the "
        "row's paths it states, of how many; kept: false where it contradicts the graph, such rationales were to be rejected, and so it is not published",
    ),
    "support_share": Column(SCORE, "supported claims of all rationales of the row, as a share of all their claims"),
    "responses": Column([TEXT], "of each of `rationales`: the short response; null where none kept the answer"),
    "scores": Column(
        [SCORES],
        "of each of `rationales`: the mean of four criteria of 1 to 10, each of them, why; before: the same mean of the text that "
        "was repaired",
    ),
    "prompt": Column(MESSAGES, "the user's turn, as TRL reads it"),
    "completion": Column(MESSAGES, "the assistant's turn, as TRL reads it"),
}

# columns of the configs with one row per kept rationale (unroll.py), in addition to columns of the question's row
UNROLLED: dict[str, Column] = {
    "id": Column(TEXT, "the question's id, and the number of the rationale: `<question id>#<k>`"),
    "model": Column(
        TEXT, "the model that wrote the rationale: a writer, or the editor where it was repaired or written anew"
    ),
    "verdict": Column(VOTED, "right, by the rule on the final answer and a judge; why, and the judges' votes"),
    "scores": Column(
        SCORES,
        "mean of four criteria of 1 to 10, each of them, why; before: the same mean of the text that was repaired",
    ),
}

COLUMNS = {**QUESTION, **ADDED}


def features(columns: Sequence[str]) -> "Features":
    """The Arrow types of these columns. Raises ValueError for a column that is not declared here."""
    if unknown := sorted(set(columns) - COLUMNS.keys()):
        raise ValueError(
            f"found no type of the columns {unknown}; expected each column of a row in ADDED of {Path(__file__).name}: add it there"
        )
    return as_features({name: COLUMNS[name] for name in columns})


def as_features(columns: Mapping[str, Column]) -> "Features":
    """The Arrow types of these columns, as `datasets` takes them."""
    from datasets import Features

    return Features({name: _feature(column.type) for name, column in columns.items()})


def _feature(kind: Type) -> Any:
    from datasets import List, Value

    if isinstance(kind, str):
        return Value(kind)
    if isinstance(kind, list):
        return List(_feature(kind[0]))
    return {name: _feature(part) for name, part in kind.items()}


def row_id(source: str, config: str | None, row: Raw) -> str:
    """``source:config:hash`` of normalised question, context and options; the order of the options does not matter."""
    return ":".join(part for part in (source, config, repeat_key(row)) if part)


def repeat_key(row: Raw) -> str:
    """A hash, equal for rows that ask exactly the same: 64 bits of normalised question, context and sorted options, in hex.

    Punctuation at the end of a text is ignored ("is", "is:", "is:-"); a sign at the end of an option counts ("Cl-").
    """
    options = sorted(normalize(option["text"]).rstrip(" .,;:") for option in row["options"])
    parts = [normalize(row["question"]).rstrip(" .,;:?!-–—_…"), normalize(row["context"] or ""), *options]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def normalize(text: str) -> str:
    """The text in one spelling: equal for texts that differ only in case, white space or Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def mention_of(place: str, found: "FoundMention") -> dict[str, Any]:
    """A mention that the dictionary has found, as rows have it. An answer tells of no patient: a family is its subject."""
    return {"place": place, "start": found.start, "end": found.end, "text": found.text, "type": found.type} | {
        "negated": found.negated,
        "family": found.family and place == "question",
        "means": found.means or None,
    }


def counts(mention: Mapping[str, Any]) -> bool:
    """Whether a mention may start a path: the text neither denies it nor says it of a relative (old rows do not say that)."""
    return not (mention["negated"] or mention.get("family"))
