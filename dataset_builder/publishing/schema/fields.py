"""The fields of manifest.json with their types: what `build` writes, and what earlier versions wrote.

Further fields are allowed everywhere, since a newer version may have them.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dataset_builder.publishing.shards.part import MAX_PARTS

Count = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[float, Field(allow_inf_nan=False, gt=-(2**63), lt=2**63)]
Name = Annotated[str, Field(min_length=1)]
Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Counts = dict[Name, Count]
ABSENT: Any = None  # the default of a field that may be left out, but not be null


def _with_totals(counts: dict[str, int]) -> dict[str, int]:
    if missing := {"in", "published"} - counts.keys():
        raise ValueError(f"also {' and '.join(sorted(missing))}")
    return counts


# of one source; beside the two, a count for every reason code
Funnel = Annotated[Counts, AfterValidator(_with_totals)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Origin(_Part):
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


class _Embedder(_Part):
    model: str | None
    revision: str | None


class _Claims(_Part):
    name: str
    version: str | None = None
    model_sha256: str | None = None


class _RelevanceModel(_Part):
    calibrated_on: str = ABSENT
    graph_sha256: str = ABSENT


class _Shuffle(_Part):
    seed: int
    shuffled: Count
    kept: Counts


class _Inputs(_Part):
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


class _Graph(_Part):
    name: str
    sha256: str
    nodes: Count = ABSENT
    edges: Count = ABSENT


class _Checked(_Part):
    rows: Count = ABSENT


class _NotChecked(_Part):
    why: str
    public: bool


class _Matches(_Part):
    rows: Count
    rules: Counts


class _Contamination(_Part):
    strict: bool
    embedder: str
    checked: dict[Name, _Checked]
    not_checked: dict[Name, _NotChecked]
    matches: dict[Name, dict[Name, _Matches]] = ABSENT


class _Shard(_Part):
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


class _Distribution(_Part):
    quartiles: Annotated[list[Number], Field(min_length=5, max_length=5)]
    bins: Annotated[list[Count], Field(min_length=1, max_length=1_000), AfterValidator(_some)]


class _Relevances(_Part):
    paths: Annotated[Count, Field(ge=1)]
    rows: Count
    of_paths: _Distribution
    of_best: _Distribution


class _Relevance(_Part):
    calibrated_on: str = ABSENT
    sources: dict[Name, _Relevances]
    all: _Relevances


class _Config(_Part):
    columns: dict[Name, str]
    rows: Count


class _Intermediate(_Config):
    content_hash: Sum = ABSENT


class _Spend(_Part):
    prompt_tokens: Count
    completion_tokens: Count
    usd: Number | None


class _Calls(_Part):
    hits: Count
    sent: Count
    good: Count
    bad: Count
    now: _Spend
    before: _Spend
    lost_usd: Number
    faults: Counts


class _Stage(_Part):
    stage: Name
    seconds: Number
    cached: bool
    rejected: Counts = ABSENT
    calls: _Calls = ABSENT


class _Git(_Part):
    commit: str | None
    clean: bool | None


class _Rate(_Part):
    of: Count
    share: Number
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)]


class _Kind(_Part):
    kind: str
    expected: str
    right: Count = 0
    wrong: Count = 0
    unjudged: Count = 0


class _Calibration(_Part):
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


class _Score(_Part):
    questions: Count
    mean: Number | None
    low: Number | None
    high: Number | None

    @model_validator(mode="after")
    def _whole(self) -> "_Score":
        if self.low is not None and (self.mean is None or self.high is None):
            raise ValueError("mean, low and high, or low and high null")
        return self


class _MergedPart(_Part):
    part: Count
    content_hash: Name
    started: str = ABSENT
    seconds: Number = ABSENT
    git: _Git = ABSENT


class _Run(_Part):
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


class _Card(_Part):
    about: str
    stages: str
    command: str
    folder: str


def _each_source_once(origins: list[_Origin]) -> list[_Origin]:
    if len({origin.source for origin in origins}) < len(origins):
        raise ValueError("every source once")
    return origins


class Manifest(_Part):
    """All fields may be left out: which ones must be there depends on the reader (`wrong_fields`)."""

    format: int = 1
    content_hash: Name = ABSENT
    pipeline: Name = ABSENT
    trial: bool = ABSENT
    inputs: _Inputs = ABSENT
    code: str | None = None
    graph: _Graph = ABSENT
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
    run: _Run = ABSENT
