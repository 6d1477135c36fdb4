"""Datasets of strangers in MedReason's columns, as JSON lines and as a JSON list, through an audit to its pages; no benchmarks, no graph."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.audit.audit import Settings, audit
from dataset_builder.audit.layouts import layout_for
from dataset_builder.audit.page import write
from dataset_builder.audit.places import audited
from dataset_builder.audit.raw_rows import columns_of
from dataset_builder.sources.raw_files import SourceError
from tests.fuzz.border import Border
from tests.support.planted_rows import FACTS, row


def seeds() -> Sequence[bytes]:
    """Clean rows in both forms."""
    rows = [json.dumps(row(number, fact)) for number, fact in enumerate(FACTS)]
    return ["\n".join(rows).encode(), f"[{', '.join(rows)}]".encode()]


def read(data: bytes, folder: Path) -> None:
    """Read it as one of the two forms, whatever it is."""
    is_list = data.lstrip()[:1] == b"[" or int(hashlib.sha256(data).hexdigest()[:8], 16) % 4 == 0
    path = folder / ("rows.json" if is_list else "rows.jsonl")
    path.write_bytes(data)
    place = audited(str(path), None)
    layout = layout_for(columns_of(path), str(path), None, place.hub_id)
    write(audit(place, layout, folder, Settings()), folder)


BORDER = Border("audit", "jsonl", seeds, read, (SourceError,))
