"""A build in a process of its own, for the tests of builds that share a store: ``python -m tests.llm.ask_beside STORE FIRST ROWS [MAX_USD]``.

Says that it is ready, and begins when it is given a line. Prints as JSON what it has sent and spent, and the codes of its rows.
"""

import json
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.llm.asking import PRICES, WRITER, say
from tests.test_stage import question

IN_FLIGHT = 16


def main(store: str, first: str, rows: str, max_usd: str = "") -> None:
    """Ask so many questions, from this one on."""
    asked = [question(f"question {int(first) + i}") for i in range(int(rows))]
    calls = {
        "prices": PRICES,
        "timeout_s": 20.0,
        "in_flight": IN_FLIGHT,
        "max_usd": float(max_usd) if max_usd else None,
    }
    rows_on_disk = on_disk(asked)
    import_module("dataset_builder.llm.calls.dispatch")  # which takes a second, in which others would ask
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with Runner(AnswerStore(Path(store)), calls) as runner:
        done, [one] = run(rows_on_disk, [say.using(llm=WRITER)], runner=runner)
    codes = Counter(row["rejected_because"] or "published" for row in done.to_list())
    assert one.calls is not None
    found = {"sent": one.calls.sent, "usd": one.calls.now.usd, "before": one.calls.before.usd, "codes": codes}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
