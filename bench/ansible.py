"""Times ansible-playbook on many hosts of the lab, over real ssh and sudo: ``python bench/ansible.py --nodes 9,100``.

Printed as a Markdown table: seconds on the clock and processor seconds of the controller, of the first run, of
a second one that has nothing to do, and of a check of that. Each host has its own sshd. Needs root, and what the
tests of the lab need.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import yaml  # noqa: E402
from lab.controller import Controller  # noqa: E402
from lab.fleet import host_key  # noqa: E402

from generator.lab import Lab, services  # noqa: E402

RUNS = {"first run": "site.yml", "second run": "site.yml", "check": "site.yml --check"}


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", default="9,100")
    parser.add_argument("--directory", type=Path, default=Path("/dev/shm"))
    arguments = parser.parse_args()
    print("| hosts | run | seconds | processor seconds of the controller |\n|---:|---|---:|---:|")
    for count in map(int, arguments.nodes.split(",")):
        with tempfile.TemporaryDirectory() as home, Lab(arguments.directory / "capsule-bench") as lab:
            controller = prepared(lab, Path(home), count)
            for name, what in RUNS.items():
                wall, processor = timed(controller, what)
                print(f"| {count} | {name} | {wall:.1f} | {processor:.1f} |", flush=True)


def prepared(lab: Lab, home: Path, count: int) -> Controller:
    """Hosts that a controller can reach, and a build for them."""
    names = [f"web-{number}" for number in range(1, count)]
    addresses = {
        name: f"10.31.{number // 250}.{number % 250 + 2}" for number, name in enumerate([*names, "collector"])
    }
    nodes = {}
    for name, address in addresses.items():
        # the roots of engines have Python
        host = lab.host(name, address=address, engines=True)
        private, public = host_key(home / f"{name}.key")
        host.install_ssh_host_key(private)
        services.start_sshd(host)
        nodes[name] = {"reach": {"address": address}, "host_keys": [public]}
    controller = Controller(home, lab.hosts[-1])
    controller.prepare()
    for host in lab.hosts:
        controller.welcome(host)
    (home / "inventory.yml").write_text(yaml.safe_dump(inventory(names, nodes), sort_keys=False), "utf-8")
    status, said = controller.shell("gen keys init && gen build")
    assert status == 0, said
    return controller


def inventory(names: list[str], nodes: dict[str, object]) -> dict[str, object]:
    """A fleet that backs itself up each night, and is collected."""
    nightly = {
        "protects": list(names),  # a list of its own: YAML would make an alias of one that stands in two places
        "store": {"engine": "tree", "path": "/backups"},
        "schedule": "15 1 * * *",
        "expected_duration": "90m",
        "retention": {"days": 2},
    }
    collection = {
        "collects": "nightly",
        "node": "collector",
        "store": {"engine": "tree", "path": "/srv/collection"},
        "schedule": "30 4 * * *",
        "expected_duration": "3h",
        "maximum_age": "26h",
        "retention": {"days": 8},
    }
    return {
        "capsule": 1,
        "fleet": "bench",
        "fleet_secret": {"secret": "file bench.secret"},
        "escrow": {"recorded": "2026-11-01", "where": "nowhere because this is a benchmark"},
        "alerts": {"mail": "root"},
        "defaults": {"site": "here", "timezone": "UTC", "os_family": "debian"},
        "profiles": {"base": {"datasets": {"etc": {"producer": "paths", "paths": ["/etc"]}}}},
        "groups": {"sources": {"nodes": names, "profiles": ["base"]}},
        "nodes": nodes,
        "plans": {"nightly": nightly, "collection": collection},
    }


def timed(controller: Controller, what: str) -> tuple[float, float]:
    """Seconds on the clock, and of the processor on this side; every host must have done its part."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    status, said = controller.shell(f"cd output/bench/ansible && ansible-playbook -i inventory.yml {what}")
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert status == 0, said
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
