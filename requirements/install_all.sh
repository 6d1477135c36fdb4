#!/usr/bin/env bash
# Adds to the .venv of install.sh the rest of requirements/cpu.lock: torch, embedders, training, scores, tests. `make setup-all` runs it, and so does every
# target that needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=$PWD/.venv

say() { printf 'setup: %s\n' "$*"; }
stop() { printf '\nsetup stopped: %s\n' "$*" >&2; exit 1; }

torch_way='torch comes from PyTorch'"'"'s CPU wheels, which the default package index does not have (it has another file, which the lock'"'"'s hash refuses). Run
    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make setup-all
Building needs no torch: make dataset works without it.'

if [ -e "$VENV/.unfinished" ]; then  # install.sh then makes .venv anew
  requirements/install.sh
  touch "$VENV/.ready"
fi

say 'installing requirements/cpu.lock (torch, training, scores, tests: about 2 GB more)'
"$VENV/bin/python" requirements/packages.py requirements/cpu.lock || stop "requirements/cpu.lock could not be installed; the message is above. If it is about torch:
$torch_way"

# lighteval 0.13 imports all of its own tasks to start: one downloads a file, so nothing starts without a network, and the loader
# of sglang asks for a module that sglang 0.5.21 has elsewhere. An empty file and an alias; neither is used here.
say 'letting lighteval start without a network'
site="$VENV/lib/python3.11/site-packages"
[ -e "$site/lighteval/tasks/tasks/tinyBenchmarks.pkl" ] || : > "$site/lighteval/tasks/tasks/tinyBenchmarks.pkl"
if [ -e "$site/sglang/srt/utils/hf_transformers_utils.py" ] && [ ! -e "$site/sglang/srt/hf_transformers_utils.py" ]; then
  echo 'from sglang.srt.utils.hf_transformers_utils import *  # noqa: for lighteval 0.13' > "$site/sglang/srt/hf_transformers_utils.py"
fi
say "done: $(du -sh "$VENV" | cut -f1) in $VENV"
