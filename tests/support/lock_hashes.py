"""Write the hashes of a lock's packages into it, from the package index: python -m tests.support.lock_hashes [LOCK …]

A line of a lock becomes ``name==version --hash=sha256:… …``: of each wheel that CPython 3.11 on Linux x86-64 can take (one per version of
glibc), or of the source archive where there is none. pip checks them before it unpacks or runs anything (`--require-hashes`).
"""

import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

INDEX = "https://pypi.org/simple"
# The one package that the CPU lock does not take from PyPI, whose wheel is CUDA's. Its version there ends in +cpu: uv looks for a file of exactly the
# locked version, and found none with this hash for 2.13.0. This is the wheel of PyTorch's index,
# download.pytorch.org/whl/cpu/torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl
TORCH_ON_CPU = {("cpu.lock", "torch"): ["6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"]}
LOCKS = [
    Path(__file__).parents[2] / "requirements" / name
    for name in ("cpu.lock", "gpu.lock", "ray.lock", "installer.lock")
]
OLD = ("manylinux1", "manylinux2010", "manylinux2014", "linux")


def usable_tags() -> set[Tag]:
    """The tags of wheels for CPython 3.11 on Linux x86-64, whatever the version of glibc."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 41)] + [f"{name}_x86_64" for name in OLD]
    return {*cpython_tags((3, 11), platforms=platforms), *compatible_tags((3, 11), "cp311", platforms)}


def usable(files: Iterable[dict[str, Any]], version: str, tags: set[Tag]) -> list[str]:
    """The sha256 of the wheels of this version with one of these tags, else of the source archive."""
    wheels, sources = [], []
    for file in files:
        try:
            _, of, _, its_tags = parse_wheel_filename(file["filename"])
            if of == Version(version) and its_tags & tags:
                wheels.append(file["hashes"]["sha256"])
        except InvalidWheelFilename:
            try:
                if parse_sdist_filename(file["filename"])[1] == Version(version):
                    sources.append(file["hashes"]["sha256"])
            except InvalidSdistFilename:
                continue  # an .exe or .egg of long ago
    return wheels or sources


def with_hashes(lock: Path) -> str:
    """The text of a lock, with the hashes of every line. Raises ValueError where a package has no usable file."""
    tags = usable_tags()

    def line_of(line: str, client: httpx.Client) -> str:
        if line.startswith("#"):
            return line
        name, version = re.split(r"==|\s", line)[:2]
        hashes = TORCH_ON_CPU.get((lock.name, name))
        if hashes is None:
            reply = client.get(f"{INDEX}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
            hashes = usable(reply.raise_for_status().json()["files"], version, tags)
        if not hashes:
            raise ValueError(f"{name}=={version}: found no file for CPython 3.11 on Linux x86-64 in {INDEX}/{name}/")
        return f"{name}=={version} " + " ".join(f"--hash=sha256:{one}" for one in sorted(hashes))

    with httpx.Client(follow_redirects=True, timeout=60) as client, ThreadPoolExecutor(8) as pool:
        return "\n".join(pool.map(lambda line: line_of(line, client), lock.read_text().splitlines())) + "\n"


if __name__ == "__main__":
    for lock in map(Path, sys.argv[1:] or LOCKS):
        lock.write_text(with_hashes(lock))
