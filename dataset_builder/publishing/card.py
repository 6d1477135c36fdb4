"""The dataset card: rendered from the build's own facts, never edited by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
from datasets import DatasetInfo, Features, List, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.funnel import reasons_of, total
from dataset_builder.publishing.hub import markdown
from dataset_builder.publishing.layout import UNROLLED as UNROLLED_ROWS
from dataset_builder.publishing.layout import batches_of, card_configs, code_of, files_by_config
from dataset_builder.publishing.learning.lengths import lengths_of
from dataset_builder.publishing.metadata.citation import bibtex
from dataset_builder.publishing.reviews.section import agreement_section
from dataset_builder.row import COLUMNS, UNROLLED, Column

_FILES = markdown.environment(Path(__file__).parent)
_FILES.globals |= {"citation": bibtex}

COMPLETIONS = {
    "reasonmed": "the rationale under `## Thinking`, the response under `## Final Response`",
    "cot": "the rationale alone",
    "response": "the response alone",
}


def card(
    paths: Mapping[str, Path], manifest: Mapping[str, Any], *, name: str | None = None, tag: str | None = None
) -> str:
    """The card: YAML for the Hub, then the text for readers, from the manifest and the parquet files.

    ``paths``: the path of each file to read, by its name in the folder. ``name``, ``tag``: of the repository of a push.
    """
    files = files_by_config(manifest)
    features = {config: features_of(paths[next(iter(splits.values()))[0]]) for config, splits in files.items()}
    rows_config = "default" if "default" in files else UNROLLED_ROWS
    counts = total(manifest["funnel"])
    asked = [stage for stage in manifest["run"]["stages"] if "calls" in stage]
    text = _FILES.get_template("dataset_card.md.jinja").render(
        manifest=manifest,
        code=code_of(manifest),
        facts=manifest["card"] | {"run": manifest["run"]},
        many=rows_config != "default",
        repository=name,
        tag=tag,
        funnel=manifest["funnel"],
        total=counts,
        reasons=list(reasons_of(counts)),
        columns=_table(features.pop(rows_config), COLUMNS),
        configs={config: _table(types, _known(config)) for config, types in features.items()},
        several={
            config: (COMPLETIONS[config], manifest["configs"][config]) for config in features if config in COMPLETIONS
        },
        beside={
            config: CONFIGS[config].meaning if config in CONFIGS else ""
            for config in features
            if config not in COMPLETIONS
        },
        left_out=_left_out(manifest),
        lengths=lengths_of(paths[file] for file in files["preference"]["train"]) if "preference" in files else {},
        many_example=_first(paths[files["reasonmed"]["train"][0]])["completion"][0]["content"]
        if "reasonmed" in files
        else None,
        example=_first(paths[files[rows_config]["train"][0]]) if "train" in manifest["rows"] else None,
        evidence=_evidence([paths[file] for file in files[rows_config].get("train", ())]),
        agreement=agreement_section(manifest, lambda file: paths[file]),
        asked=asked,
        lost=sum(stage["calls"]["lost_usd"] for stage in asked),
    )
    return f"---\n{_metadata(paths, files, manifest).to_yaml()}\n---\n\n{text.strip()}\n"


def _left_out(manifest: Mapping[str, Any]) -> int:
    """How many published questions are not in the config `rl`; 0 where the folder has none."""
    config = manifest.get("configs", {}).get("rl")
    return manifest["rows"].get("train", 0) - config["rows"] if config else 0


def features_of(file: Path) -> Features:
    """The columns of a parquet file."""
    return Features.from_arrow_schema(pyarrow.parquet.read_schema(file))


def _first(file: Path) -> dict[str, Any]:
    with pyarrow.parquet.ParquetFile(file) as parquet:
        return next(batches_of(parquet, 1)).to_pylist()[0]


def _known(config: str) -> Mapping[str, Column]:
    return CONFIGS[config].columns if config in CONFIGS else COLUMNS | UNROLLED


def _evidence(files: Sequence[Path]) -> dict[str, int]:
    """The claims of all published rationales, counted by verdict; empty where none were looked up."""
    sums: dict[str, int] = dict.fromkeys(
        ("claims", "supported", "contradicted", "off_path", "unknown", "hops", "of"), 0
    )
    read = False
    for file in files:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            if "support" not in parquet.schema_arrow.names:
                return {}
            for batch in batches_of(parquet, columns=["support"]):
                rows = batch["support"].to_pylist()
                read = read or any(row is not None for row in rows)
                for support in (one for row in rows for one in row or () if one["kept"]):
                    for name in sums:
                        sums[name] += support[name]
    return sums if read else {}


def _table(features: Features, known: Mapping[str, Column]) -> dict[str, tuple[str, str]]:
    """Type and meaning of these columns."""
    meanings = {name: known[name].meaning if name in known else "" for name in features}
    return {name: (_type_name(features[name]), meaning) for name, meaning in meanings.items()}


def _metadata(
    paths: Mapping[str, Path], files: Mapping[str, Mapping[str, Sequence[str]]], manifest: Mapping[str, Any]
) -> DatasetCardData:
    licenses = sorted({origin["license"] for origin in manifest["origins"]})
    data = DatasetCardData(
        language="en",
        license=licenses[0] if len(licenses) == 1 else licenses,
        task_categories=["question-answering", "text-generation"],
        size_categories=[size_category(total(manifest["funnel"])["in"])],
        tags=["medical", "reasoning", "knowledge-graph"],
        pretty_name=f"{manifest['pipeline']}: {', '.join(origin['source'] for origin in manifest['origins'])}",
        configs=card_configs(files),
    )
    infos = {config: _info(paths, splits) for config, splits in files.items()}
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return data


def size_category(rows: int) -> str:
    """The Hub's size category for this number of rows."""
    steps = ("1K", "10K", "100K", "1M", "10M", "100M", "1B")
    for number, step in enumerate(steps):
        if rows < 10 ** (number + 3):
            return f"n<{step}" if number == 0 else f"{steps[number - 1]}<n<{step}"
    return "n>1B"


def _info(paths: Mapping[str, Path], splits: Mapping[str, Sequence[str]]) -> DatasetInfo:
    """Features and sizes, as `push_to_hub` would write them into the card.

    The sizes are those of the decoded columns.
    """
    sizes = {}
    for split, files in splits.items():
        found = [pyarrow.parquet.read_metadata(paths[file]) for file in files]
        decoded = sum(one.row_group(group).total_byte_size for one in found for group in range(one.num_row_groups))
        sizes[split] = SplitInfo(split, decoded, sum(one.num_rows for one in found))
    every = [file for files in splits.values() for file in files]
    return DatasetInfo(
        features=features_of(paths[every[0]]),
        splits=SplitDict(sizes),
        download_size=sum(paths[file].stat().st_size for file in every),
        dataset_size=sum(size.num_bytes for size in sizes.values()),
    )


def _type_name(type_: Any) -> str:
    """The type of a column, as the card shows it."""
    if isinstance(type_, List):
        return f"list of {_type_name(type_.feature)}"
    if isinstance(type_, dict):
        return "{" + ", ".join(type_) + "}"
    return type_.dtype
