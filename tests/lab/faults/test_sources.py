"""Sources that cannot be reached, that are not who they were, that lost their data, or whose clock is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from generator.lab import services

from ..fleet import host_key, identifier
from .faultfleet import SOURCES, TODAY, FaultFleet
from .judge import Photograph, faults, photograph
from .runs import Ended, Run

NOW = identifier(TODAY)


@pytest.fixture
def depot(faulty: FaultFleet) -> Photograph:
    """The collecting node before today's collection; both sources have today's backup."""
    for name in (*SOURCES, "depot"):
        faulty.put_back(name)
    for name in SOURCES:
        assert faulty.backup(name).status == 0
    return photograph(faulty.stores("depot"))


def assert_only_alpha_missing(faulty: FaultFleet, depot: Photograph, ended: Ended) -> None:
    """Partial, said by name, beta collected, alpha's history untouched; once it is back everything is collected."""
    assert ended.status == 10, ended.err
    assert ended.unsaid() == []
    assert 'sources="alpha (' in ended.err
    assert 'source="beta"' not in ended.err
    assert faults(depot, NOW) == []
    held = {store.source: NOW in store.names() for store in faulty.stores("depot")}
    assert held == {"alpha": False, "beta": True}


def assert_recovered(faulty: FaultFleet, depot: Photograph) -> None:
    """The next run collects everything."""
    done = faulty.collect("depot")
    assert done.status == 0, done.err
    assert faults(depot, NOW) == []
    assert all(NOW in store.names() for store in faulty.stores("depot"))


def test_a_source_whose_cable_is_pulled(faulty: FaultFleet, depot: Photograph) -> None:
    faulty["alpha"].link_down()
    try:
        ended = Run(faulty, "depot", "collect_first").end()
    finally:
        faulty["alpha"].link_up()
    assert_only_alpha_missing(faulty, depot, ended)
    assert_recovered(faulty, depot)


def test_a_source_without_sshd(faulty: FaultFleet, depot: Photograph) -> None:
    services.stop_sshd(faulty["alpha"])
    try:
        ended = Run(faulty, "depot", "collect_first").end()
    finally:
        services.start_sshd(faulty["alpha"])
    assert_only_alpha_missing(faulty, depot, ended)
    assert_recovered(faulty, depot)


def test_a_source_that_falls_silent_in_the_middle(faulty: FaultFleet, depot: Photograph) -> None:
    run = Run(faulty, "depot", "collect_first")
    alpha = next(store for store in faulty.stores("depot") if store.source == "alpha")
    while not alpha.residue():
        assert run.alive()
    faulty["alpha"].link_down()
    begun = time.monotonic()
    try:
        ended = run.end()
    finally:
        faulty["alpha"].link_up()
    assert time.monotonic() - begun < 60, "its time limit is 30 s"
    assert_only_alpha_missing(faulty, depot, ended)
    assert_recovered(faulty, depot)


def test_a_source_with_another_host_key_is_refused(faulty: FaultFleet, depot: Photograph) -> None:
    host = faulty["alpha"]
    old = faulty.host_keys["alpha"]
    new, public = host_key(faulty.directory / "alpha.new.key")
    services.stop_sshd(host)
    host.install_ssh_host_key(new)
    services.start_sshd(host)
    try:
        ended = Run(faulty, "depot", "collect_first").end()
        assert_only_alpha_missing(faulty, depot, ended)
        assert "ost key" in ended.err
        # both pinned: the change is announced in the inventory and either key is good
        faulty.inventory["nodes"]["alpha"]["host_keys"].append(public)
        faulty.build()
        faulty.install("depot")
        assert_recovered(faulty, depot)
    finally:
        services.stop_sshd(host)
        host.install_ssh_host_key(old)
        services.start_sshd(host)
    faulty.put_back("depot")
    assert_recovered(faulty, depot)


# -- clocks ------------------------------------------------------------


def test_a_source_whose_clock_is_a_day_ahead(faulty: FaultFleet, depot: Photograph) -> None:
    before = photograph(faulty.stores("alpha"))
    tomorrow = identifier(TODAY + 1)
    faulty.set_day(TODAY + 1, only="alpha")
    assert faulty.backup("alpha").status == 0
    assert faults(before, tomorrow) == []
    ended = Run(faulty, "depot", "collect_first").end()
    assert ended.status == 10
    assert ended.unsaid() == []
    assert "FUTURE-BACKUP" in ended.err
    assert tomorrow not in faulty.stores("depot")[0].names()
    faulty.set_day(TODAY, only="alpha")
    again = Run(faulty, "alpha", "backup_nightly").end()
    assert again.status == 0
    assert "FUTURE-BACKUP" in again.err
    for name in ("alpha", "beta", "depot"):
        faulty.set_day(TODAY + 1, only=name)
    assert faulty.backup("beta").status == 0
    assert faulty.collect("depot").status == 0
    assert faults(depot, tomorrow) == []


def test_a_collecting_node_whose_clock_is_a_day_ahead(faulty: FaultFleet, depot: Photograph) -> None:
    faulty.set_day(TODAY + 1, only="depot")
    assert faulty.collect("depot").status in (0, 10)
    # whatever it believes, what every source still offers is held
    for store in faulty.stores("depot"):
        assert {identifier(TODAY - 1), NOW} <= store.names()
    faulty.set_day(TODAY, only="depot")
    assert_recovered(faulty, depot)


# -- data ------------------------------------------------------------


@pytest.fixture
def keeper(faulty: FaultFleet) -> Iterator[Photograph]:
    """The node with a volume and a database, before today's backup."""
    faulty.put_back("keeper")
    host = faulty["keeper"]
    host.run(["/bin/sh", "-euc", KEEP])
    yield photograph(faulty.stores("keeper"))
    script = (
        f"mountpoint -q /srv/volume || {MOUNT}; cp -a /root/away/. /srv/volume/;"
        " rm -rf /etc/service; cp -a /root/service /etc/service; rm -rf /root/away /root/service"
    )
    host.run(["/bin/sh", "-euc", script])
    if not host.running("mariadbd"):
        services.start_mariadb(host)


MOUNT = "mount -t tmpfs -o size=8m volume /srv/volume"
KEEP = "mkdir -p /root/away; cp -a /srv/volume/. /root/away/; cp -a /etc/service /root/service"
LOSSES = {
    "unmounted": (
        "umount /srv/volume",
        "mount -t tmpfs -o size=8m volume /srv/volume; cp -a /root/away/. /srv/volume/",
    ),
    "canary gone": ("rm /srv/volume/canary", "touch /srv/volume/canary"),
    "missing": ("mv /etc/service /etc/elsewhere", "mv /etc/elsewhere /etc/service"),
    "empty": ("rm -rf /etc/service/*", "cp -a /root/service/. /etc/service/"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_data_that_is_gone_makes_a_backup_partial(faulty: FaultFleet, keeper: Photograph, loss: str) -> None:
    lose, regain = LOSSES[loss]
    faulty["keeper"].run(["/bin/sh", "-euc", lose])
    ended = Run(faulty, "keeper", "backup_kept").end()
    assert ended.status == 10, ended.err
    assert ended.unsaid() == []
    assert "DATASET-PARTIAL" in ended.err
    assert faults(keeper, NOW) == []
    assert f"{NOW}.partial" in faulty.stores("keeper")[0].names()
    faulty["keeper"].run(["/bin/sh", "-euc", regain])
    assert faulty.backup("keeper").status == 0
    assert faults(keeper, NOW) == []
    assert NOW in faulty.stores("keeper")[0].names()


def test_an_acknowledged_loss_is_complete(faulty: FaultFleet, keeper: Photograph) -> None:
    faulty["keeper"].run(["/bin/sh", "-euc", "rm -rf /etc/service/*"])
    assert faulty.backup("keeper").status == 10
    assert "conf" in faulty.capsule("keeper", "acknowledge_kept").out
    assert faulty.backup("keeper").status == 0
    assert faults(keeper, NOW) == []
    assert NOW in faulty.stores("keeper")[0].names()


def test_a_database_that_is_down(faulty: FaultFleet, keeper: Photograph) -> None:
    services.stop_mariadb(faulty["keeper"])
    ended = Run(faulty, "keeper", "backup_kept").end()
    assert ended.status == 10, ended.err
    assert ended.unsaid() == []
    assert 'DATASET-FAILED: this dataset was not saved dataset="mysql"' in ended.err
    assert faults(keeper, NOW) == []
    assert not faulty.stores("keeper")[0].backup(f"{NOW}.partial/mysql").exists()
    services.start_mariadb(faulty["keeper"])
    assert faulty.backup("keeper").status == 0
    assert faults(keeper, NOW) == []
