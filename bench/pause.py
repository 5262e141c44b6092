"""Times the pause of a directed run with real Docker and btrfs: ``python bench/pause.py --sources 1,3,9``.

Every source is a host of the lab with a Docker daemon of its own, a container that writes, and a btrfs volume below
what it writes; director and store are hosts as well, and all share this machine's processors. Printed as a Markdown
table, medians of ``--runs`` runs in seconds: the director's window (first order to pause until the last word of those
who go on), what the daemons say (the first container of any node that is paused until the last one goes on; all hosts
have one clock), the longest pause by a node's own clock, and the longest snapshot command of any node. Needs root,
and what the lab needs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from lab.sbdi.deployment import Deployment, make_hosts  # noqa: E402

from generator.lab import Host, Lab, containers, filesystems, services  # noqa: E402

DISK, DATA = "/srv/disk", "/srv/disk/local"
TIMES = "/run/snapshot-times"
# what it takes is written down by whoever is called in its place
_TIMED = f"""#!/bin/bash
[[ "$*" == 'subvolume snapshot'* ]] || exec /usr/bin/btrfs.real "$@"
began=$EPOCHREALTIME
/usr/bin/btrfs.real "$@" || exit
printf '%s %s\n' "$began" "$EPOCHREALTIME" >>{TIMES}
"""


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default="1,3,9")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--directory", type=Path, default=Path("/dev/shm"))
    arguments = parser.parse_args()
    print("| sources | window | frozen | longest pause of a node | longest snapshot command |\n|---|---|---|---|---|")
    for count in map(int, arguments.sources.split(",")):
        with tempfile.TemporaryDirectory(prefix="pause-", dir=arguments.directory) as made, Lab(Path(made)) as lab:
            measured = measure(lab, Path(made), count, arguments.runs)
        print(
            f"| {count} | "
            + " | ".join(f"{statistics.median(one):.2f}" for one in zip(*measured, strict=True))
            + " |"
        )


def measure(lab: Lab, directory: Path, count: int, runs: int) -> list[tuple[float, float, float, float]]:
    """Window, frozen time, longest pause and longest snapshot command of each run."""
    inventory = fleet(count)
    sources = [name for name in inventory["nodes"] if name.startswith("source-")]
    deployment = Deployment(directory, inventory, make_hosts(lab, inventory, engines=sources))
    deployment.identify()
    deployment.build()
    deployment.together(lambda name: start(deployment[name], is_source=name in sources), deployment.hosts)
    deployment.install()
    time.sleep(3)  # a daemon that started within the second of a pause cannot say what happened in it
    found = []
    for _ in range(runs):
        began = time.time()
        done = deployment.capsule("director", "perform_backup")
        assert (done.status, done.err) == (0, ""), deployment.logs()
        said = deployment["director"].run(["cat", "/var/lib/capsule/bench-sbdi/runs/perform_backup.pause"]).out
        facts = dict(line.split("=", 1) for line in said.splitlines())
        assert facts["whole"] == "yes", said
        commands = [time for name in sources for time in snapshot_times(deployment[name])]
        frozen = frozen_seconds([deployment[name] for name in sources], began)
        found.append((float(facts["window"]), frozen, float(facts["longest_pause"]), max(commands)))
    return found


def fleet(count: int) -> dict[str, Any]:
    """``count`` Docker hosts, a director, and a store in files."""
    local = {
        "producer": "paths",
        "paths": [DATA],
        "mountpoint": DISK,
        "snapshot": {"engine": "btrfs"},
    }
    profile = {"quiesce": {"containers": {"engine": "docker"}}, "datasets": {"local": local}}
    nodes: dict[str, Any] = {
        "director": {"reach": {"address": "10.31.0.1"}},
        "store": {"reach": {"address": "10.31.0.2"}},
    }
    nodes |= {
        f"source-{number}": {"reach": {"address": f"10.31.0.{number + 10}"}, "profiles": ["docker-host"]}
        for number in range(count)
    }
    return {
        "capsule": 1,
        "fleet": "sbdi",
        "deployment_prefix": "bench",
        "fleet_secret": {"secret": "file fleet.secret"},
        "escrow": {"recorded": "2026-11-01", "where": "nowhere because this is a benchmark"},
        "operator": {"name": "backupoperator", "number": 1901},
        "alerts": {"mail": "bench@example.org"},
        "defaults": {"site": "here", "timezone": "UTC", "os_family": "debian"},
        "profiles": {"docker-host": profile},
        "nodes": nodes,
        "plans": {
            "whole": {
                "directs": [name for name in nodes if name.startswith("source-")],
                "director": "director",
                "stores": [{"node": "store", "engine": "tree", "path": "/backup"}],
                "schedule": "30 1 * * *",
                "expected_duration": "30m",
                "pause": {"deadline": "60s", "cool_down": "1s"},
                "largest_file": "64M",
                "reserve": "10M",
                "retention": {"last": 2},
            }
        },
    }


def start(host: Host, *, is_source: bool) -> None:
    """What runs on a host after a boot; on a source also a container that writes."""
    if is_source:
        filesystems.mount_btrfs(host, DISK)
        host.run(["btrfs", "subvolume", "create", DATA])
        host.run(["mv", "/usr/bin/btrfs", "/usr/bin/btrfs.real"])
        host.run(["install", "-m", "0755", "/dev/stdin", "/usr/bin/btrfs"], stdin=_TIMED)
        containers.start_docker(host)
        containers.run_counter(host, "counter", DATA)
    services.start_sshd(host)


def frozen_seconds(hosts: list[Host], since: float) -> float:
    """From the first container that was paused to the last that went on, by what the daemons remember."""
    show = ["--filter", "event=pause", "--filter", "event=unpause", "--format", "{{.TimeNano}}"]
    command = ["docker", "events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", *show]
    times = [int(one) for host in hosts for one in host.run(command).out.split()]
    assert len(times) == 2 * len(hosts), times
    return (max(times) - min(times)) / 1e9


def snapshot_times(host: Host) -> list[float]:
    """What the snapshot commands of the last run took; the next run begins anew."""
    said = host.run(["/bin/sh", "-c", f"cat {TIMES} && rm {TIMES}"]).out
    return [float(ended) - float(began) for began, ended in map(str.split, said.splitlines())]


if __name__ == "__main__":
    main()
