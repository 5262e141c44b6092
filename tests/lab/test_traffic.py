"""What a collection costs on the wire, whatever version rsync has on either end."""

from __future__ import annotations

import random

from .fleet import LabFleet

SIZE = 8_000_000
LARGE = "/var/lib/nova/large"


def received(fleet: LabFleet, node: str) -> int:
    """Bytes that a node has received since it was started."""
    return int(fleet[node].run(["/bin/sh", "-c", "cat /sys/class/net/[!l]*/statistics/rx_bytes"]).out)


def test_of_a_large_file_only_what_changed_is_fetched(fleet: LabFleet) -> None:
    large = fleet["compute-1"].path(LARGE)
    large.write_bytes(random.Random(1).randbytes(SIZE))
    fetched: dict[tuple[int, str], int] = {}
    for day in (1, 2):
        fleet.set_day(day)
        fleet.capsule("compute-1", "backup_nightly")
        for node, capsule in (("services-1", "collect_collection"), ("scc-1", "collect_offsite")):
            before = received(fleet, node)
            assert "compute-1" not in fleet.capsule(node, capsule, check=False).err
            fetched[day, node] = received(fleet, node) - before
        with large.open("r+b") as file:
            file.seek(SIZE // 2)
            file.write(b"changed")
    for node in ("services-1", "scc-1"):
        assert fetched[1, node] > SIZE
        assert fetched[2, node] < SIZE // 10
