"""Every regular expression of the project, and texts on which one that backtracks too much needs quadratic time."""

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _constants as sre  # pyright: ignore[reportAttributeAccessIssue]
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue]
from types import ModuleType
from typing import Any, NamedTuple

import dataset_builder
import kg
import lighteval_tasks
import sft

PACKAGES = (kg, dataset_builder, sft, lighteval_tasks)
UNKNOWN = "aa"  # stands for words that a pattern gets when its function runs
AT_START = frozenset(["match", "fullmatch"])
METHODS = frozenset(["search", "sub", "subn", "findall", "finditer", "split"]) | AT_START
FRAGMENTS = (
    *"aA1().,;:-*#|é\"'`{[</\\ \n",
    *("1.", "1.1.1.", "a.", "\n\n", " \n", "**", "a ", "A ", "1 ", "a, ", "a. ", "a\n", "aA", "a-", "a@a.", "()"),
)
SAMPLES = " \na1A.*-(\"'é,_#{|"  # tried in this order as a character of a class


class Found(NamedTuple):
    """A pattern, where it stands, and whether it is only tried at the start of a text."""

    where: str
    pattern: re.Pattern[str]
    at_start: bool


def modules() -> list[ModuleType]:
    """All modules of the project's packages."""
    with warnings.catch_warnings():  # of LiteLLM and torch
        warnings.simplefilter("ignore", DeprecationWarning)
        names = [
            info.name
            for package in PACKAGES
            for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        ]
        return [*PACKAGES, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))]


def found_patterns() -> list[Found]:
    """Every pattern of the project once: those in variables of modules, and those written in calls of ``re``."""
    known = [(module, ast.parse(_source(module))) for module in modules()]
    uses = _uses(tree for _, tree in known)
    found: dict[tuple[str, int, bool], Found] = {}
    for module, tree in known:
        for name, value in vars(module).items():
            methods = uses.get(name, set())
            at_start = bool(methods) and methods <= AT_START
            for pattern in _within(value):
                found.setdefault(
                    (pattern.pattern, pattern.flags, at_start), Found(f"{module.__name__}.{name}", pattern, at_start)
                )
        for function, method, pattern in _written(module, tree):
            at_start = method in AT_START
            found.setdefault(
                (pattern.pattern, pattern.flags, at_start), Found(f"{module.__name__}.{function}", pattern, at_start)
            )
    return list(found.values())


def _source(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).read_text("utf-8")


def _within(value: Any, depth: int = 4) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, dict) and depth:
        yield from (pattern for inner in value.values() for pattern in _within(inner, depth - 1))
    elif isinstance(value, list | tuple | set | frozenset) and depth:
        yield from (pattern for inner in value for pattern in _within(inner, depth - 1))


def _uses(trees: Iterable[ast.AST]) -> dict[str, set[str]]:
    """The methods that are called on each name, anywhere in the project."""
    uses: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                if node.attr in METHODS:
                    uses.setdefault(name, set()).add(node.attr)
    return uses


def _written(module: ModuleType, tree: ast.AST) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Patterns in calls such as ``re.sub(r"…", …)``; a local variable within one counts as its last value, or as UNKNOWN."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {line for scope in functions for line in range(scope.lineno, (scope.end_lineno or scope.lineno) + 1)}
    for scope in [*functions, tree]:
        local = {
            node.targets[0].id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and scope is not tree
        }
        for node in ast.walk(scope):
            if scope is tree and getattr(node, "lineno", 0) in inside:
                continue
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "re"
                and node.func.attr in METHODS | ({"compile"} if scope is not tree else set())
                and node.args
            ):
                flags = [word.value for word in node.keywords if word.arg == "flags"] or [
                    part for part in node.args[1:] if ast.unparse(part).startswith("re.")
                ]
                text = _value(node.args[0], module, local)
                if isinstance(text, str) and text != UNKNOWN:
                    flag = _value(flags[0], module, local) if flags else 0
                    yield (
                        getattr(scope, "name", "?"),
                        node.func.attr,
                        re.compile(text, flag if isinstance(flag, int) else 0),
                    )


def _value(node: ast.AST, module: ModuleType, local: dict[str, ast.expr]) -> Any:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(_value(part, module, local)) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _value(node.value, module, local)
    if isinstance(node, ast.Name) and node.id in local:
        return _value(local[node.id], module, {name: value for name, value in local.items() if name != node.id})
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    if any(name not in vars(module) and name not in ("sorted", "len", "str", "map") for name in names):
        return UNKNOWN
    return eval(compile(ast.Expression(node), "pattern", "eval"), vars(module))  # type: ignore[arg-type]


def hostile(pattern: re.Pattern[str], size: int) -> Iterator[str]:
    """Texts of about ``size`` repetitions: of FRAGMENTS, of the pattern's own words, and of what it repeats after what is before."""
    yield from (fragment * size for fragment in FRAGMENTS)
    parsed = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    own: dict[tuple[str, str], None] = {}
    for before, repeated in _repeats(parsed, ""):
        own.setdefault((before, repeated))
        own.setdefault(("", before + repeated))
    for words in _literals(parsed):
        own.setdefault(("", words))
        own.setdefault(("", words + " "))
    for before, repeated in own:
        if repeated:
            yield before + repeated * (size // len(repeated) + 1) + "\0"


def _repeats(parsed: Any, before: str) -> Iterator[tuple[str, str]]:
    """Each unbounded repetition of a pattern: a text that leads to it, and a text that it repeats."""
    for operation, argument in parsed:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            _low, high, inner = argument
            if high == sre.MAXREPEAT:
                yield before, _sample(inner)
            yield from _repeats(inner, before)
        elif operation is sre.BRANCH:
            for branch in argument[1]:
                yield from _repeats(branch, before)
        elif operation is sre.SUBPATTERN:
            yield from _repeats(argument[3], before)
        elif operation in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _repeats(argument[1], before)
        elif operation is sre.ATOMIC_GROUP:
            yield from _repeats(argument, before)
        before += _sample([(operation, argument)])


def _sample(parsed: Any) -> str:
    """A short text that a part of a pattern matches, as far as that is simple."""
    text = ""
    for operation, argument in parsed:
        if operation is sre.LITERAL:
            text += chr(argument)
        elif operation is sre.NOT_LITERAL:
            text += next(char for char in SAMPLES if ord(char) != argument)
        elif operation is sre.ANY:
            text += "a"
        elif operation is sre.IN:
            text += next(
                (char for char in SAMPLES if _in(char, argument)),
                chr(next((item[1] if isinstance(item[1], int) else 97 for item in argument), 97)),
            )
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            text += _sample(argument[2]) * max(argument[0], 1)
        elif operation is sre.BRANCH:
            text += _sample(argument[1][0])
        elif operation is sre.SUBPATTERN:
            text += _sample(argument[3])
        elif operation is sre.ATOMIC_GROUP:
            text += _sample(argument)
    return text


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _in(char: str, items: Any) -> bool:
    negated = bool(items) and items[0][0] is sre.NEGATE
    inside = any(
        (operation is sre.LITERAL and argument == ord(char))
        or (operation is sre.RANGE and argument[0] <= ord(char) <= argument[1])
        or (operation is sre.CATEGORY and bool(re.match(_CATEGORIES[argument], char)))
        for operation, argument in items
    )
    return inside is not negated


def _literals(parsed: Any) -> Iterator[str]:
    """The words that stand in a pattern as they are."""
    words = ""
    for operation, argument in parsed:
        if operation is sre.LITERAL:
            words += chr(argument)
            continue
        if words:
            yield words
        words = ""
        inner: list[Any] = []
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            inner = [argument[2]]
        elif operation is sre.BRANCH:
            inner = list(argument[1])
        elif operation is sre.SUBPATTERN:
            inner = [argument[3]]
        for part in inner:
            yield from _literals(part)
    if words:
        yield words
