"""The findings of the preflight, as text for a person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from kg.terminal import one_line
from sft.estimate import Estimate
from sft.row_checks import CODES, LEARNING_CODES, NEVER_ALLOWED

BOUNDS = (128, 256, 512, 1024, 2048, 4096, 8192)
SHOWN, NAMED = 5, 10  # rows of each code that are shown with what was found; that are named at all


@dataclass
class Report:
    """The findings of the preflight. ``findings``: code to (row id, what was found). ``refusals``: faults of the recipe."""

    rows: int
    lengths: list[int] = field(default_factory=list)
    trained: int = 0
    findings: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)  # how to mend what was found
    estimate: Estimate | None = None

    def stops(self, allow: Sequence[str]) -> bool:
        """Whether training must not begin."""
        return bool(self.refusals) or any(not is_allowed(code, allow) for code in self.findings)


def is_allowed(code: str, allow: Sequence[str]) -> bool:
    """Whether rows with this finding may be trained."""
    return code in allow and code not in NEVER_ALLOWED


def show(name: str, report: Report, allow: Sequence[str]) -> str:
    """The report as text: rows and tokens, findings, estimate, and whether it passed."""
    lines = [f"preflight of {name}: {report.rows} rows"]
    if report.lengths:
        tokens = sum(report.lengths)
        trained = f", {report.trained / tokens:.0%} of them trained" if report.trained else ""
        lines.append(f"  {tokens:,} tokens{trained}; longest row {max(report.lengths):,}")
        lines += histogram(report.lengths)
    lines += [f"  note: {note}" for note in report.notes]
    for code, rows in report.findings.items():
        lines.append(
            f"  {'allowed' if is_allowed(code, allow) else 'REFUSED'} {code}: {len(rows)} rows ({(CODES | LEARNING_CODES)[code]})"
        )
        lines += [one_line(f"    {id_}: {what}") for id_, what in rows[:SHOWN]]
        if len(rows) > SHOWN:
            rest = f", and {len(rows) - NAMED:,} others" if len(rows) > NAMED else ""
            lines.append(one_line(f"    also {', '.join(id_ for id_, _ in rows[SHOWN:NAMED])}{rest}"))
    lines += [f"  REFUSED {refusal}" for refusal in report.refusals]
    lines += [f"  to mend it: {line}" for line in report.advice]
    if report.estimate:
        e = report.estimate
        lines.append(
            f"  {e.parameters / 1e9:.3g} billion parameters, {e.steps:,} optimizer steps, {e.tokens:,} tokens in all"
        )
        lines.append(
            f"  about {e.gpu_hours:.2g} H100 hours at 40 % of the peak; per GPU {e.state:.3g} GiB of state, up to {e.activations:.3g} GiB of activations"
        )
    lines.append(
        "  nothing was trained; fix the data or the recipe, or accept a code with ALLOW=code,code"
        if report.stops(allow)
        else "  passed"
    )
    return "\n".join(lines)


def histogram(lengths: Sequence[int]) -> list[str]:
    """A text histogram: one line per range of lengths that has rows."""
    lines, lower = [], 0
    for upper in (*BOUNDS, 1 << 62):
        count = sum(lower < length <= upper for length in lengths)
        label = f"{lower + 1:>5}-{upper}" if upper < 1 << 62 else f"above {lower}"
        if count:
            lines.append(f"  {label:>12} {'█' * max(1, round(40 * count / len(lengths)))} {count}")
        lower = upper
    return lines
