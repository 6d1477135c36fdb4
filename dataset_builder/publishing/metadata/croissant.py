"""croissant.json of a dataset folder: Croissant 1.0 (http://mlcommons.org/croissant/1.0) with the fields of Croissant RAI 1.0.

It is a function of the manifest, of the columns of the data files and of their sizes, so that the same folder gives the same bytes, and
`verify` can make it again. It has no date, since a manifest has that of a build only, which a merged build does not share with a whole one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.publishing.funnel import total
from dataset_builder.publishing.layout import CROISSANT
from dataset_builder.publishing.metadata.citation import bibtex
from dataset_builder.publishing.metadata.record_sets import distribution, record_sets
from dataset_builder.publishing.metadata.responsible_ai import responsible_ai, uses_paths

HUB = "https://huggingface.co"
CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_OWN_TERMS = """citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset jsonPath key md5
parentField path recordSet references regex repeated replace samplingRate separator source subField transform"""
# the context that the specification recommends
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _OWN_TERMS.split()},
}
# SPDX identifiers of the licenses that the Hub names otherwise (https://spdx.org/licenses)
SPDX = {
    "mit": "MIT",
    "apache-2.0": "Apache-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    **{f"cc-by{more.lower()}": f"CC-BY{more}" for more in ("-3.0", "-4.0", "-SA-4.0", "-NC-4.0", "-NC-SA-4.0")},
}
VERSION = re.compile(
    r"v?((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,2})"
)  # of a tag: MAJOR.MINOR.PATCH, or the first of them


def croissant(paths: Mapping[str, Path], manifest: Mapping[str, Any]) -> str:
    """The text of croissant.json.

    ``paths``: the path of each data file, by its name in the folder. ``manifest``: with the sha256 of every data file; of a pushed folder,
    also ``repository`` (name, tag), which gives name, URL, creator and version.
    """
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        **_identity(manifest),
        "description": _description(manifest),
        "inLanguage": "en",
        "keywords": ["medical", "reasoning", "knowledge-graph"],
        "license": _licenses(manifest),
        "citeAs": bibtex(),
        "isBasedOn": [*map(_source, manifest["origins"]), *_graph(manifest)],
        **responsible_ai(manifest),
        "distribution": distribution(paths, manifest),
        "recordSet": record_sets(paths, manifest),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def wrong_croissant(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Where croissant.json is not what manifest and data files give, by the code of the build. For a folder without other mismatches."""
    if CROISSANT not in manifest["files"]:
        return []
    made = croissant({name: folder / name for name in manifest["files"]}, manifest)
    if (folder / CROISSANT).read_bytes() == made.encode():
        return []
    return [f"{CROISSANT}: its content is not what the manifest and the data files give; build or download it again"]


def _identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Name, identifier and, of a repository on the Hub, URL, creator and version."""
    identity: dict[str, Any] = {"identifier": f"sha256:{manifest['content_hash']}"}
    if not (repository := manifest.get("repository")):
        sources = ", ".join(origin["source"] for origin in manifest["origins"])
        return {"name": f"{manifest['pipeline']}: {sources}", **identity}
    name, tag = repository["name"], repository.get("tag") or ""
    owner = name.partition("/")[0]
    identity |= {
        "url": f"{HUB}/datasets/{name}",
        "creator": {"@type": "sc:Organization", "name": owner, "url": f"{HUB}/{owner}"},
    }
    version = VERSION.fullmatch(tag)
    return {"name": name, **identity, **({"version": version[1]} if version else {})}


def _description(manifest: Mapping[str, Any]) -> str:
    counts, sources = total(manifest["funnel"]), ", ".join(origin["source"] for origin in manifest["origins"])
    return (
        f"Medical questions of {sources} with rationales, by the pipeline {manifest['pipeline']}: {counts['published']} of {counts['in']} "
        "questions were published, the others rejected with a reason. For research only; not medical advice."
    )


def _licenses(manifest: Mapping[str, Any]) -> str | list[str]:
    """The licenses of the sources: URLs of SPDX where it has them, else the Hub's names."""
    found = sorted({_license(origin["license"]) for origin in manifest["origins"]})
    return found[0] if len(found) == 1 else found


def _license(name: str) -> str:
    return f"https://spdx.org/licenses/{SPDX[name]}.html" if name in SPDX else name


def _source(origin: Mapping[str, Any]) -> dict[str, Any]:
    url = {"url": origin["url"]} if origin["url"].startswith("https:") else {}
    version = {"version": origin["revision"]} if not origin["files"] else {}
    license_ = {"license": _license(origin["license"])}
    return {"@type": "sc:Dataset", "name": origin["hub_id"], **url, **version, **license_}


def _graph(manifest: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The knowledge graph, with the sources that its relations name; nothing where neither paths nor claims use it."""
    graph, claims = manifest["graph"], manifest["inputs"].get("claims") or {}
    if not uses_paths(manifest) and claims.get("name", "none") == "none":
        return []
    parts = [
        {"@type": "sc:Dataset", "name": name, "license": source["license"]}
        for name, source in graph.get("sources", {}).items()
    ]
    named = {"@type": "sc:Dataset", "name": graph["name"], "identifier": f"sha256:{graph['sha256']}"}
    return [named | ({"isBasedOn": parts} if parts else {})]
