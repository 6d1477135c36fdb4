"""Time and memory of a push, compared with the bare client's upload_folder on the same local Hub."""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.hub.running import ROOT, Process, Running
from tests.support.push_folder import write_folder

BARE = """
import sys, time
from huggingface_hub import HfApi
api, (folder, name) = HfApi(), sys.argv[1:]
started = time.perf_counter()
api.create_repo(name, repo_type="dataset")
api.upload_folder(folder_path=folder, repo_id=name, repo_type="dataset")
print("seconds", time.perf_counter() - started)
"""
MEMORY = """
from pathlib import Path
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print("KiB", peak.split()[1])  # of this program alone: getrusage also counts what its parent had at the fork
"""
PUSH = """
import sys, time
from dataset_builder.__main__ import main
folder, name = sys.argv[1:]
started = time.perf_counter()
assert main(["push", folder, "--repo", name, "--tag", "v1"]) == 0
print("seconds", time.perf_counter() - started)
"""
VERIFY = PUSH.replace('["push", folder, "--repo", name, "--tag", "v1"]', '["verify", name]')


def measure(megabytes: float, times: int = 3) -> list[str]:
    """Lines with the medians of several rounds, and the ratio. Imports are not counted: they are the same for both."""
    with tempfile.TemporaryDirectory() as there, Process(Path(there) / "hub") as process:
        hub, data = process.start(), Path(there) / "data"
        write_folder(data, megabytes, seed=0)
        size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
        home, found = Path(there) / "home", {}
        cold = _run(hub, PUSH, data, "org/cold", home)  # reads every row, and remembers that they were right
        for number in range(times):
            for name, script in (("bare", BARE), ("push", PUSH)):
                found.setdefault(name, []).append(_run(hub, script, data, f"org/{name}{number}", home))
        verified = _run(hub, VERIFY, data, "org/cold@v1", home)
    bare, push = (statistics.median(seconds for seconds, _ in found[name]) for name in ("bare", "push"))
    memory = {name: max(mib for _, mib in rounds) for name, rounds in found.items()}
    return [
        f"{size / 1e6:.0f} MB: upload_folder {bare:.1f} s, {memory['bare']} MiB; push {push:.1f} s, {memory['push']} MiB; "
        f"ratio {push / bare:.2f} (medians of {times})",
        f"a push that must read every row first (a folder that this machine has not built): {cold[0]:.1f} s, {cold[1]} MiB",
        f"verify from the Hub, download included: {verified[0]:.1f} s, {verified[1]} MiB",
    ]


def _run(hub: Running, script: str, data: Path, name: str, home: Path) -> tuple[float, int]:
    """Seconds, and the peak of the process's memory in MiB."""
    environment = hub.env(home=home) | {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-c", script + MEMORY, str(data), name]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    seconds, kib = done.stdout.rsplit("seconds ", 1)[1].split("KiB")
    return float(seconds), int(kib) // 1024
