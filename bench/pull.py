"""Times the sealed path against plain rsync: ``python bench/pull.py --trees small,large --pairs 5``.

Two lab hosts and everything real between them: sshd, stock sudo, forced commands, a compiled fleet, and
a source on btrfs. Three ways bring the same snapshot from one to the other, in turns of all orders:

* ``plain``: ``rsync -a`` over ssh, root to root, of the mounted snapshot;
* ``sealed``: the same options, through the sealed sender;
* ``pull``: the whole ``pull_<plan>``, which keeps owners, attributes and hard links, lists, digests and compares too.

Each first into an empty place, then again with nothing changed; each with warm caches (the whole snapshot has been
read once), and with those of the kernel dropped before. The sender lists a snapshot once, when its record is asked
for; that is in no way's time. Printed as a Markdown table: the median of each way, and the median of the ratios to
``plain`` within a turn. Needs root and a few gigabytes below ``TMPDIR``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from lab.fleet import host_key  # noqa: E402

from generator.lab import Host, Lab, filesystems, services  # noqa: E402

DISK, DATA, PLAIN, SEALED = "/srv/disk", "/srv/disk/data", "/srv/plain", "/srv/sealed"
DISK_MEGABYTES = 6144
BIN, KEYS = "/opt/capsule/bench/bin", "/opt/capsule/bench/ssh"
MOUNTED = "/run/capsule/bench/whole/parts/data/data"
LARGE_FILES, LARGE_BYTES = 4, 512 << 20
WAYS = ("plain", "sealed", "pull")


@dataclass
class Measured:
    """Seconds of each way, one for each turn."""

    seconds: dict[str, list[float]]

    def row(self, tree: str, run: str, caches: str) -> str:
        """One line of the table."""
        plain = self.seconds["plain"]
        medians = " | ".join(f"{statistics.median(measured):.2f}" for measured in self.seconds.values())
        ratios = " | ".join(
            f"{statistics.median(one / base for one, base in zip(measured, plain, strict=True)):.3f}"
            for way, measured in self.seconds.items()
            if way != "plain"
        )
        return f"| {tree} | {run} | {caches} | {medians} | {ratios} |"


class Bench:
    """A source with one dataset, and a node that is director and store."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.source = lab.host("source", address="10.31.0.1", engines=True)
        # a host of the lab has no systemd of its own; where none runs, nothing calls them
        links = "cd /usr/bin; for one in systemctl systemd-run; do ln -sf false $one; done"
        self.source.run(["/bin/sh", "-c", links])
        filesystems.mount_btrfs(self.source, DISK, DISK_MEGABYTES)
        self.source.run(["btrfs", "subvolume", "create", DATA])
        self.store = lab.host("store", address="10.31.0.2")
        self._directory = directory
        self._kept: list[str] = []
        inventory = self._inventory()
        (directory / "bench.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        self._gen("keys", "init", "bench.yml")
        self._gen("build", "bench.yml", "-o", "output")
        for host in (self.source, self.store):
            services.start_sshd(host)
            host.run(["mkdir", "-p", "/root/build"])
            self._copy(host)
            host.run(["/root/build/install.sh"])
        self._let_root_in()

    def _inventory(self) -> dict[str, object]:
        nodes: dict[str, object] = {}
        for host in (self.source, self.store):
            private, public = host_key(self._directory / f"{host.name}.key")
            host.install_ssh_host_key(private)
            nodes[host.name] = {"reach": {"address": host.address}, "host_keys": [public]}
        datasets = {
            "data": {"producer": "paths", "paths": [DATA], "mountpoint": DISK, "snapshot": {"engine": "btrfs"}},
        }
        nodes["source"] = {**dict(nodes["source"]), "datasets": datasets}  # type: ignore[call-overload]
        whole = {
            "directs": ["source"],
            "director": "store",
            "stores": [{"node": "store", "engine": "tree", "path": "/srv/store"}],
            "schedule": "30 0 * * *",
            "expected_duration": "8h",
            "retention": {"days": 2},
            "largest_file": "10G",
        }
        return {"capsule": 1, "fleet": "bench", "nodes": nodes, "plans": {"whole": whole}}

    def _gen(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "generator", *arguments],
            cwd=self._directory,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)

    def _copy(self, host: Host) -> None:
        built = self._directory / "output/bench/nodes" / host.name
        shutil.copytree(built, host.path("/root/build"), dirs_exist_ok=True)

    def _let_root_in(self) -> None:
        self.store.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key"])
        public = self.store.path("/root/key.pub").read_text(encoding="utf-8")
        self.source.run(["install", "-D", "-m", "0600", "/dev/stdin", "/root/.ssh/authorized_keys"], stdin=public)
        key = next(path.name for path in self.store.path(KEYS).iterdir() if path.name.endswith("send_whole_data"))
        # ssh refuses a key of its own user that a group may read, as the account's own is
        self.store.run(["install", "-m", "0400", f"{KEYS}/{key}", "/root/sealed.key"])

    # -- the ways ---------------------------------------------------------------------------------------------------

    def plain(self) -> None:
        """What an administrator would write."""
        ssh = f"ssh -F /dev/null -i /root/key -o StrictHostKeyChecking=yes -o HostKeyAlias=source {self._pinned()}"
        self.store.run(["rsync", "-a", "-e", ssh, f"root@{self.source.address}:{MOUNTED}/", PLAIN], seconds=3600)

    def sealed(self) -> None:
        """The same, through the forced command, sudo and the sealed sender."""
        self._fetch("data", SEALED)

    def _fetch(self, module: str, target: str) -> None:
        ssh = f"ssh -F /dev/null -i /root/sealed.key -l backupoperator -o HostKeyAlias=source {self._pinned()}"
        self.store.run(["rsync", "-a", "-e", ssh, f"{self.source.address}::{module}/", target], seconds=3600)

    def pull(self) -> None:
        """What the director orders, in a moment that `prepare` has frozen."""
        moment = self._kept[-1]
        done = self.store.run([f"{BIN}/pull_whole"], stdin=f"{moment}\n", check=False, seconds=3600)
        if done.status:
            sys.exit(f"pull_whole ended with {done.status}:\n{done.err}")

    def freeze(self) -> None:
        """A new moment, whose record has been asked for: for that it is mounted and listed."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.source.run([f"{BIN}/prepare_whole"], stdin=f"{moment}\n")
        self._kept.append(moment)
        self._fetch("record", "/srv/record")
        self.source.run(["/bin/sh", "-c", f"tar -cf - -C {MOUNTED} . | cat >/dev/null"], seconds=3600)

    def keep(self) -> None:
        """Publish what was pulled last."""
        self.store.run([f"{BIN}/commit_whole"], stdin=f"{self._kept[-1]} complete\n", check=False, seconds=600)
        time.sleep(1.1)  # a moment is a second

    def forget(self) -> None:
        """Every place is empty again."""
        for path in (PLAIN, SEALED, "/srv/record"):
            self.store.run(["rm", "-rf", path])
        self.store.run(["bash", "-c", "rm -rf /srv/store/* /srv/store/.[!.]*"], seconds=600)

    def _pinned(self) -> str:
        return f"-o UserKnownHostsFile={KEYS}/known_hosts"

    # -- the trees --------------------------------------------------------------------------------------------------

    def small(self, count: int) -> None:
        """Files of 1 to 8 KB, a hundred in a directory."""
        program = (
            "i=0; while [ $i -lt {directories} ]; do mkdir -p {data}/$((i / 100))/$i; "
            "head -c 450000 /dev/urandom | split -b 4500 -a 3 - {data}/$((i / 100))/$i/file-; i=$((i + 1)); done"
        )
        self._fill(program.format(directories=count // 100, data=DATA))

    def large(self, _: int) -> None:
        """A few files that no cache of a small machine holds."""
        program = f"for i in $(seq {LARGE_FILES}); do head -c {LARGE_BYTES} /dev/urandom >{DATA}/$i; done"
        self._fill(program)

    def _fill(self, program: str) -> None:
        self.source.run(["bash", "-euc", f"rm -rf {DATA}/*; {program}"], seconds=3600)


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", default="small,large")
    parser.add_argument("--files", type=int, default=100_000, help="of the small tree")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--caches", default="warm,cold")
    parser.add_argument("--ways", default=",".join(WAYS), help="`plain` first")
    arguments = parser.parse_args()
    ways = tuple(arguments.ways.split(","))
    columns = ["tree", "run", "caches", *(f"{way}, s" for way in ways), *(f"{way} / plain" for way in ways[1:])]
    print(f"| {' | '.join(columns)} |\n|---|---|---|{'---:|' * (len(columns) - 3)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="capsule-bench-") as made, Lab(Path(made) / "lab") as lab:
        bench = Bench(lab, Path(made))
        for tree in arguments.trees.split(","):
            getattr(bench, tree)(arguments.files)
            for caches in arguments.caches.split(","):
                for run, measured in compare(bench, arguments.pairs, ways, cold=caches == "cold").items():
                    print(measured.row(tree, run, caches), flush=True)


def compare(bench: Bench, turns: int, ways: tuple[str, ...], *, cold: bool) -> dict[str, Measured]:
    """In every turn each way comes first once, and last: whoever comes second finds another disk than the first."""
    found = {run: Measured({way: [] for way in ways}) for run in ("first", "unchanged")}
    orders = [ways[first:] + ways[:first] for first in range(len(ways))]
    for _ in range(turns):
        means = {(run, way): 0.0 for run in found for way in ways}
        for order in orders:
            bench.forget()
            for run in found:
                bench.freeze()
                for way in order:
                    means[run, way] += timed(getattr(bench, way), cold=cold) / len(orders)
                bench.keep()
        for (run, way), seconds in means.items():
            found[run].seconds[way].append(seconds)
    return found


def timed(way: Callable[[], None], *, cold: bool) -> float:
    """Seconds on the clock; what an earlier way wrote is on the disk before."""
    os.sync()
    if cold:
        Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="utf-8")
    started = time.monotonic()
    way()
    return time.monotonic() - started


if __name__ == "__main__":
    main()
