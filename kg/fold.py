"""Normalised spelling: the tokens of a text, and keys that are equal for different spellings of one name.

Dictionary detection (mentions.py) and lookup (linker.py) use the same functions, so a name that one of them finds is linked by
the other. The levels N1, N2, N3 and the two drug keys are described in docs/linking.md.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

GREEK = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER (?:FINAL )?(?P<name>[A-Z]+)$")
# Every alternative below fails on its first character, because this runs at every character of every text.
LETTERS = r"[^\W_\u0370-\u03ff]+(?:[\u0300-\u036f]+[^\W_\u0370-\u03ff]*)*"
# A prefix before a hyphen belongs to its word: "pre-eclampsia" is written "preeclampsia" as often.
PREFIXES = ["pre", "post", "non", "anti", "hyper", "hypo", "micro", "macro", "neuro", "cardio", "poly", "para", "sub"]
PREFIXED = "|".join(rf"(?<=\b[{prefix[0]}{prefix[0].upper()}]{prefix[1:]}-)" for prefix in PREFIXES)
SENTENCE_END = r"[!?]|\.(?=[\"'”’)\]]*(?:\s+[^a-z\s]|\s*$)|(?<!\b[A-Z]\.)\s)|\n(?=[^\S\n]*(?:\n|[^a-z\s]))"
TOKEN = re.compile(
    rf"(?P<word>{LETTERS}(?:-(?=[a-z]{{3}})(?:{PREFIXED}){LETTERS})?(?:['’]s\b)?|[\u0370-\u03ff]|(?<=\()[+-](?=\)))"
    rf"|(?P<end>{SENTENCE_END})|[;()\[\]|]|[:,](?=\s)"
)
BRITISH = [
    (re.compile(pattern), american)
    for pattern, american in [
        (r"(?<![ao])[ao]+e", "e"),  # haemorrhage, oedema, diarrhoea
        (r"(tum|col|vap|lab|hum|behavi|od)our", r"\1or"),
        (r"sulph", "sulf"),
        (r"(?<=[a-z]{3})is(?=ation|ed$|ing$|er$)", "iz"),
        (r"(?<=[a-z]{3})ys(?=ed$|ing$|er$)", "yz"),
        (r"(cent|fib|goit|lit)re(s?)$", r"\1er\2"),
    ]
]
PLURAL = [
    (re.compile(pattern), singular)
    for pattern, singular in [
        (r"(?<=[a-z]{4})(?<=st)ases$", "asis"),  # metastases, but not kinases
        (r"(?<=[a-z]{4})oses$", "osis"),
        (r"(?<=[a-z]{3})yses$", "ysis"),
        (r"(?<=[a-z]{3})ies$", "y"),
        (r"(?<=ss|sh|ch)es$|(?<=x)es$", ""),
        (r"(?<=[a-z]{3}us)es$", ""),
        (r"(?<=[a-z]{3}[^siu])s$", ""),
    ]
]
ROMAN_NUMERALS = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv"]
ROMAN = {roman: str(i) for i, roman in enumerate(ROMAN_NUMERALS, 1)}
FILLERS = frozenset(["of", "the", "an", "and", "type"])  # not "a": hepatitis A, vitamin A
DISEASE_WORDS = frozenset(["disease", "disorder", "syndrome"])
# Eponyms of two diseases that only the word "disease" distinguishes.
KEEP_DISEASE_WORD = frozenset(["cushing"])
NEOPLASM_WORDS = frozenset(["neoplasm", "tumor", "tumour"])
SUBTYPE = re.compile(
    r"(?<=[\w,)])\s+(?P<kind>(?:sub)?type|group|form|variant|grade|stage|class)?(?(kind)\s+|)"
    rf"(?P<code>\d{{1,3}}[a-z]{{0,2}}|(?:{'|'.join(ROMAN_NUMERALS)})[a-d]?|[a-z]\d{{0,2}})$",
    re.IGNORECASE,
)
# Stems that are no disease with subtypes: vitamin B, factor V, trisomy 21.
GENERIC_STEMS = (
    DISEASE_WORDS
    | NEOPLASM_WORDS
    | frozenset(
        ["cancer", "carcinoma", "deficiency", "infection", "hepatitis", "factor", "vitamin", "virus", "antigen"]
    )
    | frozenset(["chromosome", "trisomy", "monosomy", "antibody", "receptor", "complex", "syndromes", "diseases"])
)
PLAIN_WORD = re.compile(r"[a-z0-9]{4,}")
NUMBERED = re.compile(r"\d+|(?<![a-z])[a-z](?![a-z])")
PHONETIC = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        (r"ph", "f"),
        (r"th", "t"),
        (r"y", "i"),
        (r"(?<![ao])[ao]+e", "e"),
        (r"c+h*", "k"),
        (r"([a-z])\1+", r"\1"),
        (r"e\b", ""),
    ]
]


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Words, clause marks and sentence ends with their offsets; hyphens and slashes only separate."""
    return TOKEN.finditer(text)


# not lru_cache: its bookkeeping writes at every hit, and so copies the shared cache into every forked worker
@cache
def fold_word(token: str) -> str:
    """One spelling per word: case, accents, Greek letters, possessive and British forms are normalised."""
    if token in "+-":
        return "plus" if token == "+" else "minus"
    word = token.casefold() if token.isascii() else _without_accents(token)
    if word.endswith(("'s", "’s")):
        word = word[:-2]
    if not word.isalnum():
        word = "".join(filter(str.isalnum, word))
    if len(word) >= 5:
        for pattern, american in BRITISH:
            word = pattern.sub(american, word)
    return word


def _without_accents(token: str) -> str:
    marked = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", token).casefold())
    return "".join(_spelled(c) for c in marked if not unicodedata.combining(c))


def _spelled(character: str) -> str:
    greek = GREEK.match(unicodedata.name(character, ""))
    return greek["name"].lower().replace("lamda", "lambda") if greek else character


def singular(word: str) -> str:
    """A folded word without its plural ending; short words are not changed, since "aids" is no plural."""
    if len(word) >= 5 and word.endswith("s"):
        for pattern, ending in PLURAL:
            shorter = pattern.sub(ending, word)
            if shorter != word:
                return shorter
    return word


@cache
def key_word(token: str) -> str:
    """The word under which a dictionary finds a token: folded and singular, a clause mark as it is."""
    return singular(fold_word(token)) or token


def exact_key(name: str) -> str:
    """A name in the form that is compared for equality: lower case, single spaces."""
    return " ".join(name.lower().split())


# A batch of mentions is folded to one key after the other. The cache is small, so a forked worker copies little memory.
@lru_cache(maxsize=2048)
def words(name: str) -> tuple[str, ...]:
    """The folded words of a name, without punctuation and the suffix "(disease)"."""
    folded = [fold_word(match["word"]) for match in tokens(name.removesuffix("(disease)")) if match["word"]]
    return tuple([word for word in folded if word])


def n1_key(name: str) -> str:
    """Punctuation, Greek letters, possessive, "(disease)" and British spelling ignored."""
    return " ".join(words(name))


def singulars(name: str) -> list[str]:
    """The words of the N1 key in their order, each in the singular."""
    return [singular(word) for word in words(name)]


@lru_cache(maxsize=2048)
def n2_words(name: str) -> tuple[str, ...]:
    """The words of the N2 key, sorted."""
    return tuple(sorted({ROMAN.get(word) or singular(word) for word in words(name)} - FILLERS))


def n2_key(name: str) -> str:
    """N1, and plural, Roman numerals, word order and "type" ignored ("Neoplasms, Lung" is "lung neoplasm")."""
    return " ".join(n2_words(name))


def n3_key(name: str) -> str:
    """N2, and disease, disorder, syndrome ignored, neoplasm equal to tumor; empty where nothing else is left."""
    kept = set(n2_words(name))
    if not kept & KEEP_DISEASE_WORD:
        kept -= DISEASE_WORDS
    if kept & NEOPLASM_WORDS:
        kept = kept - NEOPLASM_WORDS | {"neoplasm"}
    return " ".join(sorted(kept)) if kept != {"neoplasm"} else ""


def without_subtype(name: str) -> str:
    """A disease's name up to the number or letter of its subtype ("…, type 2B", "… IV").

    Empty where it does not end in one. Also empty where the rest is too general to be the same disease: hepatitis B is
    not just a subtype of "hepatitis".
    """
    end = SUBTYPE.search(name)
    if end is None:
        return ""
    stem = words(name[: end.start()])
    telling = [word for word in stem if word not in FILLERS and word not in GENERIC_STEMS and len(word) > 2]
    number = end["code"][0].isdigit() or end["code"][:2].lower() in ROMAN
    enough = len(stem) > 1 or (len("".join(stem)) >= 8 and (end["kind"] is not None or number))
    return name[: end.start()].strip() if telling and enough else ""


def numbers(name: str) -> int:
    """The numbers and single letters of a name as bits, since they distinguish subtypes.

    One bit per letter, one per number from 1 to 36, and one for all other numbers."""
    bits = 0
    for word in words(name):
        if word[-1:] in "abcd" and word[:-1] in ROMAN:  # IIa is 2 and a
            word = f"{ROMAN[word[:-1]]}{word[-1]}"
        for part in NUMBERED.findall(ROMAN.get(word, word)):
            number = (
                int(part) if part.isdigit() and len(part) < 10 else 0
            )  # Python refuses to read thousands of digits
            bits |= 1 << (ord(part) - ord("a") if part.isalpha() else 25 + number if 0 < number < 37 else 62)
    return bits


@cache
def _salt_words(kind: str) -> frozenset[str]:
    return frozenset(word for word, its_kind in read_words("salts.tsv") if its_kind == kind)


def drug_salt_key(name: str) -> str:
    """A drug's base name without salt and hydrate words; empty where only a metal or an ion would remain."""
    base = [word for word in words(name) if word not in _salt_words("salt")]
    return "" if _salt_words("ion").issuperset(base) or len("".join(base)) < 4 else " ".join(base)


def drug_phonetic_key(name: str) -> str:
    """The base name by sound, because INN and USAN differ by ph/f, th/t, y/i, ch/c/k, doubled letters and a last e."""
    key = drug_salt_key(name)
    for pattern, sound in PHONETIC:
        key = pattern.sub(sound, key)
    return key


def plain_words(text: str) -> frozenset[str]:
    """The words of four letters or more, in lower case and not folded: for a quick look at what two texts share."""
    return frozenset(PLAIN_WORD.findall(text.lower()))


def is_exact_case(name: str) -> bool:
    """Whether a name is an abbreviation or gene symbol, which is a different word in another case ("WAS", "was")."""
    return " " not in name and (sum(map(str.isupper, name)) >= 2 or name == name.upper())


def read_words(file: str, folder: str = "words") -> list[list[str]]:
    """The rows of a reviewed word list in kg/words, or of a table in another folder of kg, comment lines left out."""
    lines = (files("kg") / folder / file).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]


@cache
def lab_chemicals() -> frozenset[str]:
    """N1 keys of drugs that are a laboratory value or a gas in an exam vignette, so no valid end of a path."""
    return frozenset(n1_key(row[0]) for row in read_words("lab_chemicals.txt"))
