"""Shared by the lab's tests: they need root on Linux, and say so where they cannot run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import HostState, Lab, LabUnavailable, base_root
from generator.lab.machine import machine_image
from generator.lab.requirements import require_lab

from . import trees
from .fleet import LabFleet

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
# Minutes each: whoever begins one of them last is waited for by all others. Others stand between those that start an
# emulated machine, so that no more than two of these run at once.
LONGEST = (
    "sbdi/test_machine_cycle.py",
    "sbdi/test_faults.py",
    "test_attacks.py",
    "snapshots/test_machine.py",
    "sbdi/test_attacks.py",
    "faults/test_kill_collect.py",
    "test_pauses.py",
    "test_puppet.py",
    "test_machine.py",
    "test_days.py",
    "faults/test_kill_restore.py",
    "faults/test_kill_send.py",
    "faults/test_kill_backup.py",
    "test_systemd.py",
    "sbdi/test_cycle.py",
    "test_zfs_replica.py",
    "sbdi/test_restore.py",
    "faults/test_sources.py",
    "test_changes.py",
    "test_zfs_store.py",
    "../deliveries/test_puppet_apply.py",
    "test_ansible.py",
)
TURNS = {(HERE / name).resolve(strict=True): turn for turn, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this directory: ``-m 'not lab'`` leaves them out. What takes longest comes first."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)
    items.sort(key=lambda item: TURNS.get(item.path, len(TURNS)))


@pytest.fixture(scope="session")
def lab_directory() -> Path:
    """Where labs may live: in memory if that can hold backups, else on a disk (an overlay cannot hold another)."""
    try:
        require_lab()
        base_root()
    except LabUnavailable as unavailable:
        pytest.skip(str(unavailable))
    return MEMORY / "capsule-lab" if holds_backups(MEMORY) else Path("/var/tmp/capsule-lab")


@pytest.fixture(scope="session")
def machine_directory(lab_directory: Path) -> Path:
    """Where labs with an emulated machine may live; the machine is built first, which once takes minutes."""
    try:
        machine_image()
    except LabUnavailable as unavailable:
        pytest.skip(str(unavailable))
    return lab_directory


def holds_backups(directory: Path) -> bool:
    """Whether there is room for the fleet and the filesystem has the user attributes that fake super needs."""
    if not directory.is_dir() or shutil.disk_usage(directory).free < ROOM:
        return False
    available = re.search(r"MemAvailable: +([0-9]+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    if available is None or int(available[1]) * 1024 < ROOM:
        return False
    with tempfile.NamedTemporaryFile(dir=directory) as probe:
        try:
            os.setxattr(probe.name, "user.probe", b"1")
        except OSError:
            return False
    return True


@pytest.fixture(scope="session")
def session_fleet(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """The fleet of fleet.yml, built and installed, with data on its sources and no backup yet."""
    with Lab(lab_directory) as lab:
        fleet = LabFleet(lab, tmp_path_factory.mktemp("fleet"))
        fleet.build()
        for name, host in fleet.hosts.items():
            fleet.prepare(name)
            trees.fill(host)
            fleet.install(name)
        yield fleet


@pytest.fixture(scope="session")
def installed_states(session_fleet: LabFleet) -> dict[str, HostState]:
    """The disks of all hosts right after the installation."""
    return session_fleet.save()


@pytest.fixture(scope="module")
def fleet(session_fleet: LabFleet, installed_states: dict[str, HostState]) -> LabFleet:
    """The installed fleet, put back for each module to where no backup was made yet, on day 1."""
    session_fleet.load(installed_states)
    session_fleet.set_day(1)
    return session_fleet
