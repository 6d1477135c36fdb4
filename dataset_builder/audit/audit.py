"""Run every check over a dataset in one pass of its rows, and say what was found, of what, and what was not checked."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.audit.claims import Sample, check_claims, interval
from dataset_builder.audit.findings import FILE, LEVELS, Findings, codes
from dataset_builder.audit.layouts import Layout
from dataset_builder.audit.records import Record, records
from dataset_builder.audit.repeats import MANY, Questions, find_contaminated, find_near
from dataset_builder.audit.terms import Terms
from dataset_builder.audit.texts import Answers, Lengths, faults_of_length, faults_of_row, faults_of_style
from dataset_builder.contamination.benchmarks import Benchmark, Unread

if TYPE_CHECKING:
    from dataset_builder.audit.places import Audited
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

EVERY = 10_000  # rows between two lines of progress
CHECKS = {
    "rows": "Broken rows and characters",
    "repeats": "Questions that come again",
    "contamination": "Questions of evaluation splits",
    "answers": "The answer that the rationale commits to",
    "style": "Leaks, refusals, language, marks",
    "length": "Length",
    "claims": "Claims against a graph",
}


@dataclass(frozen=True)
class Settings:
    """What an audit needs beside the dataset. ``sample``: rationales whose claims are read, where a graph is given."""

    benchmarks: Sequence[Benchmark] = ()
    unread: Sequence[Unread] = ()
    kg: "KG | None" = None
    reader: "ClaimReader | None" = None
    sample: int = 1000
    seed: int = 0
    tell: Callable[[str], None] = lambda line: None


def audit(place: "Audited", layout: Layout, out: Path, settings: Settings) -> dict[str, Any]:
    """Check all rows, write findings.parquet into ``out``, and return the result. Raises SourceError where the rows cannot be read.

    The file appears complete, or the one before stays.
    """
    draft = out / f".{FILE}"
    try:
        with Findings(draft, settings.seed) as findings:
            result = _audit(place, layout, findings, settings)
        draft.replace(out / FILE)
    finally:
        draft.unlink(missing_ok=True)
    return result


def _audit(place: "Audited", layout: Layout, findings: Findings, settings: Settings) -> dict[str, Any]:
    seen = _Pass(findings, layout, settings)
    for record in records(place.files, layout):
        seen.see(record)
        if seen.rows % EVERY == 0:
            settings.tell(f"{seen.rows:,} rows read")
    settings.tell(f"{seen.rows:,} rows read; comparing questions")
    near = find_near(seen.questions, findings)
    benchmarks = find_contaminated(seen.questions, settings.benchmarks, findings)
    claims = None
    if settings.kg and settings.reader and seen.sample.seen:
        settings.tell(f"reading the claims of {len(seen.sample.rows):,} rationales")
        claims = check_claims(seen.sample, settings.kg, settings.reader, findings, settings.seed)
    about = {"near": near, "benchmarks": benchmarks, "claims": claims}
    return _result(place, layout, settings, seen, about)


class _Pass:
    """The checks that see every row once."""

    def __init__(self, findings: Findings, layout: Layout, settings: Settings) -> None:
        self.rows = self.torn = self.rationales = 0
        self.findings, self.forms = findings, Counter[str]()
        self.sample = Sample(settings.sample if settings.kg else 0, settings.seed)
        self.questions, self.terms = Questions(findings), Terms(findings)
        self.answers, self.lengths = Answers(), Lengths()
        self._with_rationale = bool(layout.of("rationale"))

    def see(self, record: Record) -> None:
        self.rows += 1
        found = faults_of_row(record)
        commits_to = None
        if record.torn:
            self.torn += 1
        else:
            self.forms[record.form] += 1
            self.rationales += bool(record.rationale)
            self.lengths.see(record)
            self.terms.see(record)
            self.sample.see(record)
            if self._with_rationale:
                commits_to, wrong = self.answers.of(record)
                found += wrong
            found += faults_of_style(record) + faults_of_length(record, commits_to)
        for code, detail in found:
            self.findings.add(record.number, record.id, code, detail)
        self.questions.see(record, commits_to)


def _result(
    place: "Audited", layout: Layout, settings: Settings, seen: _Pass, about: dict[str, Any]
) -> dict[str, Any]:
    findings, claims = seen.findings, about["claims"]
    looked_at = {
        "rows": seen.rows,
        "repeats": len(seen.questions.first) and seen.rows - seen.torn,
        "contamination": seen.rows - seen.torn if settings.benchmarks else 0,
        "answers": sum(seen.answers.rules.values()),
        "style": seen.rows - seen.torn,
        "length": seen.rationales,
        "claims": claims["rationales"] if claims else 0,
    }
    return {
        "dataset": place.as_dict() | {"layout": layout.name, "columns": layout.as_line(), "evidence": layout.evidence},
        "seed": settings.seed,
        "rows": {
            "all": seen.rows,
            "torn": seen.torn,
            "with_rationale": seen.rationales,
            "with_fault": len(findings.faulty),
        },
        "checks": [
            _check(name, title, looked_at[name], findings, name == "claims" and looked_at[name] < seen.sample.seen)
            for name, title in CHECKS.items()
        ],
        "options": dict(sorted(seen.forms.items())),
        "answers": dict(sorted(seen.answers.counts.items())),
        "rules": dict(seen.answers.rules.most_common()),
        "lengths": seen.lengths.quantiles(),
        "repeats": about["near"],
        "benchmarks": about["benchmarks"],
        "licenses": seen.terms.as_dict(place),
        "claims": claims,
        "not_checked": _not_checked(layout, settings, seen, about),
    }


def _check(name: str, title: str, of: int, findings: Findings, sampled: bool) -> dict[str, Any]:
    """The findings of one check: all of its codes that were found. A share has an interval only where rows were sampled."""
    found = []
    for code in sorted(
        (one for one in codes().values() if one.check == name), key=lambda one: LEVELS.index(one.level)
    ):
        if number := findings.rows[code.code]:
            share = interval(number, of) if sampled else {"share": number / of if of else None}
            found.append(
                {k: v for k, v in asdict(code).items() if k != "check"}
                | {"rows": number}
                | share
                | {"examples": findings.examples(code.code)}
            )
    return {"name": name, "title": title, "looked_at": of, "sampled": sampled, "findings": found}


def _not_checked(layout: Layout, settings: Settings, seen: _Pass, about: dict[str, Any]) -> list[dict[str, str]]:
    """What was not checked, and why."""
    counts = seen.answers.counts
    by_role = {
        "rationale": "answers, style, length and claims of rationales",
        "source": "the license of each row's source",
    }
    found = [
        {"what": what, "why": f"the layout has no column for the {role}"}
        for role, what in by_role.items()
        if not layout.of(role)
    ]
    found += [{"what": f"contamination by {one.name}", "why": one.why} for one in settings.unread]
    for count, why in (
        ("no options", "the question has no options: whether an open answer is right needs a reader or a judge"),
        ("options unread", "the options have a form that is not known"),
        ("no gold option known", "the dataset names no gold option, or not one of the options"),
    ):
        if counts[count]:
            found.append({"what": f"the answer of {counts[count]:,} rows", "why": why})
    if about["near"]["rules"] == ["grams"]:
        found.append(
            {"what": "rewordings inside the dataset (rules words and answer)", "why": f"over {MANY:,} distinct stems"}
        )
    if about["claims"] is None:
        why = (
            "no graph was given (KG=…)"
            if settings.kg is None
            else "no row has a rationale"
            if not seen.sample.seen
            else "no claim reader"
        )
        found.append({"what": "claims", "why": why})
    found.append(
        {"what": "numbers and doses", "why": "no source says which number is right; only citations are listed"}
    )
    found.append({"what": "whether the gold answers are right", "why": "that needs a physician"})
    return found
