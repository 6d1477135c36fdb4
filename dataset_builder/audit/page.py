"""audit.json, audit.md and audit.html: one result in three forms. Both pages are made from the JSON alone, so their numbers are the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dataset_builder.audit.findings import FILE, LEVELS, PAGES
from dataset_builder.publishing.hub.markdown import environment
from dataset_builder.report.page import policy
from kg.terminal import one_line

HERE = Path(__file__).parent
STYLE = HERE.parent / "report" / "report.css"


def write(result: Mapping[str, Any], out: Path) -> str:
    """Write the three files into this folder. Returns the Markdown."""
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (out / PAGES[0]).write_text(text + "\n", "utf-8")
    result = json.loads(text)
    page = markdown(result)
    (out / PAGES[1]).write_text(page, "utf-8")
    (out / PAGES[2]).write_text(html(result), "utf-8")
    return page


def markdown(result: Mapping[str, Any]) -> str:
    """The result as Markdown."""
    templates = environment(HERE)
    templates.filters |= NUMBERS
    return templates.get_template("audit.md.jinja").render(**_facts(result))


def html(result: Mapping[str, Any]) -> str:
    """The result as one page, which loads nothing and runs nothing."""
    style = STYLE.read_text("utf-8") + (HERE / "audit.css").read_text("utf-8")
    facts = _facts(result) | {"style": style, "policy": policy(style, "")}
    templates = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
    )
    templates.filters |= NUMBERS
    return templates.get_template("audit.html.jinja").render(**facts)


def percent(found: Mapping[str, Any]) -> str:
    """``3.2 %``, with ``[2.1, 4.8]`` where it is an estimate; "–" where there is nothing to divide by."""
    if found.get("share") is None:
        return "–"
    share = 100 * found["share"]
    shown = "< 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"
    return f"{shown} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]" if found.get("low") is not None else shown


NUMBERS = {"percent": percent, "number": lambda value: f"{value:,}"}


def _shown(value: Any) -> Any:
    """The result with every control character of every text escaped: names of sources and ids are written by others."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(one) for key, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, (list, tuple)) else value


def _facts(result: Mapping[str, Any]) -> dict[str, Any]:
    result = _shown(result)
    levels = {
        level: [(check, one) for check in result["checks"] for one in check["findings"] if one["level"] == level]
        for level in LEVELS
    }
    return {"r": result, "levels": levels, "findings_file": FILE}
