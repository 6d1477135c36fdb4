"""The replies of the scripted model: simple rules for medreason's prompts (for reasonmed: replies_reasonmed.py).

With them whole pipelines run. The model finds entities by name in the graph $SCRIPTED_KG (by default the sample), takes the first
candidate and the first paths, writes what the notes suggest, and is wrong about every seventh answer.
"""

import functools
import json
import os
import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from kg import KG
from tests.support.llm_server import replies_calibration, replies_reasonmed
from tests.support.llm_server.recognise import instance, prompt_of
from tests.support.llm_server.settings import Settings

NUMBERED = re.compile(r"^\d+\. (.*)$", re.MULTILINE)
OPTION = re.compile(r"^([A-Z])\. (.*)$", re.MULTILINE)


def reply(request: dict[str, Any], settings: Settings = Settings()) -> str:  # noqa: B008  frozen
    """The answer to the first user message; a follow-up turn changes nothing of medreason's.

    The rule is that of the prompt (recognise.py). A prompt without a rule gets what fits its schema or, without one, a rationale.

    A request with a schema gets bare JSON, as of an endpoint that enforces it; without one the JSON stands in a fence after
    some words, as models like to write it.
    """
    prompt = next(message["content"] for message in request["messages"] if message["role"] == "user")
    name = prompt_of(prompt) or ""
    if (case := replies_calibration.reply(name, prompt, settings)) is not None:
        said = case
    elif name in replies_reasonmed.RULES:
        said = replies_reasonmed.RULES[name](prompt, request, settings)
    elif name in RULES or "response_format" not in request:
        said = RULES.get(name, _rationale)(prompt)
    else:
        said = instance(request["response_format"]["json_schema"]["schema"])
    if isinstance(said, str):
        return said
    text = json.dumps(said, ensure_ascii=False)
    return text if "response_format" in request else f"Here is what you asked for:\n```json\n{text}\n```"


def _block(prompt: str, tag: str) -> str:
    """The last block of this name; an earlier one belongs to the worked example."""
    return prompt.rpartition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0]


def _numbered(prompt: str, title: str) -> list[str]:
    """The lines of the last numbered list under this title."""
    return NUMBERED.findall(prompt.rpartition(title)[2].partition("\n\n")[0])


@functools.cache
def _graph() -> KG:
    return KG.load(os.environ.get("SCRIPTED_KG", "sample"))


def _mentions(prompt: str) -> dict[str, Any]:
    return {
        "mentions": [
            {"place": place, "text": m.text, "type": m.type, "negated": m.negated}
            for place in ("question", "answer")
            for m in _graph().find_mentions(_block(prompt, place))
        ]
    }


def _choice(prompt: str) -> dict[str, Any]:
    return {"reason": "the first means the same", "number": 1}


def _restatement(prompt: str) -> dict[str, Any]:
    """What the answer names is the answer's; neither side stays empty."""
    names, answer = _numbered(prompt, "Entities:\n"), _block(prompt, "answer")
    named = [i for i, name in enumerate(names, 1) if name.rpartition(" (")[0].casefold() in answer.casefold()]
    if not named or len(named) == len(names):
        named = [len(names)]
    question = _block(prompt, "question").partition("\n")[0]
    others = [i for i in range(1, len(names) + 1) if i not in named]
    return {
        "question": {"text": question, "numbers": others},
        "answer": {"text": " ".join(answer[:200].split()), "numbers": named},
    }


def _kept(prompt: str) -> dict[str, Any]:
    paths = _numbered(prompt, "relations between its entities:\n")
    return {"reason": "the shortest", "numbers": list(range(1, min(3, len(paths)) + 1))}


def _judgement(prompt: str) -> dict[str, Any]:
    right, given = _block(prompt, "right_answer").casefold(), _block(prompt, "answer_to_compare").casefold()
    return {"reason": "compared word by word", "verdict": "right" if right in given else "wrong"}


def _rationale(prompt: str) -> str:
    found = re.search(r"^Where others ended up: (.*)$", prompt, re.MULTILINE)
    end = found[1] if found else "nothing"
    lines = _numbered(prompt, "Connections between things in this case:\n")[:3] or ["a finding"]
    paths = "\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))
    steps = f"1. {_block(prompt, 'question').partition(chr(10))[0]}\n2. This speaks for: {end}"
    return f"**Finding reasoning paths:**\n{paths}\n\n**Reasoning Process:**\n{steps}\n\n**Conclusion:**\n{end}"


def _answer(prompt: str) -> str:
    """The option that the reasoning names last, but for every seventh."""
    reasoning = _block(prompt, "reasoning").rpartition("speaks for: ")[2].casefold()
    options = OPTION.findall(_block(prompt, "question"))
    if not options:
        return f"The answer is {reasoning}"
    if blake2b(prompt.encode(), digest_size=1).digest()[0] % 7 == 0:
        return f"The answer is {options[0][0]}."
    named = [label for label, text in options if text.casefold().rstrip(".") in reasoning]
    return f"The reasoning ends here. The answer is {named[-1]}." if named else "It leads nowhere. The answer is none."


RULES: dict[str, Callable[[str], dict[str, Any] | str]] = {
    "extract_mentions": _mentions,
    "link_nodes": _choice,
    "restate_question": _restatement,
    "prune_paths": _kept,
    "check_answer_judge": _judgement,
    "check_answer": _answer,
    "write_rationale": _rationale,
}
