"""`sft.train` from data on a local Hub to a checkpoint on it; killed and begun again; in two processes, with and without DeepSpeed.

python -m tests.sft.run_training one | killed | ddp | zero3      each prints what it saw; all train the same rows from the same model
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from sft import model_card, tiny_model
from sft.recipe import FOLDER
from tests.sft.run_preflight import write_rows
from tests.support.hub.running import Running, running

FACTS = {
    "Which vitamin is deficient in scurvy?": ("Collagen is weak, and gums bleed.", "B. Vitamin C"),
    "Which drug relieves an attack of gout?": ("Crystals inflame the toe.", "A. Colchicine"),
    "Which drug causes a dry cough?": ("Bradykinin is not broken down.", "C. Lisinopril"),
    "Which nerve is hurt in wrist drop?": ("The extensors have no drive.", "D. Radial nerve"),
    "Which organ makes insulin?": ("Beta cells lie in islets.", "B. Pancreas"),
    "Which cell makes antibodies?": ("It matures from a B cell.", "A. Plasma cell"),
    "Which artery supplies the sinus node?": ("It leaves the aorta on the right.", "C. Right coronary"),
    "Which gas is carried by haemoglobin?": ("Iron binds it.", "D. Oxygen"),
}
BASE = "build/tiny-base"
STEPS, SAVED = 120, 30
DATA = "hf://datasets/org/facts@v1/data/train-*.parquet"


def rows() -> list[dict[str, Any]]:
    return [
        {
            "id": f"fact-{number}",
            "prompt": [{"role": "user", "content": question}],
            "completion": [
                {"role": "assistant", "content": f"## Thinking\n\n{why}\n\n## Final Answer\n\nThe answer is {answer}"}
            ],
        }
        for number, (question, (why, answer)) in enumerate(FACTS.items())
    ]


@contextmanager
def prepared() -> Iterator[tuple[Path, Running, dict[str, str]]]:
    """A base model, a local Hub with a dataset at tag v1, and the environment of its clients."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "hub") as hub:
        home = Path(folder)
        tiny_model.make(home / BASE)
        write_rows(home / "facts", rows())
        api = HfApi(endpoint=hub.url, token=hub.token())
        api.create_repo("org/facts", repo_type="dataset")
        upload = "import huggingface_hub as h; h.HfApi().upload_folder(repo_id='org/facts', repo_type='dataset', folder_path='facts')"
        subprocess.run([sys.executable, "-c", upload], cwd=home, env=hub.env(), check=True, capture_output=True)
        api.create_tag("org/facts", tag="v1", repo_type="dataset")
        os.chdir(home)  # the base model's name is the recipe's, a folder under the one where training is begun
        own = {"TORCH_EXTENSIONS_DIR": str(home / "compiled"), "PYTHONPATH": str(FOLDER.parent)}
        yield home, hub, hub.env(home=home / "hf") | {"OMP_NUM_THREADS": "1"} | own


def training(home: Path, out: str, *flags: str, launcher: tuple[str, ...] = (), batch: int = 4) -> list[str]:
    settings = {"--model_name_or_path": BASE, "--dataset": DATA, "--output_dir": home / out, "--max_steps": STEPS}
    settings |= {"--per_device_train_batch_size": batch, "--logging_steps": 1, "--save_steps": SAVED}
    named = [str(part) for pair in settings.items() for part in pair]
    start = launcher or (sys.executable,)
    return [*start, "-m", "sft.train", "--config", str(FOLDER / "tiny.yaml"), *named, *flags]


def run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-5000:]}")
    return done.stdout


def losses(out: Path) -> list[tuple[int, float]]:
    history = json.loads((out / "trainer_state.json").read_text("utf-8"))["log_history"]
    return [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]


def furthest(a: Path, b: Path) -> float:
    """The largest difference between parameters of two models."""
    one, other = (load_file(folder / "model.safetensors") for folder in (a, b))
    assert one.keys() == other.keys()
    return max((one[name].float() - other[name].float()).abs().max().item() for name in one)


def answers(folder: str | Path, **options: Any) -> list[bool]:
    """Whether the checkpoint answers each training question with the trained words, and then stops."""
    tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    right = []
    for row in rows():
        inputs = tokenizer.apply_chat_template(
            row["prompt"], add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        with torch.no_grad():
            said = model.generate(**inputs, max_new_tokens=120, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        right.append(tokenizer.decode(said) == row["completion"][0]["content"] + tokenizer.eos_token)
    return right


def rewritten(out: Path) -> str:
    """The card made anew with scores, as `make cards RECIPE=tiny SCORES=…` does: the recipe's file says nothing of this run's flags."""
    engine = {"lighteval": "0.13.0", "backend": "litellm", "device": None, "endpoint": "http://127.0.0.1:1/v1"}
    scores = {"model": "m", "revision": None, "commit": None, "engine": engine, "tasks": []}
    (out / "scores.json").write_text(json.dumps(scores))
    model_card.main(["--config", str(FOLDER / "tiny.yaml"), "--out", str(out), "--scores", str(out / "scores.json")])
    return (out / "README.md").read_text("utf-8")


def killed_at(command: list[str], env: dict[str, str], checkpoint: Path) -> int:
    """Kill the process (SIGKILL) as soon as this checkpoint is whole, and say how it ended."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (checkpoint / "trainer_state.json").is_file() and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
    return process.wait()


def one(home: Path, hub: Running, env: dict[str, str]) -> dict[str, Any]:
    """One process, pushed to a branch; a token that may only read is refused before the first step; another OUT is not mixed up."""
    push = ("--push_to_hub", "true", "--hub_model_id", "org/facts-model", "--hub_revision", "candidate")
    told = run(training(home, "one", *push), env)
    api = HfApi(endpoint=hub.url, token=hub.token())
    files = api.list_repo_files("org/facts-model", revision="candidate")
    os.environ |= {"HF_HUB_OFFLINE": "0"}
    fetched = home / "fetched"
    get = f"import huggingface_hub as h; h.snapshot_download('org/facts-model', revision='candidate', local_dir={str(fetched)!r})"
    subprocess.run([sys.executable, "-c", get], env=env, check=True, capture_output=True)
    reader = subprocess.run(
        training(home, "reader", *push), env=env | {"HF_TOKEN": hub.token("reader")}, capture_output=True, text=True
    )
    other = subprocess.run(training(home, "one", "--learning_rate", "0.1"), env=env, capture_output=True, text=True)
    lock = home / "compiled" / "deepspeed_op" / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (0, 0))
    locked = subprocess.run(training(home, "locked"), env=env, capture_output=True, text=True)
    return {
        "told": told[-800:],
        "files": files,
        "rewritten": rewritten(home / "one"),
        "losses": losses(home / "one"),
        "answers": answers(fetched),
        "card": (fetched / "README.md").read_text("utf-8"),
        "run": json.loads((fetched / "run.json").read_text("utf-8")),
        "reader": [
            reader.returncode,
            reader.stderr[reader.stderr.find("error: ") :][:1500],
            (home / "reader" / f"checkpoint-{SAVED}").exists(),
        ],
        "other": [other.returncode, other.stderr[other.stderr.find("error: ") :][:800]],
        "locked": [locked.returncode, locked.stderr[locked.stderr.find("error: ") :][:800]],
    }


def killed(home: Path, hub: Running, env: dict[str, str]) -> dict[str, Any]:
    run(training(home, "whole"), env)
    status = killed_at(training(home, "killed"), env, home / "killed" / f"checkpoint-{2 * SAVED}")
    half = home / "killed" / "checkpoint-9999"  # as a kill in the middle of a save leaves it
    shutil.copytree(
        home / "killed" / f"checkpoint-{2 * SAVED}", half, ignore=shutil.ignore_patterns("trainer_state.json")
    )
    told = run(training(home, "killed"), env)
    return {
        "status": status,
        "told": told,
        "whole": losses(home / "whole"),
        "resumed": losses(home / "killed"),
        "furthest": furthest(home / "whole", home / "killed"),
    }


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def several(home: Path, env: dict[str, str], launcher: tuple[str, ...]) -> dict[str, Any]:
    """Two processes with two rows each, against one with four; also with one row each and two accumulated."""
    steps = ("--max_steps", "12")
    run(training(home, "one", *steps), env)
    run(training(home, "two", *steps, launcher=launcher, batch=2), env)
    run(training(home, "accumulated", *steps, "--gradient_accumulation_steps", "2", launcher=launcher, batch=1), env)
    return {
        "one": losses(home / "one"),
        "two": losses(home / "two"),
        "accumulated": losses(home / "accumulated"),
        "moved": furthest(home / BASE, home / "one"),
        "furthest": [furthest(home / "one", home / name) for name in ("two", "accumulated")],
        "processes": json.loads((home / "two" / "run.json").read_text("utf-8"))["processes"],
    }


def ddp(home: Path, hub: Running, env: dict[str, str]) -> dict[str, Any]:
    return several(
        home,
        env,
        (sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={free_port()}"),
    )


def zero3(home: Path, hub: Running, env: dict[str, str]) -> dict[str, Any]:
    config = str(FOLDER / "accelerate" / "two_cpu.yaml")
    return several(
        home,
        env,
        (
            sys.executable,
            "-m",
            "accelerate.commands.launch",
            "--config_file",
            config,
            "--main_process_port",
            free_port(),
        ),
    )


if __name__ == "__main__":
    scenario = {"one": one, "killed": killed, "ddp": ddp, "zero3": zero3}[sys.argv[1]]
    with prepared() as place:
        found = scenario(*place)
    print(json.dumps(found))
