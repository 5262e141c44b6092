"""Writes an inventory of any size: ``python bench/generate_fleet.py 1000 fleet.yml``.

Sources of three kinds at several sites and in several time zones, one collecting node for each 100 of them, and one
second site for each 1,000. The same number always gives the same bytes. The
fleet's name is one with which no two of 10,000 data accounts are given the same number.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

SOURCES_A_COLLECTOR = 100
SOURCES_A_SECOND_SITE = 1000
SITES = (("boston", "America/New_York"), ("chicago", "America/Chicago"), ("reykjavik", "UTC"))
KINDS = ("controller", "compute", "generic")

HEAD = """\
capsule: 1
fleet: bench-1
escrow: {recorded: 2026-11-01, where: nowhere}
alerts: {mail: root@bench.example}
defaults: {os_family: debian}

profiles:
  compute:
    datasets:
      nova: {producer: paths, paths: [/var/lib/nova], exclude: [instances/], missing: expected}
      openstack-etc: {producer: paths, paths: [/etc/nova, /etc/neutron], missing: optional}
  controller:
    datasets:
      mysql: {producer: mysql, socket: /run/mysqld/mysqld.sock}
      nova: {producer: paths, paths: [/var/lib/nova], exclude: [instances/], missing: expected}
      openstack-etc: {producer: paths, paths: [/etc/nova, /etc/keystone], missing: optional}
  generic:
    datasets:
      site: {producer: paths, paths: [/var/www], exclude: ["*.tmp"], missing: expected}
"""


def host_key(name: str) -> str:
    """A public key of the right form that belongs to nobody."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + hashlib.sha256(name.encode()).digest()
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def node(name: str, net: int, number: int, site: str, zone: str, *profiles: str) -> Iterator[str]:
    """The lines of one node; ``net`` keeps the addresses of different roles apart."""
    yield f"  {name}:"
    yield f"    reach: {{address: 10.{net + number // 65536}.{number // 256 % 256}.{number % 256}}}"
    yield f'    host_keys: ["{host_key(name)}"]'
    yield f"    site: {site}"
    yield f"    timezone: {zone}"
    if profiles:
        yield f"    profiles: [{', '.join(profiles)}]"


def nodes(total: int) -> tuple[list[str], int, int, int]:
    """Lines of all nodes, and how many sources, collecting nodes and second sites there are among ``total``."""
    collectors = -(-total // (SOURCES_A_COLLECTOR + 1))
    seconds = -(-total // (SOURCES_A_SECOND_SITE + 11))
    sources = total - collectors - seconds
    lines = []
    for number in range(sources):
        site, zone = SITES[number // SOURCES_A_COLLECTOR % len(SITES)]
        lines += node(f"source-{number:05}", 16, number, site, zone, KINDS[number % len(KINDS)])
    for number in range(collectors):
        lines += node(f"collector-{number:03}", 32, number, SITES[number % len(SITES)][0], "UTC")
    for number in range(seconds):
        lines += node(f"second-{number:02}", 48, number, "vault", "UTC")
    return lines, sources, collectors, seconds


def groups(sources: int, collectors: int) -> Iterator[str]:
    """One group of sources for each collecting node."""
    for number in range(collectors):
        first = sources * number // collectors
        last = sources * (number + 1) // collectors
        names = ", ".join(f"source-{source:05}" for source in range(first, last))
        yield f"  rack-{number:03}: {{nodes: [{names}]}}"


def plans(collectors: int, seconds: int) -> Iterator[str]:
    """One protecting plan a rack, since a collecting plan pulls all that another plan made."""
    for number in range(collectors):
        yield f"""\
  nightly-{number:03}:
    protects: [rack-{number:03}]
    store: {{engine: tree, path: /backups}}
    schedule: "15 0 * * *"
    expected_duration: 90m
    retention: {{days: 2}}
    promise: {{copies: 3, sites: 2}}
  collection-{number:03}:
    collects: nightly-{number:03}
    node: collector-{number:03}
    store: {{engine: tree, path: /srv/collection}}
    schedule: "30 9 * * *"
    expected_duration: 3h
    parallel: 4
    maximum_age: 26h
    retention: {{days: 8}}
  offsite-{number:03}:
    collects: collection-{number:03}
    node: second-{number * seconds // collectors:02}
    store: {{engine: tree, path: /srv/offsite-{number:03}}}
    schedule: "0 14 * * *"
    expected_duration: 4h
    parallel: 2
    maximum_age: 26h
    retention: {{days: 30}}"""


def inventory(total: int) -> str:
    """The text of an inventory of ``total`` nodes, three at least."""
    lines, sources, collectors, seconds = nodes(max(total, 3))
    body = ["groups:", *groups(sources, collectors), "", "nodes:", *lines, "", "plans:", *plans(collectors, seconds)]
    return f"{HEAD}\n" + "\n".join(body) + "\n"


def main() -> None:
    """Write the inventory that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", type=int)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    arguments.file.write_text(inventory(arguments.nodes), encoding="utf-8")


if __name__ == "__main__":
    main()
