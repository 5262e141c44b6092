"""Times check, build and rebuild of generated fleets, with peak memory: ``python bench/compile.py [NODES …]``.

Each command runs in a process of its own, as a user would run it; the figures are printed as a Markdown table.
Memory is the largest resident set of ``gen`` or of any one process that it starts. No cache survives between two runs
but Python's own byte code; "rebuild" is a second build over the output of the first, and must change no byte.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from generate_fleet import inventory

SIZES = (10, 100, 1000, 10000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Wall-clock seconds, processor seconds of ``gen`` and its children, and peak memory in MiB of one command."""

    wall: float
    processor: float
    memory: float


def run(*arguments: str, folder: Path) -> Timing:
    """Run ``gen`` and measure it; a failure ends the benchmark with what it said."""
    log = folder / "gen.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "generator", *arguments], cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"gen {' '.join(arguments)} ended with {process.returncode}:\n{log.read_text('utf-8')[-2000:]}")
    return Timing(wall=wall, processor=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss / 1024)


def digest(output: Path) -> tuple[str, int]:
    """One digest of every file's path and bytes below ``output``, and how many files there are."""
    files = sorted(path for path in output.rglob("*") if path.is_file())
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(output)}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest(), len(files)


def measure(nodes: int, folder: Path) -> list[str]:
    """The rows of the table for one size."""
    (folder / "bench.yml").write_text(inventory(nodes), encoding="utf-8")
    run("keys", "init", "bench.yml", folder=folder)
    check = run("check", "bench.yml", folder=folder)
    build = run("build", "bench.yml", "-o", "output", folder=folder)
    first, files = digest(folder / "output")
    rebuild = run("build", "bench.yml", "-o", "output", folder=folder)
    if digest(folder / "output")[0] != first:
        sys.exit(f"{nodes} nodes: the second build differs from the first")
    return [
        f"| {nodes:,} | {name} | {files:,} | {timing.wall:.1f} | {timing.processor:.1f} | {timing.memory:.0f} |"
        for name, timing in (("check", check), ("build", build), ("rebuild", rebuild))
    ]


def main() -> None:
    """Measure the sizes of the command line, or all of them."""
    sizes = [int(argument) for argument in sys.argv[1:]] or list(SIZES)
    print("| nodes | command | files | seconds | processor seconds | peak MiB |")
    print("|---:|---|---:|---:|---:|---:|")
    for nodes in sizes:
        with tempfile.TemporaryDirectory(prefix="capsule-bench-") as folder:
            for row in measure(nodes, Path(folder)):
                print(row, flush=True)


if __name__ == "__main__":
    main()
