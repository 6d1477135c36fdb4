"""The configs of a dataset folder beside the one with the questions: what a row of each is, and its columns (types as in row.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dataset_builder.row import ADDED, BYTES, COLUMNS, FLAG, INT, MESSAGES, QUESTION, SCORE, TEXT, VOTED, Column


@dataclass(frozen=True)
class Config:
    """A config beside the one with the questions: what one of its rows is, and its columns."""

    meaning: str
    columns: Mapping[str, Column]


STEP = {"text": TEXT, "start": INT, "end": INT, "label": TEXT, "by": TEXT, "claims": INT}
PLACE = {"column": TEXT, "position": INT}
PROMPT = Column(MESSAGES, "the question as the user's turn: TRL's column `prompt`")

# of the two texts of a pair in `preference`, the longer one's length as a multiple of the other's: beyond it, length alone tells which is chosen
MOST_LONGER = 1.5

# made from the published rows of questions (publishing/learning)
LEARNING: dict[str, Config] = {
    "rl": Config(
        "a published question for a trainer that samples its own answers: prompt, gold answer and options, and the paths",
        {
            "id": Column(TEXT, "the question's id"),
            "source": QUESTION["source"],
            "prompt": PROMPT,
            **{name: QUESTION[name] for name in ("answer", "answer_label", "answer_type", "options")},
            "paths": Column(ADDED["paths"].type, "`paths` of the question's row; empty where it has none"),
            "pass_rate": Column(
                ADDED["pass_rate"].type, "`pass_rate` of the question's row; null where nothing was sampled"
            ),
            "license": QUESTION["license"],
        },
    ),
    "preference": Config(
        "two texts on one question, about equally long, of which `chosen` is better, and why",
        {
            "id": Column(TEXT, "the question's id, and why: `<question id>#right/wrong`"),
            "source": QUESTION["source"],
            "prompt": PROMPT,
            "chosen": Column(MESSAGES, "the better text, as the assistant's turn"),
            "rejected": Column(MESSAGES, "the other one"),
            "why": Column(
                TEXT,
                "`right/wrong`: judged right against one that ends with another option; `supported/contradicted`: both right, and the "
                "graph contradicts a claim of the second; `refined/original`: the editor's text that passed against the sample that it repairs",
            ),
            "tier": ADDED["tier"],
            **{f"{name}_model": Column(TEXT, f"the model that wrote `{name}`") for name in ("chosen", "rejected")},
            **{
                f"{name}_from": Column(PLACE, f"where `{name}` stands in the question's row: column, position from 0")
                for name in ("chosen", "rejected")
            },
            **{f"{name}_length": Column(INT, f"characters of `{name}`") for name in ("chosen", "rejected")},
            "license": QUESTION["license"],
        },
    ),
    "steps": Config(
        "a published rationale in steps, each with what the graph says of the claims that were read in it",
        {
            "id": Column(TEXT, "the question's id; of several rationales with the number, `<question id>#<k>`"),
            "source": QUESTION["source"],
            "prompt": PROMPT,
            "model": Column(
                TEXT, "the model that wrote the rationale; null where the row of its question does not say it"
            ),
            "steps": Column(
                [STEP],
                "text, and start and end (characters of the rationale); label: contradicted or supported, where the graph says so of a "
                "claim in the step, else unknown; by: graph, null where unknown; claims: how many were read in it (stated or denied ones)",
            ),
            "verdict": Column(
                VOTED, "what a judge or a rule says of the whole rationale; null where nobody was asked"
            ),
            "license": QUESTION["license"],
        },
    ),
}

# what a rater may say: the page offers it, import and `verify` check it, agreement counts it
STEP_LABELS = ("correct", "wrong", "unsupported", "irrelevant")
SCALES = ("accuracy", "coherence", "relevance", "usefulness")
POINTS = (1, 2, 3, 4, 5)  # of a scale
PREFERRED = ("this", "other", "none")
REVIEWS = "reviews"  # added after the build, so it has a content hash of its own (publishing/reviews)

CONFIGS: dict[str, Config] = {
    **LEARNING,
    REVIEWS: Config(
        "what one expert said of one published rationale, without knowing where it came from (docs/review.md)",
        {
            "study": Column(TEXT, "the study for which the rationale was drawn: a hash of what was drawn, and how"),
            "rater": Column(TEXT, "`rater-1`, `rater-2` …: the page that the expert was given"),
            "specialty": Column(TEXT, "the expert's own words; null where nothing was entered"),
            "years": Column(INT, "years of practice; null where nothing was entered"),
            "id": Column(
                TEXT, "the question's id; of several rationales with the number, `<question id>#<k>`, as in `steps`"
            ),
            "side": Column(TEXT, "`a` or `b`: which folder of the study this one is; `a` where there was one"),
            "content_hash": Column(TEXT, "content hash of the folder from which the page was made"),
            "text_hash": Column(TEXT, "sha256 of the judged rationale"),
            "steps": Column(
                [{"step": INT, "label": TEXT}],
                "of each step of the rationale, cut as in `steps`, counted from 1: correct, wrong, unsupported or irrelevant; null: not answered",
            ),
            "accuracy": Column(INT, "medical accuracy, 1 to 5; null: not answered"),
            "coherence": Column(INT, "coherence of the reasoning, 1 to 5; null: not answered"),
            "relevance": Column(INT, "relevance to the case, 1 to 5; null: not answered"),
            "usefulness": Column(INT, "usefulness for teaching, 1 to 5; null: not answered"),
            "preferred": Column(
                TEXT, "`this` text, the `other` folder's, or `none`; null: not answered, or there was one text"
            ),
            "cannot_judge": Column(FLAG, "whether the expert said that they cannot judge the case"),
            "comment": Column(TEXT, "the expert's own words on this text; null where nothing was entered"),
            "version": Column(TEXT, "version of the page's format"),
        },
    ),
    "contamination": Config(
        "a question of a source that an evaluation split asks too",
        {
            "source": Column(TEXT, "the source of the question"),
            "id": Column(TEXT, "its id"),
            "benchmark": Column(TEXT, "the source whose evaluation split asks the same"),
            "benchmark_id": Column(TEXT, "the id of the question there"),
            "rule": Column(TEXT, "exact, stem, grams, words, answer or meaning: the first that holds"),
            "score": Column(SCORE, "1 for equal ones; else the share of rare runs, or the likeness of the words"),
        },
    ),
    "positions": Config(
        "a row of this part of a build, and where it belongs in the whole; no finished dataset has it",
        {
            "id": Column(TEXT, "id of the row"),
            "position": Column(INT, "its position among all questions of the whole, counted from 0"),
            "published": Column(FLAG, "whether it is in the split `train`; else in `rejected`"),
        },
    ),
    "evidence": Config(
        "a question in which mentions were found: also those that were rejected later, and every candidate path; pushed with "
        "`--with-intermediates`",
        COLUMNS,
    ),
    "answers": Config(
        "a model's answer that this build has used, or paid for in vain: `python -m dataset_builder store import` reads the file, "
        "and `build --replay-only` then asks nothing; pushed with `--with-answers`",
        {
            "status": Column(TEXT, "`good`; `bad`: paid, and unusable; `failed`, `final`: none came"),
            "reason": Column(TEXT, "why it is bad, or none came"),
            "detail": Column(TEXT, "the same in words"),
            "response": Column(TEXT, "the endpoint's answer as it came"),
            "model": Column(TEXT, "the model that was asked"),
            "stage": Column(TEXT, "the stage that asked"),
            "prompt_tokens": Column(INT, "tokens sent"),
            "completion_tokens": Column(INT, "tokens received"),
            "usd": Column(SCORE, "dollars; null where no price is known"),
            "seconds": Column(SCORE, "from request to answer"),
            "at": Column(SCORE, "when, in seconds since 1970"),
            "key": Column(BYTES, "hash of the whole request"),
            "checksum": Column(BYTES, "over status, reason, detail and response"),
        },
    ),
}
