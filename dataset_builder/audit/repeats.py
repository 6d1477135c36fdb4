"""Questions that come again, inside the dataset and in evaluation splits. Both look at each distinct question once."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from dataset_builder.audit.findings import Findings
from dataset_builder.audit.records import Record
from dataset_builder.contamination.benchmarks import Benchmark
from dataset_builder.contamination.check import check
from dataset_builder.contamination.ledger import LedgerEntry
from dataset_builder.contamination.normalisation import content, words
from dataset_builder.contamination.overlap import MIN_TELLING, matches
from dataset_builder.row import normalize
from dataset_builder.sources.packed_rows import PackedRows
from dataset_builder.sources.plain_text import seen_key, shown

MANY = 60_000  # distinct stems: with more, rewordings are not looked for inside the dataset; 200,000 take five minutes and 1.1 GB
SHORT = 10  # words: "The answer is A." may be the rationale of many questions
NEAR = ("grams", "words", "answer")
SURE = ("exact", "stem")  # rules of the contamination check that say "the same question"


class Questions:
    """The distinct questions of a dataset, on disk, and which row asks which; of rows only hashes are in memory."""

    def __init__(self, findings: Findings) -> None:
        self.ids: list[str] = []  # of all rows
        self.of_row = array("i")  # the distinct question of each row; -1: it has none
        self.distinct = PackedRows()
        self.first = array("i")  # the first row of each distinct question
        self._findings = findings
        self._known: dict[int, int] = {}  # key as a reader sees the question, to its number
        self._exact: dict[int, int] = {}  # character by character, to the row
        self._rows: dict[int, int] = {}  # question and rationale
        self._rationales: dict[int, int] = {}
        self._gold: dict[int, int] = {}  # of a distinct question, a hash of its gold answer
        self._said: dict[int, int] = {}  # and of the option that the first rationale commits to

    def see(self, record: Record, commits_to: str | None) -> None:
        """Take a row, and say which earlier row it repeats."""
        self.ids.append(record.id)
        if record.torn or not record.question:
            self.of_row.append(-1)
            return
        question = record.as_question
        key = int(seen_key(question), 16)
        number = self._known.get(key)
        if new := number is None:
            number = self._known[key] = len(self.first)
            self.first.append(record.number)
            self.distinct.append(question)
        self.of_row.append(number)
        texts = _hash(record.question, record.context, *(f"{label} {text}" for label, text in record.choices.items()))
        self._repeated(record, number, new, texts)
        self._compared(record, number, commits_to)

    def _repeated(self, record: Record, number: int, new: bool, texts: int) -> None:
        exact = self._exact.setdefault(texts, record.number)
        if not new:
            code, first = (
                ("repeated_exact", exact) if exact != record.number else ("repeated_normalised", self.first[number])
            )
            self._say(record, code, f"asks what {self._row(first)} asks")
        if not record.rationale:
            return
        whole = self._rows.setdefault(_hash(str(texts), record.rationale), record.number)
        if whole != record.number:
            self._say(record, "repeated_row", f"is {self._row(whole)} again, with its rationale")
        if len(record.rationale.split()) < SHORT:
            return
        same = self._rationales.setdefault(_hash(record.rationale), record.number)
        if same != record.number and self.of_row[same] != number:
            self._say(
                record, "rationale_repeated", f"has the rationale of {self._row(same)}, which asks something else"
            )

    def _compared(self, record: Record, number: int, commits_to: str | None) -> None:
        gold = record.choices.get(record.label or "") or (record.answer if not record.options else "")
        if gold:
            own = _hash(_folded(gold))
            if self._gold.setdefault(number, own) != own and record.options:
                self._say(
                    record,
                    "gold_conflict",
                    f"gold answer {gold:.80}; {self._row(self.first[number])} asks the same, and has another",
                )
        elif commits_to:
            own = _hash(_folded(commits_to))
            if self._said.setdefault(number, own) != own:
                self._say(
                    record,
                    "answers_differ",
                    f"commits to {commits_to:.80}; the first rationale of this question commits to another option",
                )

    def _row(self, number: int) -> str:
        return f"row {number} ({self.ids[number]})"

    def _say(self, record: Record, code: str, detail: str) -> None:
        self._findings.add(record.number, record.id, code, detail)

    def rows_by_question(self) -> "Rows":
        """The rows of each distinct question."""
        return Rows(np.frombuffer(self.of_row, np.int32) if len(self.of_row) else np.zeros(0, np.int32))


class Rows:
    """The positions that have each value, from an array of values."""

    def __init__(self, values: np.ndarray) -> None:
        self._order = np.argsort(values, kind="stable")
        self._sorted = values[self._order]

    def of(self, value: int) -> list[int]:
        """The positions with this value, ascending."""
        begin, end = np.searchsorted(self._sorted, [value, value + 1])
        return self._order[begin:end].tolist()


def find_near(questions: Questions, findings: Findings) -> dict[str, Any]:
    """Add what asks nearly what an earlier row asks. Returns how many distinct questions and stems there are, and by which rules."""
    first: dict[int, int] = {}  # a hash of a stem's letters, to the first distinct question with it
    earlier: dict[int, tuple[int, str]] = {}  # distinct question to the one before it, and how it is alike
    stems, place = PackedRows(), array("i")
    for number, question in enumerate(questions.distinct):
        stem = _with_context(question)
        at = first.setdefault(_hash("".join(words(stem))), number)
        if at == number:
            place.append(number)
            stems.append(question | {"question": stem, "context": None})
        elif len(content(stem)) >= MIN_TELLING:
            earlier[number] = (at, "repeated_stem")
    rules = NEAR if len(stems) <= MANY else NEAR[:1]
    found = [match for match in matches(stems, stems, rules=rules) if match.a < match.b] if len(stems) > 1 else []
    for match in found:
        earlier.setdefault(place[match.b], (place[match.a], f"{match.rule} {match.score}"))
    rows = questions.rows_by_question()
    by_code = defaultdict[str, list[tuple[int, str]]](list)
    for number, (before, how) in earlier.items():
        code, by = ("repeated_stem", "") if how == "repeated_stem" else ("repeated_near", f", by the rule {how}")
        first_row = questions.first[before]
        by_code[code] += [
            (row, f"asks nearly what row {first_row} ({questions.ids[first_row]}) asks{by}") for row in rows.of(number)
        ]
    _add(findings, questions.ids, by_code)
    return {"distinct_questions": len(questions.first), "distinct_stems": len(stems), "rules": list(rules)}


def _with_context(question: Mapping[str, Any]) -> str:
    """The stem after its context: "What is the diagnosis?" asks something else of every case."""
    return "\n".join(filter(None, (question["context"], question["question"])))


def find_contaminated(
    questions: Questions, benchmarks: Sequence[Benchmark], findings: Findings
) -> dict[str, dict[str, Any]]:
    """Add the rows that an evaluation split asks too. Returns per benchmark its questions, the rows that it asks too, and pairs by rule."""
    asked = (
        {**question, "rejected_because": None, "source": "", "id": str(number)}
        for number, question in enumerate(questions.distinct)
    )
    found = check(PackedRows(asked), benchmarks).found if benchmarks and len(questions.first) else ()
    rows = questions.rows_by_question()
    by_question, by_benchmark = defaultdict[int, list[LedgerEntry]](list), defaultdict[str, list[LedgerEntry]](list)
    for one in found:
        by_question[int(one.id)].append(one)
        by_benchmark[one.benchmark].append(one)
    by_code = defaultdict[str, list[tuple[int, str]]](list)
    for number, pairs in by_question.items():
        code = "contaminated" if any(one.rule in SURE for one in pairs) else "contaminated_likely"
        said = ", ".join(sorted(f"{one.benchmark_id} ({one.rule} {one.score})" for one in pairs))
        by_code[code] += [(row, f"is asked by {said}") for row in rows.of(number)]
    _add(findings, questions.ids, by_code)
    return {one.name: _about(one, by_benchmark[one.name], rows) for one in benchmarks}


def _about(benchmark: Benchmark, pairs: Sequence[LedgerEntry], rows: "Rows") -> dict[str, Any]:
    numbers = {int(one.id) for one in pairs}
    return {
        "split": benchmark.origin.split,
        "questions": len(benchmark.rows),
        "asked": len({one.benchmark_id for one in pairs}),
        "rows": sum(len(rows.of(number)) for number in numbers),
        "distinct": len(numbers),
        "rules": dict(Counter(one.rule for one in pairs)),
    }


def _add(findings: Findings, ids: Sequence[str], by_code: Mapping[str, Iterable[tuple[int, str]]]) -> None:
    for code, found in by_code.items():
        for row, detail in sorted(found):
            findings.add(row, ids[row], code, detail)


def _folded(answer: str) -> str:
    """An answer as `seen_key` compares options: without case, spaces and punctuation at its end."""
    return "".join(normalize(shown(answer)).split()).rstrip(" .,;:")


def _hash(*texts: str) -> int:
    """64 bits of texts."""
    return int.from_bytes(
        blake2b("\x1f".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )
