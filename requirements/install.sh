#!/usr/bin/env bash
# Makes .venv: CPython 3.11, graph-tool, exactly requirements/slim.lock and claims.lock, and this project (editable). `make setup` runs it when something
# changed. What is not needed to build (torch, training, scoring, tests) comes later: install_all.sh.
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
make setup then installs the locks of requirements/ in .venv and shows it that graph_tool, nothing else of the environment.
The lock keeps numpy 1.26 for the sake of Debian'"'"'s graph-tool; the one from conda-forge works with it and with numpy 2.'

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
unfinished=$VENV/.unfinished  # requirements/packages.py keeps it while it installs
[ ! -e "$unfinished" ] || say 'the set-up before this one was interrupted'
if [ -e "$unfinished" ] || ! "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.base_prefix != sys.argv[1])' "$made_from" 2>/dev/null; then
  say "making $VENV"
  "$PYTHON" -m venv --clear --without-pip "$VENV"
  : > "$unfinished"
  "$VENV/bin/python" -Im ensurepip --default-pip >/dev/null
fi

say 'installing requirements/slim.lock and claims.lock (about 0.8 GB)'
"$VENV/bin/python" requirements/packages.py requirements/slim.lock requirements/claims.lock || stop 'requirements/slim.lock or claims.lock could not be installed; the message
is above. Expected the files of these names and hashes from the package index: run make setup again where they can be had. An index that gives others is not to be trusted.'

say 'showing .venv graph_tool, and nothing else of that folder'
mkdir -p "$VENV/share/graph_tool"
ln -sfn "$graph_tool" "$VENV/share/graph_tool/graph_tool"
echo "$VENV/share/graph_tool" > "$VENV/lib/python3.11/site-packages/graph_tool.pth"

say 'installing this project (editable)'
"$VENV/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
"$VENV/bin/python" -c 'import runpy; runpy.run_path("kg/guard.py")["check_environment"](); import graph_tool' || stop 'graph_tool does not import in .venv; the reason is above.'
say 'compiling the path search (12 seconds)'  # else the first build would wait for it
"$VENV/bin/python" -c 'from kg import KG; KG.load("sample").shortest_paths([(0, 1)])' || stop 'the path search does not compile; the reason is above.'
say "done: $(du -sh "$VENV" | cut -f1) in $VENV; what more is needed for embedders, training, scores and tests, their make targets install"
