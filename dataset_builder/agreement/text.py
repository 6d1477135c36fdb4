"""What `agreement` prints: aligned tables, and how to read them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataset_builder.agreement.experts import BINS
from dataset_builder.agreement.intervals import Estimate

FEW_QUESTIONS = 30  # below it intervals of α are wider than 0.4 for three raters (docs/agreement.md)
COEFFICIENTS = {"alpha": "Krippendorff's α", "ac": "Gwet's AC1/AC2", "kappa": "Cohen's κ"}
SIDES = {"this": "this folder's text", "other": "the other text"}
TITLES = {
    "verdict": "verdict (of a judge or a rule) on the text",
    "claims": "claim reader's label of a step",
    "relevance": "relevance of the best path",
}
NOTES = (
    "Intervals: 95 %, for other questions that the same raters judge; they say nothing of other raters.",
    "AC1 and κ for labels and preference; AC2 with ordinal weights and κ with quadratic weights for the scales of 1 to 5.",
    "α and κ are low where nearly all values are the same, even if raters agree on nearly all: see `given`, and AC (docs/agreement.md).",
)


def lines_of(result: Mapping[str, Any]) -> Iterator[str]:
    """All that is printed, from the result of a command before it is made JSON."""
    yield from _study(result["study"])
    yield ""
    yield from _agreement(result["agreement"])
    yield from ("", "Means, by folder:")
    yield from _scales(result["scales"])
    yield from ("", *preference_lines(result["preference"]))
    for name, part in result["experts"].items():
        yield from _experts(name, part)


def _study(study: Mapping[str, Any]) -> Iterator[str]:
    raters, questions = study["raters"], study["questions"]
    yield f"{study['texts']} texts of {questions} questions, reviewed by {len(raters)} {'rater' if len(raters) == 1 else 'raters'}:"
    yield from aligned(
        ("rater", "specialty", "years", "texts", "judged", "cannot judge", "missing"),
        [_rater(rater) for rater in raters],
        left=2,
    )
    if questions < FEW_QUESTIONS:
        yield f"Only {questions} questions: intervals are wide, and miss the truth more often than 1 in 20 times. Take it as a trial of the form."


def _rater(rater: Mapping[str, Any]) -> tuple[Any, ...]:
    missing = rater["texts"] - rater["judged"] - rater["cannot_judge"]
    return (*(rater[name] for name in ("rater", "specialty", "years", "texts", "judged", "cannot_judge")), missing)


def _agreement(agreement: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "Agreement of the raters, with 95 % intervals:"
    rows = []
    for name, one in agreement.items():
        counts = (one["raters"], one["items"], one["pairable_values"])
        given = " ".join(f"{category}:{number}" for category, number in one["given"].items())
        rows.append((name, *counts, *(number(one[c]) for c in COEFFICIENTS), given))
    head = ("asked", "raters", "items", "pairable values", *COEFFICIENTS.values(), "given")
    yield from aligned(head, rows, left=1, last=True)
    yield from (f"- {line}" for line in why_lines(agreement))
    yield from NOTES


def why_lines(agreement: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is not computable, and why: a line for each reason."""
    whys: dict[str, dict[str, list[str]]] = {}  # by reason, what was asked and the coefficients
    for name, one in agreement.items():
        for key, title in COEFFICIENTS.items():
            if one[key].why:
                whys.setdefault(one[key].why, {}).setdefault(name, []).append(title)
    for why, names in whys.items():
        every = all(len(titles) == len(COEFFICIENTS) for titles in names.values())
        where = names if every else [f"{name} ({', '.join(titles)})" for name, titles in names.items()]
        yield f"{', '.join(where)}: {why}"


def _scales(scales: Mapping[str, Mapping[str, Estimate]]) -> Iterator[str]:
    columns = list(next(iter(scales.values())))
    rows = []
    for name, by_place in scales.items():
        rows.append((name, *(f"{number(one)} of {one.of}" for one in by_place.values())))
    yield from aligned(("scale of 1 to 5", *columns), rows, left=1)
    for name, by_place in scales.items():
        yield from (f"- {name}, {place}: {one.why}" for place, one in by_place.items() if one.why)
    yield "`of`: questions. Each counts once, with the mean of what its raters said."


def preference_lines(preference: Mapping[str, Any]) -> Iterator[str]:
    """What is said of the preferences, in a line."""
    if not preference["questions"]:
        yield f"Preference: {preference['why']}."
        return
    counts = {name: value for name, value in preference.items() if isinstance(value, int) and name != "questions"}
    counted = ", ".join(f"{SIDES.get(name, name)} {value}" for name, value in counts.items())
    told = f"Preference, by majority of the raters of a question: {counted}, of {preference['questions']} questions"
    if "why" in preference:
        yield f"{told}; {preference['why']}."
        return
    first = next(iter(counts))
    share = f"{SIDES.get(first, first)} in {number(preference['share'], 100)} % of those decided"
    yield f"{told}; {share}; exact sign test p = {preference['p']:.3g}."


def _experts(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    place, _, of = name.partition(", ")
    yield from ("", f"Folder {place} against the majority of its experts{f', {of}' if of else ''}:")
    for what, title in TITLES.items():
        if what in part:
            yield from _expert_table(title, part[what], whole=not of)


def _expert_table(title: str, one: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """``whole``: of a folder; of a source or a specialty only the shares are shown."""
    about = f"{one['texts']} texts" + (f", {one['steps']} steps" if "steps" in one else "")
    about += f", {one['left_out']} of them without a majority" if one["left_out"] else ""
    about += f", threshold {one['threshold']:g}" if "threshold" in one else ""
    yield f"{title}: {about}"
    if others := one.get("texts_with_other_steps"):
        yield f"- {others} texts left out: their number of steps is not that of the reviews"
    if whole and "counts" in one:
        heads = list(next(iter(one["counts"].values())))
        rows = [(said, *by.values()) for said, by in one["counts"].items()]
        yield from aligned(("dataset says", *(f"experts: {head}" for head in heads)), rows, left=1)
    shares = [(label, value) for label, value in one.items() if isinstance(value, Estimate)]
    yield from aligned(("", "%", "of"), [(label, number(value, 100), value.of) for label, value in shares], left=1)
    yield from (f"- {label}: {value.why}" for label, value in shares if value.why)
    if whole and "bins" in one:
        yield from _bins(one["bins"])


def _bins(bins: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = []
    for one in bins:
        if one["texts"]:
            end = "to" if one["to"] == BINS[-1] else "below"
            rows.append(
                (
                    f"{one['from']:g} {end} {one['to']:g}",
                    one["texts"],
                    f"{one['mean']:.2f}",
                    number(one["relevant"], 100),
                    one["with_irrelevant_step"],
                )
            )
    yield from aligned(("relevance", "texts", "mean", "relevant, %", "with an irrelevant step"), rows, left=1)


def number(estimate: Estimate, times: int = 1) -> str:
    """The value with its interval: ``0.62 [0.41, 0.78]``; with ``times`` 100 in percent. ``-`` where there is none."""
    if estimate.value is None:
        return "-"
    form = ".0f" if times == 100 else ".2f"
    value = f"{times * estimate.value:{form}}"
    if estimate.low is None or estimate.high is None:
        return f"{value} [-]"
    return f"{value} [{times * estimate.low:{form}}, {times * estimate.high:{form}}]"


def aligned(head: Sequence[str], rows: Sequence[Sequence[Any]], *, left: int, last: bool = False) -> list[str]:
    """A table in columns of equal width, the first ``left`` ones (and with ``last`` the last one) flush left, the others flush right."""
    cells = [list(map(str, head)), *[["" if cell is None else str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    to_left = [i < left or (last and i == len(head) - 1) for i in range(len(head))]
    return [
        "  "
        + "  ".join(
            f"{c:<{w}}" if flush else f"{c:>{w}}" for c, w, flush in zip(row, widths, to_left, strict=True)
        ).rstrip()
        for row in cells
    ]
