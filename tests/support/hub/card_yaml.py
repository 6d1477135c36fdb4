"""The check of a card's YAML, with the rules of the real Hub: https://huggingface.co/docs/hub/datasets-cards."""

import re
from typing import Any

import yaml

HEADER = re.compile(r"\A---\r?\n(.*?)\r?\n---\s*(\r?\n|\Z)", re.DOTALL)
_LICENSES = (
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m afl-3.0 "
    "artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 "
    "cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 "
    "cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 "
    "epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research "
    "intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 "
    "ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 "
    "llama3.3 llama4 gemma unknown other"
)
LICENSES = frozenset(_LICENSES.split())
_SIZES = "n<1K 1K<n<10K 10K<n<100K 100K<n<1M 1M<n<10M 10M<n<100M 100M<n<1B 1B<n<10B 10B<n<100B 100B<n<1T n>1T"
SIZES = frozenset(_SIZES.split())


def metadata(content: str) -> Any:
    """What stands between the two lines of dashes; None where there is nothing. Raises yaml.YAMLError."""
    found = HEADER.match(content)
    return yaml.safe_load(found[1]) if found else None


def errors(content: str, kind: str) -> list[str]:
    """What the Hub would refuse, in words; ``kind``: dataset, model or space."""
    try:
        data = metadata(content)
    except yaml.YAMLError as why:
        return [f"Cannot parse YAML metadata: {why}"]
    if data is None:
        return []
    if not isinstance(data, dict):
        return ["YAML metadata must be a mapping"]
    found = _listed(data, "license", LICENSES)
    found += [
        f'"{key}" must be a string or a list of strings'
        for key in ("language", "tags", "task_categories", "size_categories")
        if not _are_texts(data.get(key, []))
    ]
    if kind == "dataset":
        found += _listed(data, "size_categories", SIZES)
        found += _configs(data.get("configs", []))
        found += [] if isinstance(data.get("dataset_info", {}), dict | list) else ['"dataset_info" must be an object']
    return found


def _are_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _listed(data: dict[str, Any], key: str, known: frozenset[str]) -> list[str]:
    values = data.get(key, [])
    values = values if isinstance(values, list) else [values]
    return [f'"{key}" must be one of {sorted(known)}; found {value!r}' for value in values if value not in known]


def _configs(configs: Any) -> list[str]:
    """Every config has a name of its own and files by split; at most one is the default."""
    if not isinstance(configs, list) or not all(isinstance(config, dict) for config in configs):
        return ['"configs" must be a list of objects']
    found, names = [], [config.get("config_name") for config in configs]
    found += ['"configs[].config_name" must be a string'] if not all(isinstance(n, str) and n for n in names) else []
    found += (
        [f'"configs[].config_name" must be unique; found {names}'] if len(set(map(str, names))) < len(names) else []
    )
    found += ['at most one of "configs" is the default'] if sum(c.get("default") is True for c in configs) > 1 else []
    for config in configs:
        files = config.get("data_files", [])
        parts = files if isinstance(files, list) else [files]
        if not all(isinstance(p, str) or (isinstance(p, dict) and _are_texts(p.get("path"))) for p in parts):
            found.append(
                f'"configs[].data_files" of {config.get("config_name")} must be paths, or objects of split and path'
            )
    return found
