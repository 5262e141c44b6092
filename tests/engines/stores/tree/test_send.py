"""Sealed senders: whatever a client asks for, one tree is offered, read-only."""

from __future__ import annotations

import os
import subprocess

import pytest

from generator.engines.stores.tree import ENGINE

from .network_world import TODAY, World, day

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="senders need root")


def ask(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    shell = f"{world.root}/bin/ssh -i {world.root}/programs/ssh/alpha.send_nightly"
    return subprocess.run(
        ["rsync", f"--rsh={shell}", *words], capture_output=True, text=True, check=False, timeout=60, cwd=world.root
    )


@pytest.fixture
def offering(world: World) -> World:
    """A world in which alpha offers one backup."""
    fleet = world.fleet()
    world.install(fleet, ENGINE.collect(fleet, fleet.collect_plans[0]))
    world.make_backup("alpha", TODAY.isoformat(), lambda directory: (directory / "file").write_text("content"))
    for hidden in (".incomplete.2026-11-21", ".deleting.2026-11-01", ".verified"):
        (world.local_tree("alpha") / hidden / "secret").mkdir(parents=True)
    return world


def test_offers_the_backups_and_hides_what_is_none(offering: World) -> None:
    listed = ask(offering, "--list-only", "a::data/")
    assert [line.split()[-1] for line in listed.stdout.splitlines()] == [".", day(0)]
    for hidden in (".incomplete.2026-11-21", ".deleting.2026-11-01", ".verified"):
        assert ask(offering, "-a", f"a::data/{hidden}/", "out/").returncode != 0
        assert not (offering.root / "out" / "secret").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("-a", "bin/", "a::data/"),
        ("-a", "--remove-source-files", f"a::data/{TODAY}/", "out/"),
        ("-a", "a::other/", "out/"),
        ("-a", "a::data/../../../etc/", "out/"),
        ("-aL", f"a::data/{TODAY}/", "out/"),
        ("-a", "--copy-unsafe-links", f"a::data/{TODAY}/", "out/"),
        ("-a", "-M--config=/etc/passwd", f"a::data/{TODAY}/", "out/"),
        ("-a", "-M--log-file=/tmp/x", f"a::data/{TODAY}/", "out/"),
        ("-a", "-M--fake-super", f"a::data/{TODAY}/", "out/"),
        ("-a", "--files-from=:/etc/passwd", "a::data/", "out/"),
        ("-a", "a:/etc/passwd", "out/"),
    ],
)
def test_refuses_everything_else(offering: World, words: tuple[str, ...]) -> None:
    before = sorted(offering.local_tree("alpha").rglob("*"))
    assert ask(offering, *words).returncode != 0
    assert not list(offering.root.glob("out/**/file"))
    assert sorted(offering.local_tree("alpha").rglob("*")) == before


def test_sending_does_not_wait_for_another_sender_but_for_pruning(offering: World) -> None:
    lock = offering.own_path("alpha") / "state" / "locks" / "tree_nightly"
    with subprocess.Popen(["flock", "--shared", "--no-fork", str(lock), "sleep", "60"]) as reader:
        assert ask(offering, "--list-only", "a::data/").returncode == 0
        reader.kill()
