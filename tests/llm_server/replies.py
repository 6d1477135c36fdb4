"""What the scripted model says: simple rules on the prompt, so that whole pipelines run on it."""

import json
import re
from typing import Any

NUMBERED = re.compile(r"^\s*(\d+)[.)] ", re.MULTILINE)


def reply(request: dict[str, Any]) -> str:
    """A reply that fits the request's schema, or else a rationale in MedReason's three parts."""
    prompt = request["messages"][-1]["content"]
    described = request.get("response_format", {}).get("json_schema", {})
    if described:
        return json.dumps(_instance(described["schema"], described["schema"], prompt), ensure_ascii=False)
    return (
        f"**Finding reasoning paths:**\n1. a finding\n\n**Reasoning Process:**\n{prompt[:400]}\n\n**Conclusion:**\nA"
    )


def _instance(schema: dict[str, Any], whole: dict[str, Any], prompt: str) -> Any:
    """Something that the schema allows: the first of an enumeration, a number that the prompt has, words of the prompt."""
    if "$ref" in schema:
        return _instance(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, prompt)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _instance(schema["anyOf"][0], whole, prompt)
    kind = schema.get("type")
    if kind == "object":
        return {name: _instance(part, whole, prompt) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_instance(schema["items"], whole, prompt)]
    if kind in ("integer", "number"):
        numbers = NUMBERED.findall(prompt)
        return int(numbers[0]) if numbers else 1
    if kind == "boolean":
        return True
    return " ".join(prompt.split()[-8:])
