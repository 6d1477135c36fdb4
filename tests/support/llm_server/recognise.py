"""Find the prompt file from which a message was rendered, and make a reply for a schema without a rule of its own."""

import functools
from typing import Any

from jinja2 import Environment, nodes

from dataset_builder.prompt import FOLDER

MIN_PIECE = 12  # characters of a piece of fixed text that tells one prompt from others


def prompt_of(message: str) -> str | None:
    """The name of the prompt whose fixed text is in the message, in its order; of several the one with the most text."""
    fitting = [name for name, pieces in _pieces().items() if _are_in_order(pieces, message)]
    return max(fitting, key=lambda name: sum(map(len, _pieces()[name])), default=None)


def _are_in_order(pieces: tuple[str, ...], message: str) -> bool:
    at = 0
    for piece in pieces:
        if (found := message.find(piece, at)) < 0:
            return False
        at = found + len(piece)
    return bool(pieces)


@functools.cache
def _pieces() -> dict[str, tuple[str, ...]]:
    """Of every prompt the text that is always in it: not that of a condition or a loop. The questions' own files have none."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    found = {}
    for path in sorted(FOLDER.glob("*.jinja")):
        tree = environment.parse(path.read_text("utf-8"))
        outputs = [part for node in tree.body if isinstance(node, nodes.Output) for part in node.nodes]
        texts = [part.data.strip() for part in outputs if isinstance(part, nodes.TemplateData)]
        found[path.stem] = tuple(text for text in texts if len(text) >= MIN_PIECE)
    return {name: pieces for name, pieces in found.items() if not name.startswith("question")}


def instance(schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> Any:
    """A value that fits a JSON schema, the first that comes: what a model without a rule of its own replies."""
    definitions = definitions if definitions is not None else schema.get("$defs", {})
    assert definitions is not None
    if "$ref" in schema:
        return instance(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], definitions)
    if schema.get("type") == "object":
        return {name: instance(inner, definitions) for name, inner in schema.get("properties", {}).items()}
    return {"integer": 1, "number": 1.0, "boolean": False, "array": [], "null": None}.get(schema["type"], "scripted")
