"""A stage: a batched function from columns to columns, and its tools. run.py applies stages to rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Batch = Mapping[str, list[Any]]
REJECTED, DETAIL = "rejected_because", "rejected_detail"


@dataclass(frozen=True)
class Stage:
    """A named function, the columns it reads, the columns it adds, and its tools."""

    fn: Callable[..., Any]
    needs: tuple[str, ...]
    adds: tuple[str, ...]
    optional: tuple[str, ...] = ()
    tools: dict[str, Any] = field(default_factory=dict)
    arrow: bool = False
    asks: str | None = None
    guess: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """The function's name, which is also the name of its file, its prompt and its test."""
        return self.fn.__name__

    @property
    def asks_model(self) -> bool:
        """Whether the stage asks a model: the tool named by ``asks`` was given."""
        return self.asks is not None and self.tools.get(self.asks) is not None

    def __call__(self, batch: Any, **tools: Any) -> Any:
        """The columns for this batch or, if the stage asks a model, its conversations. These tools replace the stage's own."""
        return self.fn(batch, **{**self.tools, **tools})

    def using(self, **tools: Any) -> "Stage":
        """The same stage with these tools (a graph, a model, a number), all of them frozen values."""
        return replace(self, tools=tools)

    def bound(self, columns: Collection[str]) -> "Stage":
        """The stage for these columns: optional columns that exist become needed; of alternatives, the first that exists.

        Raises ValueError where a needed column is missing.
        """
        found = [next((name for name in need.split("|") if name in columns), None) for need in self.needs]
        if missing := sorted(need for need, name in zip(self.needs, found, strict=True) if name is None):
            raise ValueError(
                f"stage {self.name!r} needs {missing}, which no earlier stage adds; it has {sorted(columns)}"
            )
        optional = [name for name in self.optional if name in columns and name not in found]
        return replace(self, needs=(*found, *optional))


def stage(
    *,
    needs: str,
    adds: str = "",
    optional: str = "",
    arrow: bool = False,
    asks: str | None = None,
    guess: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Stage]:
    """Make a function a stage. Column names are separated by blanks; their types are in row.py.

    The function gets the columns it needs, of the rows that are not rejected. It returns lists of the same length: the columns
    it adds and, if it rejects rows, the two columns of ``rejects``. ``needs``: ``a|b`` is either of two columns. ``optional``:
    columns that it reads if an earlier stage has added them. With ``arrow`` its batch is a pyarrow.Table and its columns are
    pyarrow arrays: for stages that would spend most of their time on Python objects.

    ``asks``: the name of the tool that is a model. With this tool the stage returns a conversation for each row
    (llm/conversation.py). ``guess``: a plain batched function with the same tools; it returns the columns that the stage
    typically adds, for an estimate before any call.
    """
    return lambda fn: Stage(
        fn, tuple(needs.split()), tuple(adds.split()), tuple(optional.split()), {}, arrow, asks, guess
    )


def bind(columns: Collection[str], stages: Sequence[Stage]) -> list[Stage]:
    """The stages in this order for rows with these columns, each bound to the columns that it will get (`Stage.bound`).

    So a mistake is found before the first row is built. Raises ValueError for a needed column that no stage adds, or a column that
    is added twice.
    """
    have, bound = set(columns), []
    for s in stages:
        bound.append(s.bound(have))
        if twice := sorted(set(s.adds) & have):
            raise ValueError(f"stage {s.name!r} adds {twice}, which already exists; give the column another name")
        have |= set(s.adds)
    return bound


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """The batch as rows, for a stage that makes one conversation per row."""
    return [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]


def rejects(code: str, details: Sequence[str | None]) -> dict[str, list[Any]]:
    """The two columns with which a stage rejects rows with this code: all with a detail. None: the row is not rejected."""
    return {REJECTED: [code if detail else None for detail in details], DETAIL: list(details)}


def show(stages: Sequence[Stage]) -> str:
    """The stages as the Markdown table printed by `stages` and in the dataset card."""
    lines = ["| stage | reads | adds | uses |", "|---|---|---|---|"]
    for s in stages:
        uses = ", ".join(f"{tool}={_in_words(value)}" for tool, value in s.tools.items())
        lines.append(f"| {s.name} | {', '.join(s.needs)} | {', '.join(s.adds)} | {uses} |")
    return "\n".join(lines)


def _in_words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
