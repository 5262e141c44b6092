"""Times check, build and rebuild of generated fleets, with peak memory.

``python bench/compile.py --nodes 10,1000 --repeat 3`` prints a Markdown table.

Each command runs in a process of its own, as a user would run it; the figures are printed as a Markdown table.
Memory is the largest resident set of ``gen`` or of any one process that it starts. No cache survives between two runs
but Python's own byte code; "rebuild" is a second build over the output of the first, and must change no byte.
Each figure is the median of its repetitions. ``TMPDIR`` chooses the filesystem that is built on.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
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


def measure(nodes: int, folder: Path) -> tuple[int, dict[str, Timing]]:
    """How many files the build of one size has, and the figures of each command."""
    (folder / "bench.yml").write_text(inventory(nodes), encoding="utf-8")
    run("keys", "init", "bench.yml", folder=folder)
    check = run("check", "bench.yml", folder=folder)
    build = run("build", "bench.yml", "-o", "output", folder=folder)
    first, files = digest(folder / "output")
    rebuild = run("build", "bench.yml", "-o", "output", folder=folder)
    if digest(folder / "output")[0] != first:
        sys.exit(f"{nodes} nodes: the second build differs from the first")
    return files, {"check": check, "build": build, "rebuild": rebuild}


def rows(nodes: int, repeat: int) -> Iterable[str]:
    """The rows of the table for one size."""
    measured = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="capsule-bench-") as folder:
            measured.append(measure(nodes, Path(folder)))
    files = measured[0][0]
    for name in measured[0][1]:
        timings = [figures[name] for _, figures in measured]
        wall = statistics.median(timing.wall for timing in timings)
        processor = statistics.median(timing.processor for timing in timings)
        memory = statistics.median(timing.memory for timing in timings)
        yield f"| {nodes:,} | {name} | {files:,} | {wall:.1f} | {processor:.1f} | {memory:.0f} |"


def main() -> None:
    """Measure the sizes of the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Times check, build and rebuild of generated fleets.")
    parser.add_argument("--nodes", default=",".join(map(str, SIZES)), help="sizes of the fleets, with commas")
    parser.add_argument("--repeat", type=int, default=1, help="how often each is measured; the medians are printed")
    arguments = parser.parse_args()
    print("| nodes | command | files | seconds | processor seconds | peak MiB |")
    print("|---:|---|---:|---:|---:|---:|")
    for nodes in map(int, arguments.nodes.split(",")):
        for row in rows(nodes, arguments.repeat):
            print(row, flush=True)


if __name__ == "__main__":
    main()
