"""The fields of manifest.json with their types: what `build` writes, and what earlier versions wrote.

Further fields are allowed everywhere, since a newer version may have them.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from dataset_builder.publishing.schema.parts import ABSENT, Count, Graph, Name, Part
from dataset_builder.publishing.shards.part import MAX_PARTS

Number = Annotated[float, Field(allow_inf_nan=False, gt=-(2**63), lt=2**63)]
Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Counts = dict[Name, Count]


def _with_totals(counts: dict[str, int]) -> dict[str, int]:
    if missing := {"in", "published"} - counts.keys():
        raise ValueError(f"also {' and '.join(sorted(missing))}")
    return counts


# of one source; beside the two, a count for every reason code
Funnel = Annotated[Counts, AfterValidator(_with_totals)]


class _Origin(Part):
    source: Name
    split: str
    trial: bool
    hub_id: str
    configs: list[str]
    revision: str
    pinned: bool = True
    license: str
    terms: str
    may_be_pushed: bool
    url: str
    files: dict[str, str]
    rows_in_split: Count
    rows: Count


class _Embedder(Part):
    model: str | None
    revision: str | None


class _Claims(Part):
    name: str
    version: str | None = None
    model_sha256: str | None = None


class _RelevanceModel(Part):
    calibrated_on: str = ABSENT
    graph_sha256: str = ABSENT


class _Shuffle(Part):
    seed: int
    shuffled: Count
    kept: Counts


class _Inputs(Part):
    code: str = ABSENT  # in format 1
    seed: int = ABSENT
    embedder: _Embedder = ABSENT
    models: dict[str, str] = ABSENT
    relevance: _RelevanceModel = ABSENT
    min_relevance: Number = ABSENT
    claims: _Claims = ABSENT
    grounded: bool = ABSENT
    shuffle_options: _Shuffle = ABSENT
    reject_contradicted: bool = ABSENT
    keep_contradicted: bool = ABSENT  # in format 1


class _Checked(Part):
    rows: Count = ABSENT


class _NotChecked(Part):
    why: str
    public: bool


class _Matches(Part):
    rows: Count
    rules: Counts


class _Contamination(Part):
    strict: bool
    embedder: str
    checked: dict[Name, _Checked]
    not_checked: dict[Name, _NotChecked]
    matches: dict[Name, dict[Name, _Matches]] = ABSENT


class _Shard(Part):
    part: Annotated[Count, Field(ge=1)]
    of: Annotated[Count, Field(ge=1, le=MAX_PARTS)]
    rows: Count
    ids: Sum

    @model_validator(mode="after")
    def _whole(self) -> "_Shard":
        if self.part > self.of:
            raise ValueError("part from 1 to of")
        return self


def _some(bins: list[int]) -> list[int]:
    if not any(bins):
        raise ValueError("at least one count above 0")
    return bins


class _Distribution(Part):
    quartiles: Annotated[list[Number], Field(min_length=5, max_length=5)]
    bins: Annotated[list[Count], Field(min_length=1, max_length=1_000), AfterValidator(_some)]


class _Relevances(Part):
    paths: Annotated[Count, Field(ge=1)]
    rows: Count
    of_paths: _Distribution
    of_best: _Distribution


class _Relevance(Part):
    calibrated_on: str = ABSENT
    sources: dict[Name, _Relevances]
    all: _Relevances


class _Config(Part):
    columns: dict[Name, str]
    rows: Count


class _Intermediate(_Config):
    content_hash: Sum = ABSENT


class _Spend(Part):
    prompt_tokens: Count
    completion_tokens: Count
    usd: Number | None


class _Calls(Part):
    hits: Count
    sent: Count
    good: Count
    bad: Count
    now: _Spend
    before: _Spend
    lost_usd: Number
    faults: Counts


class _Stage(Part):
    stage: Name
    seconds: Number
    cached: bool
    rejected: Counts = ABSENT
    calls: _Calls = ABSENT


class _Git(Part):
    commit: str | None
    clean: bool | None


class _Rate(Part):
    of: Count
    share: Number
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)]


class _Kind(Part):
    kind: str
    expected: str
    right: Count = 0
    wrong: Count = 0
    unjudged: Count = 0


class _Calibration(Part):
    judge: str
    stage: str
    votes: Count
    false_positives: _Rate
    false_negatives: _Rate
    faults: list[str]
    kinds: list[_Kind]


class _Tier(_Spend):
    questions: Count
    published: Count
    rationales: Count
    answers: Count
    usd_per_rationale: Number | None


class _Score(Part):
    questions: Count
    mean: Number | None
    low: Number | None
    high: Number | None

    @model_validator(mode="after")
    def _whole(self) -> "_Score":
        if self.low is not None and (self.mean is None or self.high is None):
            raise ValueError("mean, low and high, or low and high null")
        return self


class _MergedPart(Part):
    part: Count
    content_hash: Name
    started: str = ABSENT
    seconds: Number = ABSENT
    git: _Git = ABSENT


class _Run(Part):
    seconds: Number
    started: str = ABSENT
    stages: list[_Stage]
    git: _Git = ABSENT
    python: str = ABSENT
    versions: dict[str, str] = ABSENT
    passports: list[_Calibration] = ABSENT
    tiers: dict[Name, _Tier] = ABSENT
    scores: dict[Name, _Score] = ABSENT
    parts: list[_MergedPart] = ABSENT  # of a merged folder

    @model_validator(mode="after")
    def _whole(self) -> "_Run":
        if self.tiers and self.scores is None:
            raise ValueError("scores where there are tiers")
        return self


class _Repository(Part):
    name: Name
    tag: str | None = None


class _Card(Part):
    about: str
    stages: str
    command: str
    folder: str


def _each_source_once(origins: list[_Origin]) -> list[_Origin]:
    if len({origin.source for origin in origins}) < len(origins):
        raise ValueError("every source once")
    return origins


class Manifest(Part):
    """All fields may be left out: which ones must be there depends on the reader (`wrong_fields`)."""

    format: int = 1
    content_hash: Name = ABSENT
    pipeline: Name = ABSENT
    trial: bool = ABSENT
    inputs: _Inputs = ABSENT
    code: str | None = None
    graph: Graph = ABSENT
    origins: Annotated[list[_Origin], AfterValidator(_each_source_once)] = ABSENT
    columns: dict[Name, str] = ABSENT
    rows: dict[str, Count] = ABSENT
    shard: _Shard = ABSENT  # of one part of a build
    funnel: dict[Name, Funnel] = ABSENT
    flags: dict[Name, Counts] = ABSENT
    contamination: _Contamination = ABSENT
    left_out: dict[str, str] = ABSENT
    relevance: _Relevance = ABSENT
    configs: dict[str, _Config] = ABSENT
    intermediates: dict[str, _Intermediate] = ABSENT
    files: dict[Name, Sum] = ABSENT
    card: _Card = ABSENT
    repository: _Repository = ABSENT  # of a pushed folder
    run: _Run = ABSENT
