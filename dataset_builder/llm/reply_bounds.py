"""Bounds on the JSON of a reply: how long its texts and lists may be, and which numbers exist.

A model that follows a schema by a grammar can fill an unbounded list or text for ever: SmolLM2 repeats one finding until its window is
full. The bounds are sent to the server and are no part of a request's key, nor of the check of its reply: an answer that was paid for
without them is found again, and a longer one is as good as before.
"""

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

Bound = int | range  # characters of a text or entries of a list; the numbers that exist
Bounds = tuple[tuple[str, Bound], ...]


def bounds_of(bounds: Mapping[str, Bound]) -> Bounds:
    """The bounds of fields, by name, as a hashable value."""
    return tuple(sorted(bounds.items()))


@functools.lru_cache(maxsize=1024)
def bounded_schema(schema: type[BaseModel], bounds: Bounds) -> dict[str, Any]:
    """The JSON schema of a reply with these bounds.

    Raises KeyError for a bound of a field that no object of the schema has.
    """
    found = copy.deepcopy(schema.model_json_schema())
    by_name, met = dict(bounds), set[str]()
    for properties in _properties(found):
        for name in by_name.keys() & properties.keys():
            properties[name] = _bounded(properties[name], by_name[name])
            met.add(name)
    if strange := by_name.keys() - met:
        raise KeyError(f"found bounds of {sorted(strange)}; {schema.__name__} has no such field")
    return found


def _properties(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of the object and of the objects within it."""
    for described in (schema, *schema.get("$defs", {}).values()):
        if "properties" in described:
            yield described["properties"]


def _bounded(field: dict[str, Any], bound: Bound) -> dict[str, Any]:
    if isinstance(bound, int):
        return field | {"maxItems" if field.get("type") == "array" else "maxLength": bound}
    one_of = {"type": "integer", "enum": list(bound)}
    if field.get("type") == "array":
        return field | {"items": one_of, "maxItems": len(bound)}
    if "anyOf" in field:  # a number or null
        return field | {"anyOf": [one_of, {"type": "null"}]}
    return field | one_of
