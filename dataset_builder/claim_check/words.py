"""The reader's word lists: relation_words.tsv says which words claim which relation, word_lists.tsv how the words around them change that."""

import re
from pathlib import Path
from typing import NamedTuple

from dataset_builder.claim_check.parsing import ANATOMY, DISEASE, DRUG, GENE, PHENOTYPE

INDICATION, OFF_LABEL, CONTRA, SIDE_EFFECT = "indication", "off-label use", "contraindication", "side effect"
PRESENT, ASSOCIATED, PARENT, INTERACTS = "phenotype present", "associated with", "parent-child", "interacts with"
EXPRESSED = "expression present"
ROLES = {role: {role} for role in (DRUG, GENE, DISEASE, PHENOTYPE, ANATOMY)} | {
    "clinical": {DISEASE, PHENOTYPE},
    "process": {"biological_process", "molecular_function", "cellular_component", "pathway"},
}
# kinds of edges in the tree, as spaCy calls them (ClearNLP's dependencies)
MODIFIERS = frozenset(["compound", "nmod", "npadvmod", "amod", "poss"])
SUBJECTS = frozenset(["nsubj", "nsubjpass", "csubj", "csubjpass", "expl"])
CLAUSES = frozenset(["ROOT", "relcl", "acl", "advcl", "ccomp", "xcomp"])
PREPOSITIONS = frozenset(["prep", "agent", "dative", "aux", "auxpass", "pcomp"])
OFF_PATH = SUBJECTS - {"csubj", "csubjpass", "expl"} | frozenset(
    ["attr", "acomp", "dobj", "xcomp", "oprd", "prt", "amod", "compound", "advmod", "ccomp", "acl"]
)


class Words(NamedTuple):
    """Words that claim a relation; ``side``: where its first end stands to them.

    subject, object or either; points: an object that the words, said of a finding, point to ("suggests asthma").
    """

    pattern: re.Pattern[str]
    relation: str
    side: str

    def match(self, word: str) -> bool:
        """Whether the word, in small letters, is one of them."""
        return self.pattern.fullmatch(word) is not None


def _rows(name: str) -> list[list[str]]:
    lines = Path(__file__).with_name(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def _families() -> dict[tuple[str, str], list[Words]]:
    found: dict[tuple[str, str], list[Words]] = {}
    for one, two, relation, side, words in _rows("relation_words.tsv"):
        found.setdefault((one, two), []).append(Words(re.compile(words), relation, side))
    return found


FAMILIES = _families()  # by the roles of the two ends
_LISTS = {name: re.compile(words) for name, words, *_ in _rows("word_lists.tsv")}


def among(word: str | None, name: str) -> bool:
    """Whether a word, in small letters, is on this list of word_lists.tsv."""
    return word is not None and _LISTS[name].fullmatch(word) is not None
