"""The dataset card: rendered from the build's own facts, never edited by hand."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet
from datasets import Dataset, DatasetInfo, List, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dataset_builder.funnel import reasons_of, total
from dataset_builder.row import COLUMNS, UNROLLED, Column

_FILES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # Markdown
)

COMPLETIONS = {
    "reasonmed": "the rationale under `## Thinking`, the response under `## Final Response`",
    "cot": "the rationale alone",
    "response": "the response alone",
}


def card(
    folder: Path,
    splits: Mapping[str, Dataset],
    unrolled: Mapping[str, Dataset],
    manifest: Mapping[str, Any],
    facts: Mapping[str, Any],
    others: Mapping[str, Dataset] | None = None,
) -> str:
    """YAML for the Hub, then what a reader wants to know. The folder's parquet files are there already.

    ``unrolled``: configs with a row for every kept rationale, of a pipeline that has several; ``others``: any further ones.
    """
    counts = total(manifest["funnel"])
    text = _FILES.get_template("dataset_card.md.jinja").render(
        manifest=manifest,
        facts=facts,
        funnel=manifest["funnel"],
        total=counts,
        reasons=list(reasons_of(counts)),
        columns=_table(manifest["columns"], COLUMNS),
        configs={name: _table(rows.column_names, COLUMNS | UNROLLED) for name, rows in unrolled.items()},
        several={name: (COMPLETIONS[name], manifest["configs"][name]) for name in unrolled},
        many_example=unrolled["reasonmed"][0]["completion"][0]["content"] if unrolled else None,
        example=splits["train"][0] if "train" in splits else None,
        asked=(asked := [stage for stage in facts["run"]["stages"] if "calls" in stage]),
        lost=sum(stage["calls"]["lost_usd"] for stage in asked),
    )
    all_configs = {name: {"train": rows} for name, rows in unrolled.items()}
    all_configs |= {"candidates" if "configs" in manifest else "default": splits}
    all_configs |= {name: {"train": rows} for name, rows in (others or {}).items()}
    return f"---\n{_metadata(folder, all_configs, manifest).to_yaml()}\n---\n\n{text.strip()}\n"


def _table(names: Iterable[str], known: Mapping[str, Column]) -> dict[str, tuple[str, str]]:
    """Type and meaning of these columns."""
    return {name: (_type_name(known[name].type), known[name].meaning) for name in names}


def _metadata(
    folder: Path, configs: Mapping[str, Mapping[str, Dataset]], manifest: Mapping[str, Any]
) -> DatasetCardData:
    licenses = sorted({origin["license"] for origin in manifest["origins"]})
    places = {name: "data" if name == "default" else name for name in configs}
    data = DatasetCardData(
        language="en",
        license=licenses[0] if len(licenses) == 1 else licenses,
        task_categories=["question-answering", "text-generation"],
        tags=["medical", "reasoning", "knowledge-graph"],
        pretty_name=f"{manifest['pipeline']}: {', '.join(origin['source'] for origin in manifest['origins'])}",
        configs=[
            {
                "config_name": name,
                "data_files": [{"split": split, "path": f"{places[name]}/{split}-*"} for split in splits],
            }
            | ({"default": True} if number == 0 and name != "default" else {})
            for number, (name, splits) in enumerate(configs.items())
        ],
    )
    infos = {name: _info(folder / places[name], splits) for name, splits in configs.items()}
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return data


def _info(data: Path, splits: Mapping[str, Dataset]) -> DatasetInfo:
    """Features and sizes, as `push_to_hub` would write them into the card."""
    sizes = {
        split: SplitInfo(
            split, sum(pyarrow.parquet.read_table(file).nbytes for file in data.glob(f"{split}-*")), len(rows)
        )
        for split, rows in splits.items()
    }
    return DatasetInfo(
        features=next(iter(splits.values())).features,
        splits=SplitDict(sizes),
        download_size=sum(file.stat().st_size for file in data.iterdir()),
        dataset_size=sum(size.num_bytes for size in sizes.values()),
    )


def _type_name(type_: Any) -> str:
    """The type of a column, as a reader of the card wants it."""
    if isinstance(type_, List):
        return f"list of {_type_name(type_.feature)}"
    if isinstance(type_, dict):
        return "{" + ", ".join(type_) + "}"
    return type_.dtype
