"""A build that takes a while, in a process of its own, to be killed: ``python -m tests.cluster.slow_build FOLDER ADDRESS BLOCKS SECONDS``.

Where OPENAI_BASE_URL is set, a stage that asks a model comes first. The folder keeps cache and answer store, and the lines that its workers write (stages.py). Prints as JSON the number of rows, and a hash of them all.
"""

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.cluster.cluster import Cluster
from dataset_builder.cluster.filling import BLOCK_ROWS
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.cluster.stages import Opened, repeat, shout
from tests.llm.asking import PRICES, WRITER, say
from tests.test_stage import question

WORKERS, IN_FLIGHT = 2, 64


def main(folder: str, address: str, blocks: str, seconds: str) -> None:
    """Build so many blocks, each of which takes so many seconds; address `none`: without a cluster."""
    rows = on_disk([question(f"{number}") for number in range(int(blocks) * BLOCK_ROWS)])
    tool = Opened(float(seconds) / (BLOCK_ROWS / 64), Path(folder) / "log")
    stages = [repeat.using(tool=tool), shout.using(tool=Opened())]
    stages = [say.using(llm=WRITER), *stages] if "OPENAI_BASE_URL" in os.environ else stages
    calls = {"prices": PRICES, "timeout_s": 20.0, "in_flight": IN_FLIGHT}
    with Runner(AnswerStore(Path(folder) / "answers.sqlite"), calls) as runner, contextlib.ExitStack() as stack:
        cluster = None if address == "none" else stack.enter_context(Cluster(address, WORKERS))
        done, _ = run(rows, stages, runner=runner, cluster=cluster)
    text = json.dumps(done.to_list())
    sys.stdout.write(json.dumps({"rows": len(done), "hash": hashlib.sha256(text.encode()).hexdigest()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
