"""The page about directed plans: the build host's part is done, the rest is compared with the example's capsules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.inventory import load
from generator.lowering import lower

from .pages import Carry, Console, Step, blocks, follow
from .place import ROOT, Place

PAGE = ROOT / "docs/moments.md"
EXAMPLE = ROOT / "inventory/sbdi.yml"
HOST = "build-host"


def elsewhere() -> Iterator[tuple[str, Step]]:
    """What the page does on nodes."""
    for block in blocks(PAGE):
        if isinstance(block, Console) and block.host != HOST:
            yield from ((block.host, step) for step in block.steps)


@pytest.fixture(scope="module")
def capsules() -> dict[str, set[str]]:
    """The names of every node's capsules."""
    fleet = load(EXAMPLE).fleet
    assert fleet is not None
    return {
        node.name: {artifact.path for artifact in node.artifacts if "/bin/" in artifact.path}
        for node in lower(fleet).nodes
    }


@pytest.fixture(scope="module")
def templates() -> str:
    return "".join(path.read_text("utf-8") for path in sorted((ROOT / "templates").rglob("*.j2")))


def test_what_is_done_on_the_build_host_works_as_written(tmp_path: Path) -> None:
    here = Place(tmp_path)
    here.install_gen()

    def bring(carried: Carry) -> None:
        target = here.path(carried.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(EXAMPLE.read_bytes())

    assert follow(PAGE, {HOST: here}, bring, only=HOST) >= 5


def test_capsules_and_their_logs_are_on_the_nodes_that_are_named(capsules: dict[str, set[str]]) -> None:
    started = 0
    for host, step in elsewhere():
        for name in re.findall(r"/opt/capsule/uat-sbdi/bin/\S+", step.text):
            started += 1
            assert name in capsules[host], f"{step.place}: {host} has no {name}"
        for log in re.findall(r"/var/log/capsule/uat-sbdi/(\S+)\.log", step.text):
            assert f"/opt/capsule/uat-sbdi/bin/{log}" in capsules[host], f"{step.place}: {host} has no log of {log}"
    assert started >= 15


def test_what_is_shown_to_be_logged_can_be_logged(templates: str) -> None:
    found = 0
    for _, step in elsewhere():
        for line in step.said:
            if shown := re.search(r"(info|notice|warning|error) ([A-Z-]+) ([^…]+?) …", line):
                found += 1
                severity, event, message = shown.groups()
                assert re.search(rf"\b{severity} {event} '{re.escape(message)}'", templates), f"{step.place}: {line}"
    assert found >= 5


def test_every_event_of_the_table_can_be_logged(templates: str) -> None:
    table = PAGE.read_text("utf-8").partition("## What a log says")[2]
    events = [
        event for row in re.findall(r"^\| (`[A-Z].+?) \| ", table, re.M) for event in re.findall(r"`([A-Z-]+)`", row)
    ]
    assert len(events) >= 25
    for event in events:
        assert re.search(rf"(?<![A-Z-]){event}(?![A-Z-])", templates), event
