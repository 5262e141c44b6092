"""The hooks for faults do what they say: they count, stop, find and kill."""

from __future__ import annotations

from .fleet import LabFleet, identifier
from .killing import count_steps, end_steps, family, kill, reached, start, steps


def test_a_capsule_is_killed_at_a_chosen_step(fleet: LabFleet) -> None:
    host = fleet["website"]
    # the first run of all also marks the store
    fleet.capsule("website", "backup_nightly")
    fleet.set_day(2)
    count_steps(host)
    fleet.capsule("website", "backup_nightly")
    called = steps(host)
    assert {"date", "flock", "rsync", "sync"} <= set(called)
    fleet.set_day(3)
    copying = called.index("rsync") + 1
    count_steps(host, stop_at=copying)
    running = start(fleet, "website", "backup_nightly")
    assert reached(host, running)
    assert steps(host)[-1] == "rsync"
    caught = family(host, "backup_nightly")
    assert len(caught) > 1
    # whoever dies with its parent may be gone before its turn
    assert kill(caught) >= 1
    running.communicate()
    assert running.returncode != 0
    end_steps(host)
    assert family(host, "backup_nightly") == ()
    names = {entry.name for entry in host.path("/backups").iterdir()}
    assert {identifier(2), f".incomplete.{identifier(3)}"} <= names
    assert identifier(3) not in names
    fleet.capsule("website", "backup_nightly")
    assert {entry.name for entry in host.path("/backups").iterdir()} == {".capsule", identifier(2), identifier(3)}
