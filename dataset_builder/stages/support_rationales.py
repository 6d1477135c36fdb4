"""How much of a row's paths a rationale says: the graph's support for it, counted by names (neither paper has this)."""

import itertools
import re
from typing import Any

from dataset_builder.row import normalize
from dataset_builder.stage import Batch, rows_of, stage


@stage(needs="paths rationales", adds="support")
def support_rationales(batch: Batch) -> dict[str, list[Any]]:
    """Rejects nothing. A hop counts where the text names both of its ends, as the graph spells them."""
    return {"support": [[_support(r["text"], row["paths"]) for r in row["rationales"]] for row in rows_of(batch)]}


def _support(text: str, paths: list[dict[str, Any]]) -> dict[str, int]:
    words = normalize(text)
    names = {name for path in paths for name in path["names"]}
    said = {name for name in names if re.search(rf"(?<!\w){re.escape(normalize(name))}(?!\w)", words)}
    hops = {hop for path in paths for hop in itertools.pairwise(path["names"])}
    return {"names": len(said), "hops": sum(a in said and b in said for a, b in hops), "of": len(hops)}
