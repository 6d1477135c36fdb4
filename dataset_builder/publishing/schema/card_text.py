"""The YAML of a card before it is parsed: bounded, and without what makes a short text large."""

from pathlib import Path

import yaml
from huggingface_hub.repocard import REGEX_YAML_BLOCK

MAX_BYTES = 1_000_000  # a card has 20 to 30 kB, its YAML 5 to 10
MAX_YAML, MAX_DEPTH = 50_000, 50
OPENS, CLOSES = (yaml.MappingStartEvent, yaml.SequenceStartEvent), (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def expect_plain(file: Path) -> None:
    """Raise ValueError where the YAML of this card is long, deep, or has an alias: ten lines of aliases are a billion values.

    Raises YAMLError where it is no YAML, OSError where the file cannot be read.
    """
    if (size := file.stat().st_size) > MAX_BYTES:
        raise ValueError(f"the card has {size:,} bytes; at most {MAX_BYTES:,} are read")
    with file.open(newline="", encoding="utf-8") as opened:  # as `load_dataset` reads it
        found = REGEX_YAML_BLOCK.search(opened.read())
    if not found:
        return
    if len(found[2]) > MAX_YAML:
        raise ValueError(f"it has {len(found[2]):,} characters; at most {MAX_YAML:,} are read")
    depth = 0
    for event in yaml.parse(found[2], yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"it has the alias *{event.anchor}, which `build` never writes")
        depth += isinstance(event, OPENS) - isinstance(event, CLOSES)
        if depth > MAX_DEPTH:
            raise ValueError(f"it has lists or objects in each other, more than {MAX_DEPTH} deep")
