"""Read manifest.json, for every reader: a fault is a line that names the field, what was found, and what was expected."""

import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dataset_builder.publishing.layout import INTERMEDIATES, MANIFEST, ROWS, SPLITS, UNROLLED, FolderError
from dataset_builder.publishing.schema.fields import Manifest
from dataset_builder.publishing.schema.json_text import parse_json
from kg.terminal import one_line

# of the manifest: 1, which has no such field, counted the code among the inputs of the content hash; a folder of 1 or 2 has no croissant.json
FORMAT = WITH_CROISSANT = 3
NEEDED = ("files", "rows", "columns")  # from these, the paths of the files follow
SHOWN = 5  # lines of a long list of faults
OF_A_BUILD = ("content_hash", "pipeline", "trial", "inputs", "graph", "origins", "funnel", "run", *NEEDED)


class _Short(reprlib.Repr):
    """A value of a stranger in a message: it may be long, and an integer of YAML too long for Python to write."""

    def repr_int(self, x: int, level: int) -> str:
        return super().repr_int(x, level) if x.bit_length() <= 64 else f"an integer of {x.bit_length()} bits"


SHORT = _Short()
SHORT.maxstring = SHORT.maxother = 120


def parsed_manifest(text: bytes, place: object, needed: Sequence[str] = NEEDED) -> dict[str, Any]:
    """The manifest of this text. ``place``: its folder or repository, for the message. Raises FolderError, with all faults (`wrong_fields`)."""
    try:
        manifest = parse_json(text)
    except ValueError as why:
        raise FolderError(told_fields(place, [unreadable(why)])) from why
    if wrong := wrong_fields(manifest, needed):
        raise FolderError(told_fields(place, wrong))
    return manifest


def unreadable(why: Exception) -> str:
    """The fault of a manifest that cannot be read at all."""
    return f"cannot be read ({why}); expected one written by `build`"


def wrong_fields(manifest: Any, needed: Sequence[str] = NEEDED) -> list[str]:
    """What is wrong with the fields of a parsed manifest: field, what was found, what was expected. Empty: a reader can rely on them.

    ``needed``: the fields that must be there.
    """
    if not isinstance(manifest, dict):
        return [f"found {SHORT.repr(manifest)}; expected an object"]
    if (version := manifest.get("format", 1)) not in range(1, FORMAT + 1):
        return [f"has format {SHORT.repr(version)}, expected at most {FORMAT}: a newer version of this code wrote it"]
    missing = [f"{name}: found nothing; expected this field" for name in needed if name not in manifest]
    try:
        Manifest.model_validate(manifest)
    except ValidationError as why:
        return missing + [_told(error) for error in why.errors(include_url=False)]
    return missing or list(_wrong_names(manifest))


def _wrong_names(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The names from which the paths of files follow, where they are none that `build` writes."""
    known = {"rows": SPLITS, "intermediates": INTERMEDIATES}
    for key, names in known.items():
        yield from (f"{key}: found {name!r}; expected only {', '.join(names)}" for name in manifest.get(key, {}) if name not in names)  # fmt: skip
    if manifest.get("rows") == {}:
        yield f"rows: found none; expected the number of rows of {' or '.join(SPLITS)}"
    taken = {"default", ROWS, UNROLLED, *INTERMEDIATES}  # their files are other rows
    for name in manifest.get("configs", {}):
        if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name) or name in taken:
            yield f"configs: found the name {name!r}; expected letters and digits, and none of {', '.join(sorted(taken))}"


_EXPECTED = {
    "missing": "this field",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "string_pattern_mismatch": "64 hexadecimal digits",
    "string_too_short": "a text that is not empty",
}


def _told(error: Any) -> str:
    """An error of pydantic: the field with its place, what was found, what was expected."""
    place = ""
    for part in error["loc"]:
        name = f"[{part}]" if isinstance(part, int) else part if part and part.isprintable() else SHORT.repr(part)
        place += name if not place or name.startswith("[") else f".{name}"
    found = "nothing" if error["type"] == "missing" else SHORT.repr(error["input"])
    own = re.sub(r"^(Value error, |Input should be |Input should )", "", error["msg"])
    own = re.sub(r"^(greater|less)", r"a number \1", own)
    return f"{place.removesuffix('[key]')}: found {found}; expected {_EXPECTED.get(error['type'], own)}"


def told_fields(folder: object, wrong: list[str]) -> str:
    """Faults of a manifest as one message."""
    lines = listed([f"{MANIFEST}: {line}" for line in wrong])
    return f"{folder} has no manifest that can be used; build or download it again:\n{lines}"


def listed(wrong: Sequence[str]) -> str:
    """The first SHOWN faults, a line each, and how many there are more."""
    more = [f"… and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    return "\n".join(f"- {line}" for line in [*map(one_line, wrong[:SHOWN]), *more])
