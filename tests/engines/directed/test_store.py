"""Stores: what they pull, what becomes a backup of it, and what never does."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from store_world import ALPHA, StoreWorld, odd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")


@pytest.fixture
def world() -> Iterator[StoreWorld]:
    """A store without capsules, removed afterwards."""
    made = StoreWorld()
    try:
        yield made
    finally:
        made.close()


def test_one_moment_is_stored_as_sbdi_lays_it_out(world: StoreWorld) -> None:
    world.install()
    for part in world.parts.values():
        odd(part.data)
    pulled = world.pull()
    assert (pulled.returncode, pulled.stderr) == (0, "")
    assert pulled.stdout.splitlines() == [
        "part alpha data complete", "part beta data complete", "part beta etc complete", "result complete",
    ]  # fmt: skip
    assert world.names() == []
    committed = world.commit()
    assert (committed.returncode, committed.stderr, committed.stdout) == (0, "", "result complete\n")
    assert world.names() == [world.moment()]
    stored = world.root / "store" / world.moment()
    assert sorted(entry.name for entry in stored.iterdir()) == [
        ".capsule", "alpha@+srv+data", "beta@+etc", "beta@+srv+data",
    ]  # fmt: skip
    owners = {path.lstat().st_uid for path in (stored / "alpha@+srv+data").rglob("*")}
    assert owners == {ALPHA}
    assert (stored / "alpha@+srv+data").stat().st_mode & 0o7777 == 0o700
    assert sorted(entry.name for entry in (world.root / "store").iterdir()) == [world.moment()]
    info = world.info(world.moment())
    assert (info["result"], info["part.beta@+etc.result"], info["part.beta@+etc.dataset"]) == (
        "complete",
        "complete",
        "etc",
    )
    assert world.run_state("pull_deployment.beta")["result"] == "complete"
    assert world.run_state("commit_deployment")["bytes"] == info["bytes"] != "0"
    assert world.run_state("health_deployment")["result"] == "complete"
