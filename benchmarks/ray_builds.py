"""Builds on Ray against the plain build: python -m benchmarks.ray_builds [PIPELINE …] [--rows 5000] [--workers 1,2,4] [--nodes].

Real questions of MedQA and MedMCQA from $SHARED_DATA/hub, the real subset of PrimeKG, claims read; for `medreason` the scripted model server,
asked by the first build, and by the one on two nodes again (each of them has its own store; the others replay the first one's). Every build
has a cache of its own; the prepared graph is shared. ``--nodes``: also on a cluster of two nodes with one CPU each, which are processes of
this machine (`ray start`). Per build: seconds that passed; of these, in the stages that a cluster applies; CPU seconds of the build's own
process, and of all; its content hash; what the server was asked, and paid again. From these: the terms of the law of growth in docs/ray.md.
"""

import argparse
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.model_calls_server import Server
from dataset_builder.cluster.filling import is_heavy
from dataset_builder.llm.model import LLM
from dataset_builder.pipelines import PIPELINES
from kg import KG
from tests.support.ray_nodes import Nodes, ray_nodes
from tests.support.shared_data import SHARED_DATA

SOURCES = ("--sources", "medqa,medmcqa", "--split", "medmcqa=validation", "--data-dir", str(SHARED_DATA / "hub"))
MODELS = ("--writer", "scripted", "--judge", "scripted")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"


class Builds:
    """Builds of one pipeline, each in a folder of its own."""

    def __init__(self, place: Path, pipeline: str, rows: int, server: Server) -> None:
        self.place, self.pipeline, self.rows, self.server = place, pipeline, rows, server
        self.first: str | None = None

    def build(self, name: str, *words: str, store: str = "answers", nodes: Nodes | None = None) -> None:
        """Build, and print what it took. ``nodes``: a cluster that is not the build's own."""
        environment = os.environ | {
            "HF_HOME": str(self.place / "hf"), "HF_DATASETS_CACHE": str(self.place / name / "cache"), "HF_HUB_OFFLINE": "1",
            "OPENAI_BASE_URL": self.server.url, "OPENAI_API_KEY": "scripted", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        }  # fmt: skip
        environment |= {} if nodes is None else nodes.token
        out = self.place / name / "out"
        command = [
            sys.executable,
            "-m",
            "dataset_builder",
            "build",
            self.pipeline,
            *SOURCES,
            "--rows",
            str(self.rows // 2),
        ]
        command += ["--kg", str(GRAPH), "--out", str(out), "--store", str(self.place / f"{store}.sqlite"), *words]
        command += MODELS if self.pipeline != "kg_only" else ()
        asked, started = self.server.stats(), time.monotonic()
        with (self.place / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            own, cpu = _cpu_until_end(process, [one.pid for one in nodes.processes] if nodes else [])
        if process.returncode:
            raise RuntimeError((self.place / f"{name}.log").read_text()[-3000:])
        manifest, stats = json.loads((out / "manifest.json").read_text("utf-8")), self.server.stats()
        self.first = self.first or manifest["content_hash"]
        same = "equal" if manifest["content_hash"] == self.first else "ANOTHER"
        sent = {stage.name for stage in PIPELINES[self.pipeline](**_tools(self.pipeline)) if is_heavy(stage)}
        seconds = sum(one["seconds"] for one in manifest["run"]["stages"] if one["stage"] in sent)
        print(
            f"{self.pipeline:10} {name:12} {time.monotonic() - started:7.1f} s {seconds:7.1f} s in its stages; CPU {own:6.1f} s of {cpu:6.1f} s  "
            f"{manifest['content_hash'][:12]} {same}; {stats['requests'] - asked['requests']} requests, {stats['paid_again'] - asked['paid_again']} paid again",
            flush=True,
        )


def _cpu_until_end(process: subprocess.Popen[bytes], others: list[int]) -> tuple[float, float]:
    """CPU seconds of the process, and of it, these others, and all that they start, until it ends; of the last half second some may lack."""
    seconds: dict[tuple[int, float], float] = {}
    before: dict[tuple[int, float], float] = {}
    while process.poll() is None:
        for pid in (process.pid, *others):
            try:
                tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            for one in tree:
                try:
                    times, name = one.cpu_times(), (one.pid, one.create_time())
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                before.setdefault(name, 0.0 if pid == process.pid else times.user + times.system)
                seconds[name] = times.user + times.system - before[name]
        time.sleep(0.5)
    own = next(value for (pid, _), value in seconds.items() if pid == process.pid)
    return own, sum(seconds.values())


def _tools(pipeline: str) -> dict[str, Any]:
    """What a pipeline takes, to see which stages it has."""
    tools = {"kg": KG.load(str(GRAPH)), "reader": None, "seed": 0, "writer": LLM("scripted"), "judge": LLM("scripted")}
    return {name: tools[name] for name in inspect.signature(PIPELINES[pipeline]).parameters if name in tools}


def main() -> None:
    """Build each pipeline without Ray, with each number of workers, and on two nodes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipelines", nargs="*", default=["kg_only", "medreason"], metavar="PIPELINE")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--nodes", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for pipeline in given.pipelines:
            with Server("tests.support.llm_server.replies:reply") as server:
                builds = Builds(Path(place) / pipeline, pipeline, given.rows, server)
                builds.place.mkdir()
                builds.build("plain")
                builds.build("plain-again")
                for workers in filter(None, given.workers.split(",")):
                    builds.build(f"ray-{workers}", "--ray", "local", "--num-proc", workers)
            if given.nodes:
                with ray_nodes(1, 1) as nodes, Server("tests.support.llm_server.replies:reply") as builds.server:
                    builds.build("two-nodes", "--ray", nodes.address, store="own", nodes=nodes)


if __name__ == "__main__":
    main()
