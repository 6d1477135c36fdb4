"""Graph files in kg.csv's columns, through load, mentions, links and paths. Seeds of our own writing."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from kg.contents import GraphError
from kg.knowledge_graph import KG
from kg.readers.primekg import COLUMNS
from tests.fuzz.border import Border

ROWS = (
    "indication,indication,7,D1,drug,Aspirin,DrugBank,3,M1,disease,migraine,MONDO",
    "indication,indication,3,M1,disease,migraine,MONDO,7,D1,drug,Aspirin,DrugBank",
    'drug_protein,target,7,D1,drug,Aspirin,DrugBank,12,G1,gene/protein,"NA, the ""null""",NCBI',
    "disease_phenotype_positive,phenotype present,3,M1,disease,migraine,MONDO,5,H1,effect/phenotype,Photophobia,HPO",
    "disease_disease,parent-child,8,M2,disease,obsolete headache,MONDO,3,M1,disease,migraine,MONDO",
    "drug_effect,side effect,7,D1,drug,Aspirin,DrugBank,6,H2,effect/phenotype,Röschlaub’s sign β,HPO",
)
TEXT = "A man with migraine and photophobia takes aspirin."
KEPT = 200  # prepared graphs in the cache of a process before it is emptied
_calls = 0


def seeds() -> Sequence[bytes]:
    """A small graph, the same for Windows, and one with another order of columns."""
    head = ",".join(COLUMNS)
    plain = "\n".join([head, *ROWS]) + "\n"
    turned = "\n".join(",".join(reversed(row.split(","))) for row in (head, *ROWS[:2], *ROWS[3:5]))
    return [plain.encode(), plain.replace("\n", "\r\n").encode("utf-8-sig"), turned.encode()]


def read(data: bytes, folder: Path) -> None:
    """Read a graph file, with a cache in this folder."""
    read_as(data, "kg.csv", folder)


def read_as(data: bytes, name: str, folder: Path) -> None:
    """Load a graph file of this name, look for its nodes in a text, link some names, and search paths."""
    global _calls
    _calls += 1
    cache, path = folder / "cache", folder / f"{_calls}-{name}"  # another path: what is opened is remembered by it
    if _calls % KEPT == 0:
        shutil.rmtree(cache, ignore_errors=True)
    path.write_bytes(data)
    try:
        with mock.patch.dict(os.environ, {"HF_HOME": str(cache)}):
            use(KG.load(path))
    except GraphError as why:
        assert str(path) in str(why), "a message that does not name the file"
        raise
    finally:
        path.unlink()


def use(kg: KG) -> None:
    """All that a build does with a graph."""
    kg.find_mentions(TEXT)
    kg.link(["aspirin", "Röschlaub's sign", kg.nodes.name[0]], similar=3)
    ends = kg.nodes.index.tolist()[:6]
    for found in kg.shortest_paths([(a, b) for a in ends for b in ends], keep=3):
        for path in found.paths:
            kg.describe(path)
    f"{kg} {kg.edge_count}".encode()
    for node in ends:
        f"{kg.name_of(node)} {kg.twin_key(node)} {kg.neighbors(node)}".encode()


BORDER = Border("graph", "csv", seeds, read, (GraphError,))
